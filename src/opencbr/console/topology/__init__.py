"""Drawn topologies: boxes in columns, laid out, written as SVG and told as a list. Knows nothing of backups."""
