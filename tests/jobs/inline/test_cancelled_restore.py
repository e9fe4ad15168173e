"""A restore in place that is cancelled: before the first byte nothing was begun, and after it all is taken back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from opencbr.democloud.faults import Fault
from opencbr.democloud.volume.restores import restored
from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.model.restore import RESTORED, has_begun, is_written, request_of, stage_of
from opencbr.service.late_cancellations import LateCancellations
from opencbr.store import operation_logs
from support.inline_job import WatchedClock, job_context
from support.job_env import QUICK, JobEnv
from support.restore_scene import Scene, opened_scene

Moment = Callable[[dict[str, Any]], bool]


@pytest.fixture
def scene(env: JobEnv, clock: WatchedClock) -> Iterator[Scene]:
    with opened_scene(env, "db1") as scene:
        scene.ctx = replace(scene.ctx, clock=clock)
        yield scene


def untouched(parameters: dict[str, Any]) -> bool:
    return not has_begun(parameters)


def one_is_written(parameters: dict[str, Any]) -> bool:
    disks = request_of(parameters).disks
    return RESTORED in {stage_of(parameters, disk.volume_id) for disk in disks}


def cancelled(
    scene: Scene, clock: WatchedClock, moment: Moment, then: Callable[[], object] = lambda: None
) -> OperationLog:
    """Restore, and ask for the end at the first wait of such a moment. Until then one disk is being written."""
    operation = scene.env.request_restore(scene.backup_id)
    lasting = scene.env.demo.fail("backup.restored", stick=True)

    def before_sleep() -> None:
        log = scene.env.log(operation)
        if not log.cancel_requested and moment(log.parameters):
            scene.env.cancel(operation)
            lasting.work = "none any more"
            write_the_last(scene)
            then()

    clock.before_sleep = before_sleep
    try:
        return scene.run(operation)
    finally:
        clock.before_sleep = lambda: None


def write_the_last(scene: Scene) -> None:
    """End what was made to last, where it has begun."""
    backend = scene.env.demo.backend
    for volume in [one["id"] for one in scene.env.upstream("volume") if one["status"] == "restoring-backup"]:
        (backup,) = [one for one in scene.env.upstream("backup") if one["volume_id"] == volume]
        restored(backend, {"backup": backup["id"], "volume": volume, "fresh": False, "named": True})


@pytest.mark.parametrize("moment", [untouched, has_begun, one_is_written])
@pytest.mark.parametrize("locked", [False, True])
def test_all_is_as_it_was_before_the_restore(
    scene: Scene, clock: WatchedClock, moment: Moment, locked: bool
) -> None:
    if locked:
        scene.change("server", scene.server_id, locked=True, locked_reason="mine", locked_by="owner")
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    log = cancelled(scene, clock, moment)
    assert (log.status, log.error_code) == ("failed", "9910")
    assert "cancelled by request" in log.error_message
    assert "still in the cloud" not in log.error_message
    told = any("holds again what it held before" in one for one in log.details.get(NOTES, ()))
    assert told == (moment is not untouched)
    assert (scene.how_it_is(), scene.digests()) == (was, spoilt)
    scene.rows_at_rest()
    scene.env.assert_nothing_left(backups_left=3)
    assert scene.env.ways_back().show(scene.env.context(), log.id).way_back.status == "none"


def test_a_disk_that_cannot_be_taken_back_leaves_the_server_off_with_its_way_back(
    scene: Scene, clock: WatchedClock
) -> None:
    scene.overwrite()
    (server, places, statuses), spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.fail("volume.reverted", times=0, reason="the back end was away")
    log = cancelled(scene, clock, one_is_written)
    assert any("not every disk could be taken back" in one for one in log.details[NOTES])
    assert scene.how_it_is() == (server | {"status": "SHUTOFF"}, places, statuses)
    scene.rows_at_rest()
    scene.env.demo.backend.failures.clear()
    remove_leftovers(scene.ctx)
    assert scene.undone_late().status == "success"
    assert (scene.digests(), scene.how_it_is()) == (spoilt, (server, places, statuses))


def cancelled_too_late(scene: Scene, clock: WatchedClock) -> OperationLog:
    """Restore, and ask for the end when all disks are written."""
    operation = scene.env.request_restore(scene.backup_id)

    def before_sleep() -> None:
        log = scene.env.log(operation)
        if not log.cancel_requested and is_written(log.parameters):
            scene.env.cancel(operation)

    clock.before_sleep = before_sleep
    try:
        return scene.run(operation)
    finally:
        clock.before_sleep = lambda: None


def test_once_all_is_written_a_restore_goes_to_its_end_and_is_undone(
    scene: Scene, clock: WatchedClock
) -> None:
    before, was = scene.overwrite(), scene.how_it_is()
    spoilt = scene.digests()
    log = cancelled_too_late(scene, clock)
    assert (log.status, log.cancel_requested) == ("success", True)
    assert (scene.digests(), scene.how_it_is()) == (before, was)
    assert scene.undone_late().status == "success"
    assert (scene.digests(), scene.how_it_is()) == (spoilt, was)
    told = scene.env.log(log).details[NOTES]
    assert [one for one in told if "it was cancelled, and is undone by the operation" in one] == told[-1:]


def test_what_keeps_a_cancelled_restore_from_being_undone_is_told_once(
    scene: Scene, clock: WatchedClock
) -> None:
    log = cancelled_too_late(scene, clock)
    scene.change("server", scene.server_id, status="PAUSED")
    late = LateCancellations(scene.env.database, scene.env.cloud, clock, scene.ctx.settings)
    late.look()
    late.look()
    told = [one for one in scene.env.log(log).details[NOTES] if "is not undone" in one]
    assert len(told) == 1
    assert "is PAUSED: bring it to ACTIVE or SHUTOFF first" in told[0]
    patience = scene.ctx.settings.patience_seconds + scene.ctx.settings.expiry_seconds
    clock.sleep(patience + 1)
    scene.change("server", scene.server_id, status="ACTIVE")
    late.look()
    assert scene.env.ways_back().show(scene.env.context(), log.id).way_back.status == "kept", (
        "too late by now"
    )
    assert scene.env.log(log).details[NOTES][-1].endswith("was not undone in time: undo it, or confirm it")


def test_what_was_restored_again_since_is_not_undone(scene: Scene, clock: WatchedClock) -> None:
    was = scene.how_it_is()
    before = scene.overwrite()
    log = cancelled_too_late(scene, clock)
    later = scene.restore()
    assert later.status == "success"
    scene.env.ways_back().confirm(scene.env.context(), later.id)
    LateCancellations(scene.env.database, scene.env.cloud, clock, scene.ctx.settings).look()
    with scene.env.database.read() as conn:
        assert operation_logs.waiting(conn, 10) == []
    assert f"The operation {later.id} has written over the same" in scene.env.log(log).details[NOTES][-1]
    assert (scene.digests(), scene.how_it_is()) == (before, was)


def test_a_server_that_was_shut_off_is_so_again(scene: Scene, clock: WatchedClock) -> None:
    scene.change("server", scene.server_id, status="SHUTOFF")
    was = scene.how_it_is()
    scene.overwrite()
    spoilt = scene.digests()
    cancelled_too_late(scene, clock)
    assert scene.server["status"] == "ACTIVE", "started, as RestoreBackup does unless power_on is false"
    assert scene.undone_late().status == "success"
    assert (scene.digests(), scene.how_it_is()) == (spoilt, was)


def test_an_undoing_that_fails_is_not_asked_for_again(scene: Scene, clock: WatchedClock) -> None:
    scene.overwrite()
    log = cancelled_too_late(scene, clock)
    late = LateCancellations(scene.env.database, scene.env.cloud, clock, scene.ctx.settings)
    late.look()
    with scene.env.database.read() as conn:
        (undoing,) = operation_logs.waiting(conn, 10)
    scene.change("server", scene.server_id, status="PAUSED")
    assert scene.run(undoing).status == "failed"
    scene.change("server", scene.server_id, status="ACTIVE")
    assert scene.env.ways_back().show(scene.env.context(), log.id).way_back.status == "kept"
    late.look()
    with scene.env.database.read() as conn:
        assert operation_logs.waiting(conn, 10) == []


def test_without_snapshots_what_is_begun_is_brought_to_its_end(scene: Scene, clock: WatchedClock) -> None:
    settings = msgspec.structs.replace(QUICK, way_back_seconds=0.0)
    scene.ctx = replace(job_context(scene.env, settings=settings), clock=clock)
    before, was = scene.overwrite(), scene.how_it_is()
    log = cancelled(scene, clock, has_begun)
    assert (log.status, log.cancel_requested) == ("success", True)
    assert (scene.digests(), scene.how_it_is()) == (before, was)
    with scene.env.database.read() as conn:
        assert operation_logs.cancelled_with_way_back(conn, clock.now()) == []


def test_without_snapshots_no_outage_lets_a_cancelled_restore_end_half_written(
    scene: Scene, clock: WatchedClock
) -> None:
    settings = msgspec.structs.replace(QUICK, way_back_seconds=0.0)
    scene.ctx = replace(job_context(scene.env, settings=settings), clock=clock)
    before, was = scene.overwrite(), scene.how_it_is()
    struck: list[Fault] = []

    def go_away() -> None:
        fault = scene.env.demo.faults.inject(service="volume", method="GET", path="/volumes/", status=503)
        struck.append(fault)

    log = cancelled(scene, clock, has_begun, then=go_away)
    assert [fault.hits for fault in struck] == [1]
    assert (log.status, log.cancel_requested) == ("success", True)
    assert (scene.digests(), scene.how_it_is()) == (before, was)
