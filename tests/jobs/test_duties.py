"""Duties of a worker: again and again, on one worker if so wished, and an outage is told of once."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

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
