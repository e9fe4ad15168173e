"""Cinder v3: the calls of a backup service and what its scenes need."""
