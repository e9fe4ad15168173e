"""Measurements: ratios side by side in one run. `make bench` prints the table; nothing here passes or fails."""
