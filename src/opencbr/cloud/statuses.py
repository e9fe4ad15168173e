"""The cloud's own words for the state of its servers and disks: another vocabulary than this service's."""

SERVER_STATES = frozenset({"ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF"})
"""A server at rest or at work; in between its disks come and go (code 7101)."""

DISK_STATES = frozenset({"available", "in-use"})
"""A disk that Cinder can take a snapshot of (code 7003)."""

CINDER_AVAILABLE = "available"
CINDER_DELETING = "deleting"
CINDER_ERROR = "error"
"""How the statuses of a snapshot or backup begin that ended badly ("error", "error_deleting" ...)."""

CINDER_MOVING = frozenset({"creating", "backing-up", "restoring"})
"""Statuses of a snapshot or backup in which Cinder refuses its deletion until it is done."""
