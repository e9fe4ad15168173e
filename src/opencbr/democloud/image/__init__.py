"""Glance v2: the calls of a backup service and what its scenes need."""
