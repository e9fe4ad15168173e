"""Every wait of a restore ends within its time, and says in which step, for what, and in whose answer that was last seen."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.objects import planned
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.store import ledger
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import QUICK, JobEnv
from support.places import how_it_is

SERVER = "db1"
STALL, WHOLE, PATIENCE, REMOVAL = 1800, 3 * 3600, 600, 1800
"""In seconds, as the settings ship; but the whole time of a wait, which is a day."""
_AGAIN = 9 * 60
"""What the way back may take besides: a minute for each row of things that is removed, and the length of a pause."""


@dataclass
class Scene:
    """A server with a backup, and restores of it on a clock that costs nothing."""

    env: JobEnv
    ctx: JobContext
    clock: WatchedClock
    backup_id: str

    def in_place(self) -> OperationLog:
        return self.env.request_restore(self.backup_id)

    def as_new(self) -> OperationLog:
        self.env.lose_server(SERVER)
        return self.env.request_new_server(self.backup_id)

    def failed(self, request: Callable[["Scene"], OperationLog]) -> tuple[OperationLog, timedelta]:
        operation = request(self)
        began = self.clock.now()
        log = carry_out_inline(self.env, self.ctx, operation)
        took = self.clock.now() - began
        assert log.status == "failed", log.details
        backup = self.env.backup(self.backup_id)
        assert backup is not None
        assert backup.status == "available"
        with self.env.database.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM restore_target").scalar_one() == 0
        return log, took


@pytest.fixture
def scene(place: JobEnv, clock: WatchedClock) -> Iterator[Scene]:
    ship = msgspec.structs.replace(
        QUICK,
        poll_seconds=30.0,
        backup_timeout_seconds=float(WHOLE),
        release_timeout_seconds=float(REMOVAL),
        patience_seconds=float(PATIENCE),
    )
    ctx = replace(job_context(place, settings=ship), clock=clock)
    with place.cloud_kept():
        log = carry_out_inline(place, ctx, place.request_backup(place.bind(SERVER)))
        assert log.status == "success", log.error_message
        yield Scene(place, ctx, clock, log.backup_id or "")
        place.demo.backend.failures.clear()
        place.demo.faults.clear()
    place.clear()


STUCK = {
    "a server that never shuts off": (
        Scene.in_place,
        "server.moved",
        "stop",
        r"server \S+ is ACTIVE \(powering-off\)",
    ),
    "a snapshot that is never made": (
        Scene.in_place,
        "snapshot.created",
        "snapshots",
        r"snapshot \S+ is creating",
    ),
    "a disk that is written for ever": (
        Scene.in_place,
        "backup.restored",
        "restore",
        r"volume \S+ is restoring-backup",
    ),
    "a volume that is never made": (Scene.as_new, "volume.created", "volumes", r"volume \S+ is creating"),
    "a new disk that is written for ever": (
        Scene.as_new,
        "backup.restored",
        "restore",
        r"volume \S+ is restoring-backup",
    ),
    "a server that is never built": (Scene.as_new, "server.built", "boot", r"server \S+ \(db1\) is BUILD"),
}


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("case", STUCK)
def test_what_stays_in_a_moving_state_for_ever_is_told_of_and_given_up(scene: Scene, case: str) -> None:
    request, work, step, seen = STUCK[case]
    scene.env.demo.fail(work, stick=True, times=0)
    log, took = scene.failed(request)
    told = (
        rf"step {step}: {seen}.* in the cloud, and nothing moved there for \d+ s \(req-\S+\): it is given up"
    )
    assert re.match(told, log.error_message), log.error_message
    assert any(
        re.match(rf"{seen}.*and nothing has moved there for {STALL} s", one) for one in log.details[NOTES]
    )
    copying = 60 if work == "backup.restored" else 0
    # What is stuck is stuck for the way back too, which looks at it again.
    assert timedelta(seconds=2 * STALL) < took < 2 * timedelta(seconds=2 * STALL + copying + _AGAIN)


def test_a_server_that_never_starts_again_ends_the_restore_with_all_else_given_back(scene: Scene) -> None:
    _, places, statuses = how_it_is(scene.env, SERVER)
    stuck = []

    def stick() -> None:
        if not stuck and scene.env.posts("/restore$"):
            stuck.append(scene.env.demo.fail("server.moved", stick=True, times=0))

    scene.clock.before_sleep = stick
    log, _ = scene.failed(Scene.in_place)
    assert re.match(r"step start: server \S+ is SHUTOFF \(powering-on\) .*\(req-", log.error_message)
    assert how_it_is(scene.env, SERVER)[1:] == (places, statuses)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("request_", "call", "step"),
    [
        (Scene.in_place, "compute DELETE /os-volume_attachments/", "detach"),
        (Scene.in_place, "volume POST /backups/.*/restore$", "restore"),
        (Scene.in_place, "compute POST /os-volume_attachments$", "attach"),
        (Scene.as_new, "volume POST /backups/.*/restore$", "restore"),
        (Scene.as_new, "compute POST /servers$", "server"),
    ],
)
def test_calls_that_are_never_answered_end_the_step_when_patience_is_over(
    scene: Scene, request_: Callable[[Scene], OperationLog], call: str, step: str
) -> None:
    service, method, path = call.split()
    scene.env.demo.faults.inject(service=service, method=method, path=path, status=500, times=0)
    log, took = scene.failed(request_)
    assert re.match(rf"step {step}: {service} {method} \S+ answered 500 \(req-", log.error_message)
    assert timedelta(seconds=PATIENCE) < took < timedelta(seconds=4 * PATIENCE + _AGAIN)


def test_one_disk_of_several_whose_calls_are_never_answered_is_enough(scene: Scene) -> None:
    data = scene.env.volume_id("db1-data")
    scene.env.demo.faults.inject(
        service="compute", method="DELETE", path=f"/os-volume_attachments/{data}", status=503, times=0
    )
    log, took = scene.failed(Scene.in_place)
    assert re.match(rf"step detach: compute DELETE \S+{data} answered 503 \(req-", log.error_message)
    assert took < timedelta(seconds=2 * PATIENCE)


def test_what_is_accepted_without_effect_is_not_asked_for_again_and_again(scene: Scene) -> None:
    """A server whose start is accepted and fails each time looks as before."""
    began = []

    def strike() -> None:
        if not began and scene.env.posts("/restore$"):
            began.append(True)
            scene.env.demo.faults.inject(
                service="compute", method="POST", path="/action$", status=202, times=0
            )

    scene.clock.before_sleep = strike
    log, took = scene.failed(Scene.in_place)
    assert re.search(r"server \S+ was asked \d+ times to become as it should be, and is ", log.error_message)
    assert took < timedelta(seconds=2 * STALL)


@pytest.mark.thorough
def test_a_mover_that_goes_away_for_good_while_it_writes_ends_the_restore_with_its_time(scene: Scene) -> None:
    state = scene.env.demo.backend.state
    scene.env.demo.fail("backup.restored", stick=True, times=0)
    with state.change():
        mover = state.get("cinder-service", "cinder-backup")
    assert mover is not None

    def go_away() -> None:
        if scene.env.posts("/restore$"):
            with state.change():
                state.put("cinder-service", mover | {"state": "down"})

    scene.clock.before_sleep = go_away
    try:
        log, took = scene.failed(Scene.in_place)
    finally:
        with state.change():
            state.put("cinder-service", mover)
    told = rf"step restore: volume \S+ was not done after {WHOLE} s: it is restoring-backup \(req-"
    assert re.match(told, log.error_message), log.error_message
    assert took < timedelta(seconds=WHOLE + 2 * (2 * STALL + _AGAIN))


def test_a_key_pair_s_name_that_another_restore_never_gives_back_is_not_waited_for_for_ever(
    scene: Scene,
) -> None:
    operation = scene.as_new()
    other = replace(operation, id=f"{operation.id[:-4]}0000")
    with scene.env.database.write() as conn:
        ledger.plan(conn, planned(scene.ctx, other, "keypair", "key", name="demo-key"))
    log, took = scene.failed(lambda _: operation)
    assert log.error_message.startswith("step key: key pair demo-key is another restore's in the cloud")
    assert took < timedelta(seconds=2 * STALL + _AGAIN)
