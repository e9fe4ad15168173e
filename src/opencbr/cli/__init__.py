"""The command line: one module a group of commands, and what they share: errors, exit codes, output, settings."""
