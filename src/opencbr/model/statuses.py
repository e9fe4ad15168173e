"""The words for what state a thing is in: one name for each, and the ones that each kind of thing can have (contract 4).

A status is a plain text in rows and on the wire. The types let mypy refuse a word that a thing cannot have.
"""

from typing import Final, Literal

AVAILABLE: Final = "available"
ERROR: Final = "error"
LOCK: Final = "lock"
FROZEN: Final = "frozen"
WAITING_PROTECT: Final = "waiting_protect"
PROTECTING: Final = "protecting"
WAITING_RESTORE: Final = "waiting_restore"
RESTORING: Final = "restoring"
WAITING_DELETE: Final = "waiting_delete"
DELETING: Final = "deleting"
REMOVING: Final = "removing"

WAITING: Final = "waiting"
RUNNING: Final = "running"
SUCCESS: Final = "success"
FAILED: Final = "failed"
TIMEOUT: Final = "timeout"
SKIPPED: Final = "skipped"

PENDING: Final = "pending"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"

VaultStatus = Literal["available", "lock", "frozen", "deleting", "error"]
ProtectStatus = Literal["available", "error", "protecting", "restoring", "removing"]
"""Of a resource in its vault."""
CheckpointStatus = Literal["protecting", "available", "deleting", "error"]
BackupStatus = Literal[
    "available",
    "protecting",
    "deleting",
    "restoring",
    "error",
    "waiting_protect",
    "waiting_delete",
    "waiting_restore",
]
OperationStatus = Literal["success", "skipped", "failed", "running", "timeout", "waiting"]
MemberStatus = Literal["pending", "accepted", "rejected"]
