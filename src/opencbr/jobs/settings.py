"""What an operator can turn on a worker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Settings of one worker; all times in seconds.

    `lease_seconds`: a worker silent for so long is dead and its jobs go to others. `poll_seconds`: between
    two looks at an upstream object. `outbox_seconds`: between two looks for waiting operations. `slots`: jobs at
    once. `full_backup_interval`: a chain of incrementals holds at most so many backups, the full one
    included. `backup_timeout_seconds`: a Cinder backup or snapshot that takes longer is given up.
    `release_timeout_seconds`: the same for a deletion. `patience_seconds`: so long a job that only waits
    bears a cloud that does not answer. `janitor_seconds`: between two rounds that try again to remove what
    ended jobs have left in the cloud.
    """

    lease_seconds: float = 30.0
    poll_seconds: float = 2.0
    outbox_seconds: float = 0.5
    slots: int = 32
    full_backup_interval: int = 10
    backup_timeout_seconds: float = 86400.0
    release_timeout_seconds: float = 1800.0
    patience_seconds: float = 600.0
    janitor_seconds: float = 600.0
