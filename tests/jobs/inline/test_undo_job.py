"""Undoing a restore in place: what it had written over is there again, the server as it was, and nothing is left."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.errors import CbrError
from opencbr.model.ids import new_id
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.model.restore import lock_reason
from opencbr.service import ways_back
from opencbr.service.disks_since import ShownDisk
from opencbr.service.restore_claims import claim_targets
from opencbr.store import ledger
from support.job_env import JobEnv
from support.restore_scene import Scene, opened_scene


@pytest.fixture
def scene(env: JobEnv) -> Iterator[Scene]:
    with opened_scene(env, "db1") as scene:
        yield scene


def restored(scene: Scene, volumes: Any = (), **choice: Any) -> tuple[OperationLog, dict[str, str]]:
    """Spoil every disk and restore; the restore, and the digests before it."""
    scene.overwrite()
    spoilt = scene.digests()
    log = scene.restore(volumes, **choice)
    assert log.status == "success", log.error_message
    assert scene.digests() != spoilt
    return log, spoilt


def refused(scene: Scene, restore: OperationLog) -> CbrError:
    with pytest.raises(CbrError) as caught:
        scene.env.request_undo(restore)
    return caught.value


def status_of(scene: Scene, restore: OperationLog) -> str:
    return scene.env.ways_back().show(scene.env.context(), restore.id).way_back.status


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF"])
def test_every_disk_has_again_what_it_held_before_the_restore(scene: Scene, status: str) -> None:
    scene.change("server", scene.server_id, status=status)
    was = scene.how_it_is()
    restore, spoilt = restored(scene, power_on=status == "ACTIVE")
    assert status_of(scene, restore) == "kept"
    operation = scene.env.request_undo(restore)
    assert status_of(scene, restore) == "undoing"
    assert take_stock(scene.env.database, scene.env.cloud).orphans == (), (
        "the undoing answers for the snapshots"
    )
    log = scene.run(operation)
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    assert log.details["restore_job_id"] == restore.id
    assert scene.digests() == spoilt
    assert scene.how_it_is() == was
    assert status_of(scene, restore) == "undone"
    scene.rows_at_rest()
    scene.env.assert_nothing_left(backups_left=3)


def test_a_lock_and_the_places_of_the_disks_stay(scene: Scene) -> None:
    restore, spoilt = restored(scene)
    scene.change("server", scene.server_id, locked=True, locked_reason="mine", locked_by="owner")
    for number, row in enumerate(scene.attachments()):
        if row["device"] != "/dev/sda":
            device = f"/dev/sd{'kf'[number % 2]}"
            scene.change("attachment", row["id"], device=device, tag=f"t{number}", delete_on_termination=True)
    was = scene.how_it_is()
    assert scene.undo(restore).status == "success"
    assert (scene.digests(), scene.how_it_is()) == (spoilt, was)


def test_a_lock_that_a_job_of_ours_has_left_is_nobody_s(scene: Scene) -> None:
    """Neither a restore nor an undoing puts it back, though both find it on the server."""

    def leave_a_lock(kind: str) -> None:
        reason = f"{kind} {new_id(scene.env.clock.now())} writes over its disks"
        scene.change("server", scene.server_id, locked=True, locked_reason=reason, locked_by="owner")

    leave_a_lock("restore_undo")
    restore, _ = restored(scene)
    assert not scene.server["locked"]
    leave_a_lock("restore")
    assert scene.undo(restore).status == "success"
    assert not scene.server["locked"]


def test_a_tenants_lock_comes_back_when_the_job_that_had_opened_it_could_not_take_its_own_off(
    scene: Scene,
) -> None:
    scene.change("server", scene.server_id, locked=True, locked_reason="mine", locked_by="owner")
    restore, _ = restored(scene)
    reason = lock_reason("restore", restore.id)
    scene.change("server", scene.server_id, locked=True, locked_reason=reason, locked_by="owner")
    assert scene.undo(restore).status == "success"
    assert (scene.server["locked"], scene.server["locked_reason"]) == (True, "mine")


def test_a_way_back_that_expires_while_its_undoing_is_asked_for_is_gone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The janitor does not wait for the log of the restore: it may come in between the look and what follows from it."""
    restore, _ = restored(scene)

    def claim(conn: Connection, *wanted: Any) -> None:
        claim_targets(conn, *wanted)
        assert ledger.expire(conn, scene.env.clock.now() + timedelta(days=9))

    with monkeypatch.context() as patched:
        patched.setattr(ways_back, "claim_targets", claim)
        error = refused(scene, restore)
    assert (error.code, "has expired" in error.message) == ("7202", True)
    assert status_of(scene, restore) == "kept", "nothing of the request has stayed"
    scene.rows_at_rest()


