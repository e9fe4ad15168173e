"""The engine's contract: whoever is killed or frozen, every job ends, and no finished step is done twice."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.store import operation_logs
from opencbr.store.database import Database
from support.processes import Processes

from . import engine
from .journal import between_writes, claim, freeze, journaled

pytestmark = pytest.mark.kill


LEASE = 2.0
STEPS = [*engine.STEPS]
Line = dict[str, str]


class Workers:
    """Worker processes over one database, and what they have told so far."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database = Database(url)
        self.folder, self.log, self.gate = folder, folder / "log.jsonl", folder / "gate"
        self.processes = Processes(folder / "errors.txt")

    def start(self, name: str) -> None:
        self.processes.start(name, engine.work, self.database.url, name, LEASE, self.folder)

    def send(self, name: str, what: signal.Signals) -> None:
        self.processes.send(name, what)

    def request(self, count: int) -> list[str]:
        now = datetime.now(UTC)
        ids = [new_id(now) for _ in range(count)]
        with self.database.write() as conn:
            for one in ids:
                operation_logs.insert(
                    conn,
                    OperationLog(
                        id=one, project_id="p", operation_type="backup", created_at=now, updated_at=now
                    ),
                )
        return ids

    def lines(self) -> list[Line]:
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def until(self, seen: Callable[[list[Line]], Any], seconds: float = 60) -> list[Line]:
        deadline = time.monotonic() + seconds
        while not seen(lines := self.lines()):
            assert time.monotonic() < deadline, f"never seen; log: {lines[-30:]}; {self.processes.errors()}"
            time.sleep(0.05)
        return lines

    def ended(self, ids: list[str], phase: str = "end") -> list[Line]:
        return self.until(
            lambda lines: {x["job"] for x in lines if x["step"] == "job" and x["phase"] == phase} >= set(ids)
        )

    def close(self) -> None:
        self.processes.close()
        self.database.dispose()


