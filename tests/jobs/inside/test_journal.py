"""The journal's own settings, with a worker at work."""

import logging
import sqlite3

import pytest

from opencbr.jobs.engine.outbox import Outbox
from opencbr.model.operation_log import BACKUP
from support.databases import SQLITE
from support.job_env import JobEnv


@pytest.mark.parametrize("place", [SQLITE], indirect=True)
def test_writers_of_the_journal_do_not_stop_its_readers(env: JobEnv, worker: None) -> None:
    with sqlite3.connect(env.url.removeprefix("sqlite:///") + ".jobs") as journal:
        assert journal.execute("PRAGMA journal_mode").fetchone() == ("wal",)


class Nobody:
    """An engine that is given nothing."""

    def known(self, _: object) -> frozenset[str]:
        return frozenset()


def test_a_type_that_no_worker_here_knows_waits_and_is_told_of_once(
    env: JobEnv, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = env.request_backup(env.bind("web1"))
    outbox = Outbox(env.database, Nobody(), env.clock, known=[])  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING, logger="opencbr.jobs.engine.outbox"):
        assert [outbox.look(), outbox.look()] == [0, 0]
    told = [line.message for line in caplog.records if "wait for a worker that knows them" in line.message]
    assert len(told) == 1
    assert f"of type {BACKUP} " in told[0]
    assert env.log(waiting).status == "waiting"
