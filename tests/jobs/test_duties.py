"""Duties of a worker: again and again, on one worker if so wished, and an outage is told of once."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opencbr.jobs.engine import duty as engine
from opencbr.jobs.engine.duty import Duties, Duty
from opencbr.jobs.engine.port import Lost
from opencbr.store import leases
from support.job_env import JobEnv, eventually

ENGINE = "opencbr.jobs.engine.duty"


def duty(run: Callable[[], bool | None], *, leader_only: bool = False) -> Duty:
    return Duty(name="toy", interval_seconds=0.02, run=run, leader_only=leader_only)


@pytest.fixture
def begin(env: JobEnv) -> Iterator[Callable[..., Duties]]:
    begun: list[Duties] = []

    def begin(one: Duty, worker_id: str = "w1") -> Duties:
        duties = Duties(env.database, [one], worker_id=worker_id, lease_seconds=600.0)
        begun.append(duties)
        duties.start()
        return duties

    yield begin
    for duties in begun:
        duties.stop()
        duties.join(10)


def test_a_duty_that_fails_comes_again_and_says_so_once_an_outage(
    begin: Callable[..., Duties], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[None] = []

    def run() -> None:
        calls.append(None)
        if len(calls) < 5:
            raise ConnectionError("the cloud is away")
        if len(calls) == 5:
            raise RuntimeError("something else")

    with caplog.at_level(logging.WARNING, ENGINE):
        begin(duty(run))
        eventually(lambda: len(calls) > 8, "it works again")
    assert [record.getMessage().split(" and")[0] for record in caplog.records if record.name == ENGINE] == [
        "toy fails",
        "toy fails",
        "toy works again",
    ]


def test_an_outage_of_the_database_is_one_line_whatever_it_shows_as(begin, caplog, monkeypatch) -> None:
    calls: list[None] = []
    shown = [OperationalError("", {}, Exception()), PoolTimeout()]
    monkeypatch.setattr(engine, "_LONGEST_PAUSE", 0.05)

    def run() -> None:
        calls.append(None)
        if len(calls) < 9:
            raise shown[len(calls) % 2]

    with caplog.at_level(logging.WARNING, ENGINE):
        begin(duty(run))
        eventually(lambda: len(calls) > 10, "it works again")
    lines = [record for record in caplog.records if record.name == ENGINE]
    said = [record.getMessage() for record in lines]
    assert said == ["toy waits for the database: TimeoutError", "toy works again"]
    assert not any(record.exc_info for record in lines)


def test_what_fails_is_left_alone_for_longer_each_time() -> None:
    assert [engine._pause(0.5, failures) for failures in range(6)] == [0.5, 1, 2, 4, 5, 5]
    assert engine._pause(600.0, 3) == 600.0


def test_one_worker_of_all_does_what_only_a_leader_does_and_another_follows(
    env: JobEnv, begin: Callable[..., Duties]
) -> None:
    done: list[str] = []
    first = begin(duty(lambda: done.append("w1"), leader_only=True), "w1")
    eventually(lambda: done, "the first leader")
    begin(duty(lambda: done.append("w2"), leader_only=True), "w2")
    eventually(lambda: len(done) > 10, "some rounds")
    assert set(done) == {"w1"}
    first.stop()
    first.join(10)
    with env.database.write() as conn:
        leases.leave(conn, "w1")
    eventually(lambda: "w2" in done, "the next leader")


def test_a_duty_ends_when_its_worker_is_lost(begin: Callable[..., Duties]) -> None:
    calls: list[None] = []

    def run() -> None:
        calls.append(None)
        raise Lost

    begin(duty(run)).join(10)
    assert len(calls) == 1
    assert "toy" not in {thread.name for thread in threading.enumerate()}


def test_what_has_more_to_do_comes_again_at_once(begin: Callable[..., Duties]) -> None:
    left = [3, 2, 1]

    def run() -> bool:
        left.pop()
        return bool(left)

    begin(Duty(name="toy", interval_seconds=3600.0, run=run))
    eventually(lambda: not left, "all of it")
