"""Restore drills: what was tried, what was found, and how long it took.

A drill restores a backup into an isolated network, looks at it, and removes it. Its id is that of its operation log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

PASSED: Final = "passed"
"""The server came up as planned, and every check of the operator held."""
UNCHECKED: Final = "unchecked"
"""The server came up as planned; nobody looked at its content, since the operator has set up no check for it."""
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
"""A quota had no room for it: nothing is known of the backup."""
CANCELLED: Final = "cancelled"
VERDICTS = (PASSED, UNCHECKED, FAILED, SKIPPED, CANCELLED)

SENTENCES = {PASSED: "booted, all checks held", UNCHECKED: "booted, content unchecked"}
"""What the verdict of a drill that went well says."""

SERVER: Final = "server"
DISK: Final = "disk"
PORT: Final = "port"
COMMAND: Final = "command"
TCP: Final = "tcp"
CONSOLE: Final = "console"
CHECKS = (COMMAND, TCP, CONSOLE)
"""Kinds of findings that are the operator's checks; the others are what every drill looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: whether it is as it should be (`held`), and what was seen, as a sentence."""

    kind: str
    name: str
    held: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill of a backup of a server. `verdict` is None while it runs; `reason` is its sentence.

    `recovered_at` is when the server stood as planned and its checks had held.
    """

    id: str
    project_id: str
    backup_id: str
    backup_name: str
    resource_id: str
    resource_name: str
    verdict: str | None = None
    reason: str = ""
    findings: tuple[Finding, ...] = field(default=())
    created_at: datetime
    started_at: datetime | None = None
    recovered_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def duration_seconds(self) -> float | None:
        """How long the recovery took, from its begin until the server stood and its checks had held; without the removal."""
        if self.started_at is None or self.recovered_at is None:
            return None
        return (self.recovered_at - self.started_at).total_seconds()


def verdict_of(findings: Sequence[Finding]) -> str:
    """Judge a drill by what was found."""
    if not all(finding.held for finding in findings):
        return FAILED
    return PASSED if any(finding.kind in CHECKS for finding in findings) else UNCHECKED


def not_held(findings: Sequence[Finding]) -> str:
    """Say in one sentence what is not as it should be."""
    return "; ".join(f"{one.kind} {one.name}: {one.said}" for one in findings if not one.held)


def written(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Give findings as they are stored."""
    return [{"kind": one.kind, "name": one.name, "held": one.held, "said": one.said} for one in findings]