def test_the_disks_that_were_not_restored_are_left_alone(scene: Scene) -> None:
    root, data, archive = scene.volumes
    restore, spoilt = restored(scene, [data])
    scene.env.demo.write(archive, b"written since")
    later, places = scene.digests(), {row["volume_id"]: row["id"] for row in scene.attachments()}
    assert scene.undo(restore).status == "success"
    assert scene.digests() == later | {data: spoilt[data]}
    after = {row["volume_id"]: row["id"] for row in scene.attachments()}
    assert (after[root], after[archive]) == (places[root], places[archive]), "never detached"


def test_a_restore_that_failed_is_undone_and_its_server_runs_again(scene: Scene) -> None:
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.fail("backup.restored", times=0, reason="no such object")
    restore = scene.restore()
    assert restore.status == "failed"
    assert scene.server["status"] == "SHUTOFF"
    scene.env.demo.backend.failures.clear()
    log = scene.undo(restore)
    assert (log.status, log.error_message) == ("success", "")
    assert (scene.digests(), scene.how_it_is()) == (spoilt, was)
    scene.env.assert_nothing_left(backups_left=3)


def test_a_disk_that_a_failed_restore_could_not_put_back_comes_back_to_its_place(scene: Scene) -> None:
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.fail("backup.restored", times=0, reason="no such object")
    scene.env.demo.faults.inject(
        service="compute", method="POST", path="/os-volume_attachments$", status=403, times=0
    )
    restore = scene.restore()
    assert "still in the cloud: what the restore has changed" in restore.error_message
    scene.env.demo.backend.failures.clear()
    scene.env.demo.faults.clear()
    assert scene.undo(restore).status == "success"
    assert {volume: scene.env.demo.sha256(volume) for volume in spoilt} == spoilt
    assert scene.how_it_is() == was


def test_disks_whose_server_is_gone_are_taken_back_where_they_are(scene: Scene) -> None:
    restore, spoilt = restored(scene)
    volumes = scene.volumes
    with scene.env.demo.backend.state.change():
        for row in scene.attachments():
            scene.env.demo.backend.state.drop("attachment", row["id"])
        scene.env.demo.backend.state.drop("server", scene.server_id)
    for volume in volumes:
        scene.change("volume", volume, status="available")
    assert scene.undo(restore).status == "success"
    assert {volume: scene.env.demo.sha256(volume) for volume in volumes} == spoilt
    assert {scene.doc("volume", volume)["status"] for volume in volumes} == {"available"}


@pytest.mark.parametrize("failures", [1, 2])
def test_a_disk_that_cinder_fails_to_take_back_is_tried_again(scene: Scene, failures: int) -> None:
    restore, spoilt = restored(scene)
    was = scene.how_it_is()
    scene.env.demo.fail("volume.reverted", times=failures, reason="the back end was away")
    log = scene.undo(restore)
    assert (log.status, log.error_message) == ("success", "")
    assert (scene.digests(), scene.how_it_is()) == (spoilt, was)


def test_an_undoing_that_fails_leaves_the_server_off_and_the_way_back_to_be_gone_anew(scene: Scene) -> None:
    restore, spoilt = restored(scene)
    (server, places, statuses) = scene.how_it_is()
    scene.env.demo.fail("volume.reverted", times=0, reason="the back end was away")
    log = scene.undo(restore)
    assert (log.status, log.error_code) == ("failed", "9910")
    assert "ended in status error 3 times" in log.error_message
    assert scene.how_it_is() == (server | {"status": "SHUTOFF"}, places, statuses)
    assert any("shut off" in sentence for sentence in log.details[NOTES])
    scene.rows_at_rest()
    remove_leftovers(scene.ctx)
    assert len(scene.env.upstream("snapshot")) == 3
    assert take_stock(scene.env.database, scene.env.cloud).orphans == ()
    assert status_of(scene, restore) == "kept"
    scene.env.demo.backend.failures.clear()
    assert scene.undo(restore).status == "success"
    assert scene.digests() == spoilt


