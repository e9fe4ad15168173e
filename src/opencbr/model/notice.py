"""Notices: what the operator's webhook is told of, beside the operation logs; ours, in the form of Standard Webhooks.

A notice has ids, times and the sentence that says why, and no name: names are the tenants'. Its text is written once, so that
however often it is sent, it says the same under the same id.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from opencbr.model.drill import Drill
from opencbr.model.errors import wire_code
from opencbr.model.policy_run import FAILED, MISSED, SKIPPED, PolicyRun

Event = Literal[
    "policy_run.failed", "policy_run.missed", "policy_run.skipped", "policy_run.late", "drill.failed"
]
RUN_LATE: Final = "policy_run.late"
"""It is run after all, though no worker was there in its start window; what comes of it may be another notice."""
DRILL_FAILED: Final = "drill.failed"
RUN_ENDS: Final[Mapping[str, Event]] = {
    FAILED: "policy_run.failed",
    MISSED: "policy_run.missed",
    SKIPPED: "policy_run.skipped",
}
"""How a run of a policy ended -> the event."""

VERSION = 1
"""Of the text's form: members may be added to a version, never taken away."""

_REASON = 2000
"""Characters of a sentence that are told."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event of one subject (a run or a drill), and how far its sending is.

    `body` is the text that is sent. `next_attempt_at` is None once it was sent or given up; `reason` says why the last
    attempt came to nothing.
    """

    id: str
    event: str
    subject_id: str
    project_id: str
    body: str
    created_at: datetime
    attempts: int = 0
    next_attempt_at: datetime | None
    sent_at: datetime | None = None
    given_up_at: datetime | None = None
    reason: str = ""


def pause(attempts: int) -> timedelta:
    """Return how long nothing is tried after so many attempts: 5 seconds, then twice as long each time, an hour at most."""
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 16)), _LONGEST_PAUSE)


def text_of_run(event: str, run: PolicyRun, reason: str, now: datetime) -> str:
    """Write what is told of a run; `reason` is its sentence as it may be shown."""
    return _text(
        event,
        now,
        {
            "project_id": run.project_id,
            "policy_run_id": run.id,
            "policy_id": run.policy_id,
            "operation_type": run.operation_type,
            "vault_id": run.vault_id,
            "resource_id": run.resource_id,
            "resource_type": run.resource_type,
            "status": run.status,
            "late": run.late,
            "attempts": run.attempts,
            "code": wire_code(run.code) if run.code else "",
            "reason": reason[:_REASON],
            "checkpoint_id": run.checkpoint_id,
            "backup_id": run.backup_id,
            "operation_log_id": run.operation_log_id,
            "due_at": _time(run.due_at),
            "started_at": _time(run.started_at),
            "ended_at": _time(run.ended_at),
        },
    )


def text_of_drill(drill: Drill, reason: str, now: datetime) -> str:
    """Write what is told of a drill that failed; `reason` as in `text_of_run`."""
    return _text(
        DRILL_FAILED,
        now,
        {
            "project_id": drill.project_id,
            "drill_id": drill.id,
            "backup_id": drill.backup_id,
            "resource_id": drill.resource_id,
            "verdict": drill.verdict,
            "reason": reason[:_REASON],
            "operation_log_id": drill.id,
            "started_at": _time(drill.started_at),
            "ended_at": _time(drill.ended_at),
        },
    )


def _text(event: str, now: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"version": VERSION, "type": event, "timestamp": _time(now), "data": data})


def _time(moment: datetime | None) -> str | None:
    """Write a moment as RFC 3339 has it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
