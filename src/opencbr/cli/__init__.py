"""The command line: one module a group of verbs, the frame that all of them stand in."""
