"""What a backup service talks about, without input or output: standard library and dateutil only."""
