"""How long work takes: real time, no time, by hand, or a number of polls."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long a piece of work (a snapshot, a backup, a restore, a server start) takes.

    `mode` is "real" (seconds of wall time), "instant" (finished before the call is answered), "manual"
    (finished by `DemoCloud.advance`) or "polls" (finished when the resource has been read `polls` times).
    In the modes real and manual a piece of work takes `seconds`, and a backup or restore
    `backup_seconds` and `seconds_per_gib` for each GiB that is really allocated.
    """

    mode: str = "real"
    seconds: float = 0.2
    backup_seconds: float = 1.2
    seconds_per_gib: float = 8.0
    polls: int = 2

    @classmethod
    def instant(cls) -> "Timing":
        """Finish everything before the call is answered."""
        return cls(mode="instant")

    @classmethod
    def manual(cls) -> "Timing":
        """Finish nothing until the test moves the clock."""
        return cls(mode="manual")

    @classmethod
    def by_polls(cls, polls: int = 2) -> "Timing":
        """Finish work when its resource has been read `polls` times."""
        return cls(mode="polls", polls=polls)

    def duration(self, used_bytes: int | None = None) -> float:
        """Return the seconds that work on `used_bytes` takes; None is work that moves no bytes."""
        if used_bytes is None:
            return self.seconds
        return self.backup_seconds + self.seconds_per_gib * used_bytes / (1 << 30)
