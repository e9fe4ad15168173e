"""What is to be told: runs and drills that nobody has told of yet become notices.

It is looked for, not reported by those who end a run: they know nothing of webhooks, whoever dies between the two loses
nothing, and where no URL is set there is nothing to write. What is older than notices are tried for is not told any more.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from opencbr.jobs.settings import WebhookSettings
from opencbr.model.drill import Drill
from opencbr.model.ids import new_id
from opencbr.model.notice import DRILL_FAILED, RUN_ENDS, RUN_LATE, Notice, text_of_drill, text_of_run
from opencbr.model.policy_run import PolicyRun
from opencbr.observe.redact import redact
from opencbr.store import notices
from opencbr.store.database import Database


def gather(database: Database, settings: WebhookSettings, since: datetime, now: datetime, limit: int) -> bool:
    """Write the notices of what has happened from `since` on, so many of a kind; say whether there may be more."""
    with database.read() as conn:
        found = [[*kind] for kind in _found(conn, settings.told, since, now, limit)]

    def write(conn: Connection) -> None:
        for notice in chain(*found):
            notices.insert(conn, notice)

    if any(found):
        database.transact(write)
    return any(len(kind) == limit for kind in found)


def _found(
    conn: Connection, events: tuple[str, ...], since: datetime, now: datetime, limit: int
) -> Iterator[Iterator[Notice]]:
    ends = [status for status, event in RUN_ENDS.items() if event in events]
    if ends:
        yield (
            _of_run(RUN_ENDS[one.status], one, now) for one in notices.ended_runs(conn, ends, since, limit)
        )
    if RUN_LATE in events:
        yield (_of_run(RUN_LATE, one, now) for one in notices.late_runs(conn, since, limit))
    if DRILL_FAILED in events:
        yield (_of_drill(one, now) for one in notices.failed_drills(conn, since, limit))


def _of_run(event: str, run: PolicyRun, now: datetime) -> Notice:
    return _notice(event, run.id, run.project_id, now, text_of_run(event, run, redact(run.reason), now))


def _of_drill(drill: Drill, now: datetime) -> Notice:
    text = text_of_drill(drill, redact(drill.reason), now)
    return _notice(DRILL_FAILED, drill.id, drill.project_id, now, text)


def _notice(event: str, subject_id: str, project_id: str, now: datetime, text: str) -> Notice:
    return Notice(
        id=new_id(now),
        event=event,
        subject_id=subject_id,
        project_id=project_id,
        body=text,
        created_at=now,
        next_attempt_at=now,
    )