@pytest.fixture
def workers(database_url: str, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(database_url, tmp_path)
    yield workers
    workers.close()


def begun(job_ids: list[str], step: str = "back_up", who: str = "w1") -> Callable[[list[Line]], bool]:
    return lambda lines: (
        {x["job"] for x in lines if x["step"] == step and x["phase"] == "begin" and x["who"] == who}
        >= set(job_ids)
    )


def test_a_killed_workers_jobs_go_on_where_they_were(workers: Workers) -> None:
    workers.start("w1")
    ids = workers.request(3)
    workers.until(begun(ids))
    workers.start("w2")
    workers.send("w1", signal.SIGKILL)
    workers.gate.touch()
    lines = workers.ended(ids)
    for one in ids:
        ends = [x["step"] for x in lines if x["job"] == one and x["phase"] == "end" and x["step"] != "job"]
        assert ends == STEPS, "each step ended once, in order"
        assert [x["who"] for x in lines if x["job"] == one and x["step"] == "snapshot"] == ["w1", "w1"]
        assert {x["who"] for x in lines if x["job"] == one and x["step"] == "record"} == {"w2"}


def test_a_worker_started_after_the_death_takes_over_too(workers: Workers) -> None:
    workers.start("w1")
    ids = workers.request(1)
    workers.until(begun(ids))
    workers.send("w1", signal.SIGKILL)
    workers.gate.touch()
    workers.start("w2")
    assert begun(ids, who="w2")(workers.ended(ids))


def test_a_frozen_worker_does_nothing_more_after_it_wakes(workers: Workers) -> None:
    workers.start("w1")
    ids = workers.request(3)
    workers.until(begun(ids))
    workers.start("w2")
    freeze(workers.processes, "w1", workers.database.url)
    workers.until(begun(ids, who="w2"))
    workers.gate.touch()
    workers.ended(ids)
    workers.send("w1", signal.SIGCONT)
    workers.until(lambda lines: any(x["who"] == "w1" and x["phase"] == "lost" for x in lines))
    # What was running in the frozen worker may end; whatever came after it must be refused.
    workers.until(
        lambda lines: (
            {x["job"] for x in lines if x["who"] == "w1" and x["step"] == "back_up" and x["phase"] == "end"}
            >= set(ids)
        )
    )
    fresh = workers.request(1)
    lines = workers.ended(fresh)
    later = {"record", "cleanup", "finish", "job", "compensate"}
    assert [x for x in lines if x["who"] == "w1" and x["job"] in ids and x["step"] in later] == []
    assert {x["who"] for x in lines if x["job"] in fresh} <= {"w2", "w1"}
    for one in ids:
        assert [x["step"] for x in lines if x["job"] == one and x["who"] == "w2" and x["phase"] == "end"] == [
            *STEPS[1:],
            "job",
        ]


def test_a_job_that_was_claimed_and_never_began_is_offered_again(workers: Workers) -> None:
    workers.start("w2")
    ids = workers.request(1)
    workers.until(begun(ids, who="w2"))
    workers.start("w1")
    with between_writes(workers.database.url):
        workers.send("w2", signal.SIGKILL)
    claim(workers.database.url, ids[0], "w1")
    workers.gate.touch()
    workers.ended(ids)
    assert f"job {ids[0]} was claimed here and never began" in workers.processes.errors()


def test_a_cancelled_job_walks_its_compensation_path(workers: Workers) -> None:
    workers.start("w1")
    ids = workers.request(2)
    workers.until(begun(ids))
    with workers.database.write() as conn:
        assert operation_logs.request_cancel(conn, "p", ids[0], now=datetime.now(UTC))
    lines = workers.ended(ids[:1], "undone")
    assert [x["step"] for x in lines if x["job"] == ids[0] and x["phase"] == "end"] == [
        "snapshot",
        "compensate",
    ]
    workers.gate.touch()
    workers.ended(ids[1:])


def test_a_compensation_cut_off_is_walked_to_its_end_by_another(workers: Workers) -> None:
    """The cancelled step is journaled: the next worker undoes, it does not begin again."""
    workers.start("w1")
    ids = workers.request(1)
    workers.until(begun(ids))
    with workers.database.write() as conn:
        operation_logs.request_cancel(conn, "p", ids[0], now=datetime.now(UTC))
    workers.until(begun(ids, "compensate"))
    workers.send("w1", signal.SIGKILL)
    workers.start("w2")
    lines = workers.until(
        lambda lines: any(
            x["step"] == "job" or (x["step"] == "compensate" and x["phase"] == "end") for x in lines
        )
    )
    assert [x for x in lines if x["who"] == "w2" and x["step"] in STEPS] == []


@pytest.mark.thorough
def test_jobs_survive_workers_that_are_killed_one_after_the_other(workers: Workers) -> None:
    workers.gate.touch()
    workers.start("w0")
    workers.start("w1")
    ids: list[str] = []
    for number in range(2, 5):
        ids += workers.request(10)
        workers.until(
            lambda lines: len({x["job"] for x in lines if x["phase"] == "end"} & set(ids)) > len(ids) - 10
        )
        workers.send(f"w{number - 2}", signal.SIGKILL)
        workers.start(f"w{number}")
    lines = workers.ended(ids)
    for one in ids:
        ends = [x["step"] for x in lines if x["job"] == one and x["phase"] == "end" and x["step"] in STEPS]
        # Only a step cut off between its effect and the journal may show twice, then at once after itself.
        assert list(dict.fromkeys(ends)) == STEPS
        assert ends == sorted(ends, key=STEPS.index)
    assert os.path.exists(workers.log)


def test_ended_work_is_removed_and_what_is_under_way_goes_on(workers: Workers) -> None:
    workers.start("w1")
    ended, running = workers.request(2)
    workers.until(begun([ended, running]))
    with workers.database.write() as conn:
        operation_logs.request_cancel(conn, "p", ended, now=datetime.now(UTC))
    workers.ended([ended], "undone")
    with workers.database.write() as conn:
        assert operation_logs.finish(conn, ended, "failed", "9999", "as asked", now=datetime.now(UTC))
    assert {ended, running} <= journaled(workers.database.url)
    workers.processes.start("pruner", engine.prune, workers.database.url)
    kept = journaled(workers.database.url)
    assert ended not in kept
    assert running in kept
    with workers.database.read() as conn:
        assert operation_logs.get(conn, "p", ended) is None
        assert operation_logs.get(conn, "p", running) is not None
    workers.gate.touch()
    workers.ended([running])
