"""Nova v2.1: the calls of a backup service and what its scenes need."""
