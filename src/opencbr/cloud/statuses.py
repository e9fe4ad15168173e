"""The cloud's own words for the state of its servers and disks: another vocabulary than this service's."""

SERVER_STATES = frozenset({"ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF", "SHELVED", "SHELVED_OFFLOADED"})
"""A server at rest or at work; in between its disks come and go (code 7101). Of a shelved one the disks decide."""

DISK_STATES = frozenset({"available", "in-use"})
"""A disk that Cinder can take a snapshot of (code 7003)."""


def disk_advice(status: str) -> str:
    """Say what to do about a disk that Cinder takes no snapshot of now."""
    if status == "reserved":
        return "its server is shelved, or the disk is being attached: unshelve the server, and shelve it again afterwards."
    return "wait until it is available or in-use."


NOVA_ACTIVE = "ACTIVE"
NOVA_SHUTOFF = "SHUTOFF"

CINDER_AVAILABLE = "available"
CINDER_IN_USE = "in-use"
CINDER_RESTORING = "restoring-backup"
"""A volume while a backup is written over it."""
CINDER_OFFERED = "awaiting-transfer"
"""A volume that its project offers to another one."""
CINDER_REVERTING = "reverting"
"""A volume while it is taken back to a snapshot."""
CINDER_UPLOADING = "uploading"
"""A volume while an image is made of it."""
CINDER_DOWNLOADING = "downloading"
"""A volume while an image is written over it."""
CINDER_RESERVED = "reserved"
"""A volume that is a server's and is not connected: while it is attached, shelved, or rebuilt."""
CINDER_DELETING = "deleting"
CINDER_ERROR = "error"
"""How the statuses of a snapshot or backup begin that ended badly ("error", "error_deleting" ...)."""

CINDER_MOVING = frozenset({"creating", "backing-up", "restoring"})
"""Statuses of a snapshot or backup in which Cinder refuses its deletion until it is done."""

VOLUME_MOVING = frozenset(
    {
        "creating",
        CINDER_DOWNLOADING,
        CINDER_RESTORING,
        CINDER_UPLOADING,
        "attaching",
        "detaching",
        CINDER_RESERVED,
    }
)
"""Statuses of a volume in which Cinder refuses its deletion until it is done."""

_MOVER_WAS_AWAY = (
    "incomplete backup reset on manager restart",
    "Create backup aborted",
    "Service not found for creating backup",
)
"""How Cinder's reasons for a backup in `error` begin when cinder-backup was down or began anew meanwhile."""


def mover_was_away(fail_reason: str) -> bool:
    """Say whether a backup ended in `error` because cinder-backup was not there: it is worth asking once more."""
    return any(words in fail_reason for words in _MOVER_WAS_AWAY)
