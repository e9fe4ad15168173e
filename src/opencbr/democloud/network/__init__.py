"""Neutron v2.0: the calls of a backup service and what its scenes need."""