@pytest.mark.parametrize("answer", [{"drop": "after"}, {"drop": "before"}, {"status": 503}])
def test_an_answer_that_is_lost_costs_nothing(scene: Scene, answer: dict[str, Any]) -> None:
    restore, spoilt = restored(scene)
    was = scene.how_it_is()
    for service, path in (("volume", "/volumes/.*/action$"), ("compute", "/action$")):
        scene.env.demo.faults.inject(service=service, method="POST", path=path, times=2, **answer)
    log = scene.undo(restore)
    assert (log.status, log.error_message) == ("success", "")
    assert (scene.digests(), scene.how_it_is()) == (spoilt, was)


def test_a_way_back_is_gone_once(scene: Scene) -> None:
    restore, _ = restored(scene)
    operation = scene.env.request_undo(restore)
    error = refused(scene, restore)
    assert error.code == "2010"
    assert operation.id in error.message
    assert scene.refused() == "2010", "a restore of the same server"
    assert scene.run(operation).status == "success"
    error = refused(scene, restore)
    assert error.code == "7202"
    assert "was undone already" in error.message


def test_a_way_back_expires_but_not_while_it_is_gone(scene: Scene) -> None:
    restore, spoilt = restored(scene)
    operation = scene.env.request_undo(restore)
    scene.ctx.clock.sleep(86_400.0)
    remove_leftovers(scene.ctx)
    assert scene.run(operation).status == "success"
    assert scene.digests() == spoilt
    restore, _ = restored(scene)
    scene.ctx.clock.sleep(86_400.0)
    remove_leftovers(scene.ctx)
    error = refused(scene, restore)
    assert (error.code, status_of(scene, restore)) == ("7202", "expired")
    assert "expired" in error.message


def test_a_way_back_that_is_let_go_leaves_nothing(scene: Scene) -> None:
    restore, _ = restored(scene)
    digests, was = scene.digests(), scene.how_it_is()
    scene.env.ways_back().confirm(scene.env.context(), restore.id)
    scene.env.demo.settle()
    assert scene.env.upstream("snapshot") == []
    remove_leftovers(scene.ctx)
    scene.env.assert_nothing_left(backups_left=3)
    assert (scene.digests(), scene.how_it_is()) == (digests, was)
    assert status_of(scene, restore) == "confirmed"
    assert refused(scene, restore).code == "7202"


def test_a_restore_that_runs_or_wrote_nothing_has_no_way_back(scene: Scene) -> None:
    operation = scene.env.request_restore(scene.backup_id)
    assert refused(scene, operation).code == "2010"
    scene.env.demo.faults.inject(service="volume", method="POST", path="/restore$", status=403, times=0)
    assert scene.run(operation).status == "failed"
    error = refused(scene, operation)
    assert (error.code, status_of(scene, operation)) == ("7202", "none")
    assert refused(scene, replace(operation, id="no-such-log")).code == "6500"


def grow(scene: Scene) -> None:
    scene.change("volume", scene.volumes[1], size=2)


def attach_elsewhere(scene: Scene) -> None:
    row = scene.attachments()[1]
    scene.change("attachment", row["id"], server_id=scene.env.server_id("web1"))


def snapshot(scene: Scene) -> None:
    scene.env.cloud.project(scene.env.project_id).create_snapshot(scene.volumes[1], "the tenant's own")


def lose_snapshot(scene: Scene) -> None:
    (one,) = [one for one in scene.env.upstream("snapshot") if one["volume_id"] == scene.volumes[1]]
    with scene.env.demo.backend.state.change():
        scene.env.demo.backend.state.drop("snapshot", one["id"])


def pause(scene: Scene) -> None:
    scene.change("server", scene.server_id, status="PAUSED")


