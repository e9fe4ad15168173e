"""The cloud's own words for the state of its servers and disks: another vocabulary than this service's."""

SERVER_STATES = frozenset({"ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF"})
"""A server at rest or at work; in between its disks come and go (code 7101)."""

DISK_STATES = frozenset({"available", "in-use"})
"""A disk that Cinder can take a snapshot of (code 7003)."""