OBSTACLES = {
    "a disk has grown": (grow, "2011", "from 1 to 2 GiB"),
    "a disk is on another server": (attach_elsewhere, "7201", "on server"),
    "a disk has a newer snapshot": (snapshot, "7203", "delete it first"),
    "a snapshot is gone": (lose_snapshot, "7202", "was deleted"),
    "the server is paused": (pause, "2008", "PAUSED"),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_stands_against_it_is_told_before_anything_is_touched(scene: Scene, obstacle: str) -> None:
    restore, _ = restored(scene)
    spoil, code, words = OBSTACLES[obstacle]
    volume = scene.volumes[1]
    spoil(scene)
    scene.env.demo.calls.clear()
    error = refused(scene, restore)
    assert error.code == code
    assert words in error.message
    assert [call for call in scene.env.demo.calls.find() if call.method not in ("GET", "POST")] == []
    assert scene.env.demo.calls.find("volume", "POST") == []
    if code != "2008":
        shown = scene.env.ways_back().show(scene.env.context(), restore.id)
        problems = {one.disk.volume_id: one.problem and one.problem.message for one in shown.disks}
        assert problems[volume] == error.message
        assert sum(problem is not None for problem in problems.values()) == 1
    scene.rows_at_rest()


def test_the_way_back_of_a_later_restore_is_named_and_gone_first(scene: Scene) -> None:
    first, spoilt = restored(scene)
    second, later = restored(scene, [scene.volumes[1]])
    error = refused(scene, first)
    assert error.code == "7203"
    assert f"operation {second.id}" in error.message
    assert scene.undo(second).status == "success"
    assert scene.digests() == later
    assert scene.undo(first).status == "success"
    assert scene.digests() == spoilt


def test_what_has_changed_since_the_request_is_seen_before_anything_is_touched(scene: Scene) -> None:
    restore, _ = restored(scene)
    operation = scene.env.request_undo(restore)
    snapshot(scene)
    was, digests = scene.how_it_is(), scene.digests()
    log = scene.run(operation)
    assert (log.status, log.error_code) == ("failed", "7203")
    assert (scene.how_it_is(), scene.digests()) == (was, digests)
    scene.rows_at_rest()
    assert status_of(scene, restore) == "kept"


def test_what_is_known_of_the_disks_is_told(scene: Scene) -> None:
    restore, _ = restored(scene)
    shown = scene.env.ways_back().show(scene.env.context(), restore.id)
    assert {(one.may_be_written, one.problem) for one in shown.disks} == {(True, None)}
    assert all("ACTIVE" in one.known for one in shown.disks)
    assert shown.way_back.kept_until is not None
    scene.change("server", scene.server_id, status="SHUTOFF")
    shown = scene.env.ways_back().show(scene.env.context(), restore.id)
    assert all(one.may_be_written and "has started" in one.known for one in shown.disks)
    data = scene.volumes[1]
    detach(scene, data)
    known = {one.disk.volume_id: (one.may_be_written, one.known) for one in disks_of(scene, restore)}
    assert known[data] == (
        True,
        "it is on no server now; the restore has started the one that it was on",
    )


def test_of_a_server_that_was_left_off_it_is_told_whether_it_may_have_run(scene: Scene) -> None:
    restore, _ = restored(scene, power_on=False)
    assert restore.ended_at is not None
    end = restore.ended_at.replace(tzinfo=None, microsecond=0)
    root, data, archive = scene.volumes
    changed(scene, end)
    assert not any(one.may_be_written for one in disks_of(scene, restore))
    # Run, and shut off again.
    changed(scene, end, server=end + timedelta(minutes=5))
    assert all(one.may_be_written and "changed in Nova at" in one.known for one in disks_of(scene, restore))
    # One disk was on another server meanwhile, and another one was detached and nothing more.
    changed(scene, end)
    scene.change("volume", data, updated_at=f"{end + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S.000000}")
    detach(scene, archive)
    known = {one.disk.volume_id: (one.may_be_written, one.known) for one in disks_of(scene, restore)}
    assert known[data][0]
    assert "changed in Cinder at" in known[data][1]
    assert (known[root][0], known[archive]) == (False, (False, "it is on no server"))
    scene.change("volume", archive, updated_at=None)
    known = {one.disk.volume_id: (one.may_be_written, one.known) for one in disks_of(scene, restore)}
    assert known[archive][0], "a time that is not told proves nothing"


def disks_of(scene: Scene, restore: OperationLog) -> tuple[ShownDisk, ...]:
    return scene.env.ways_back().show(scene.env.context(), restore.id).disks


def detach(scene: Scene, volume_id: str) -> None:
    """Take a disk off its server, without a trace in its times."""
    state = scene.env.demo.backend.state
    (row,) = [row for row in scene.attachments() if row["volume_id"] == volume_id]
    with state.change():
        state.drop("attachment", row["id"])
    scene.change("volume", volume_id, status="available")


def changed(scene: Scene, disks: datetime, *, server: datetime | None = None) -> None:
    """Let Cinder and Nova have changed disks and server last at these times (naive, UTC)."""
    scene.change("server", scene.server_id, updated=f"{server or disks:%Y-%m-%dT%H:%M:%SZ}")
    for volume_id in scene.volumes:
        scene.change("volume", volume_id, updated_at=f"{disks:%Y-%m-%dT%H:%M:%S.000000}")
