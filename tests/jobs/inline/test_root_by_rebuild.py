"""A restore in place where nobody may set the status of volumes: a rebuild of the server writes its root volume, and back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opencbr.cloud.reader import Reader
from opencbr.democloud.faults import Fault
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.model.restore import stage_of
from opencbr.model.restore_plan.choices import Choices
from support.inline_job import WatchedClock, job_context
from support.job_env import SET_STATUS, JobEnv
from support.restore_scene import Scene, opened_scene

SERVER = "db1"


@pytest.fixture
def scene(env: JobEnv) -> Iterator[Scene]:
    with opened_scene(env, SERVER) as scene, env.without_volume_status():
        scene.ctx = job_context(env)
        yield scene


def restored(scene: Scene, **choice: Any) -> OperationLog:
    log = scene.restore(**choice)
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    return log


def identities(scene: Scene) -> dict[str, Any]:
    """What a rebuild must leave as it is: the server's ports and addresses, and what the root volume keeps of its image."""
    ports = [one for one in scene.env.upstream("port") if one["device_id"] == scene.server_id]
    return {"ports": ports, "image": scene.doc("volume", scene.volumes[0])["volume_image_metadata"]}


@pytest.mark.parametrize("locked", [False, True])
def test_all_disks_come_back_and_server_ports_and_volumes_are_the_same(scene: Scene, locked: bool) -> None:
    if locked:
        scene.change("server", scene.server_id, locked=True, locked_reason="mine", locked_by="owner")
    was, same, before = scene.how_it_is(), identities(scene), scene.overwrite()
    scene.env.demo.calls.clear()
    log = restored(scene)
    assert scene.digests() == before
    assert (scene.how_it_is(), identities(scene)) == (was, same)
    assert [call for call in scene.env.demo.calls.find() if call.status == 403] == [], (
        "nothing was tried in vain"
    )
    assert any("is written over by a rebuild of its server" in one for one in log.details[NOTES])
    assert {entry.kind for entry in scene.env.ledger()} == {"backup", "snapshot"}, "the copies are gone"
    assert (scene.env.images(), len(scene.env.upstream("snapshot"))) == ([], 3)
    scene.rows_at_rest()


def test_a_server_that_was_shut_off_is_only_copied_to(scene: Scene) -> None:
    scene.change("server", scene.server_id, status="SHUTOFF")
    was, before = scene.how_it_is(), scene.overwrite()
    restored(scene, power_on=False)
    assert (scene.how_it_is(), scene.digests()) == (was, before)


def test_a_root_volume_that_has_grown_keeps_its_size_and_what_lies_behind(scene: Scene) -> None:
    root = scene.volumes[0]
    before = scene.env.demo.read(root, length=2 << 20)
    scene.overwrite()
    scene.change("volume", root, size=2)
    scene.env.demo.backend.disks.create(root, 2 << 30)
    scene.env.demo.write(root, b"behind", offset=1 << 30)
    restored(scene)
    assert scene.env.demo.read(root, length=2 << 20) == before
    assert scene.env.demo.read(root, offset=1 << 30, length=6) == b"behind"
    assert scene.doc("volume", root)["size"] == 2


def test_a_restore_that_is_cancelled_in_its_rebuild_goes_to_its_end_and_is_undone(
    scene: Scene, clock: WatchedClock
) -> None:
    """What Nova writes is not left half way: not even an outage lets a restore end with a root disk of its own."""
    scene.ctx = replace(scene.ctx, clock=clock)
    was, before = scene.how_it_is(), scene.overwrite()
    spoilt = scene.digests()
    operation, root_id = scene.env.request_restore(scene.backup_id), scene.volumes[0]
    struck: list[Fault] = []

    def before_sleep() -> None:
        log = scene.env.log(operation)
        if not struck and stage_of(log.parameters, root_id) is not None:
            scene.env.cancel(operation)
            away = scene.env.demo.faults.inject(service="compute", method="GET", path="/servers/", status=503)
            struck.append(away)

    clock.before_sleep = before_sleep
    log = scene.run(operation)
    clock.before_sleep = lambda: None
    assert [fault.hits for fault in struck] == [1]
    assert (log.status, log.cancel_requested, log.error_message) == ("success", True, "")
    assert (scene.how_it_is(), scene.digests()) == (was, before)
    assert scene.undone_late().status == "success"
    assert (scene.how_it_is(), scene.digests()) == (was, spoilt)


def test_an_undoing_goes_the_same_way(scene: Scene) -> None:
    scene.overwrite()
    was, same, spoilt = scene.how_it_is(), identities(scene), scene.digests()
    log = scene.undo(restored(scene))
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    assert (scene.how_it_is(), identities(scene), scene.digests()) == (was, same, spoilt)
    scene.env.assert_nothing_left(backups_left=3)
    scene.rows_at_rest()


def test_a_restore_by_status_is_undone_by_a_rebuild_and_the_other_way_round(env: JobEnv) -> None:
    with opened_scene(env, SERVER) as scene:
        scene.overwrite()
        spoilt = scene.digests()
        restore = restored(scene)
        with env.without_volume_status():
            scene.ctx = job_context(env)
            assert scene.undo(restore).status == "success"
            assert scene.digests() == spoilt
            restore = restored(scene)
        scene.ctx = job_context(env)
        assert scene.undo(restore).status == "success"
        assert scene.digests() == spoilt
        env.assert_nothing_left(backups_left=3)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("volume.created", "ended in status error"),
        ("backup.restored", "1 times: as requested"),
        ("volume.uploaded", "Cinder has made no image of volume"),
    ],
)
def test_a_copy_that_fails_ends_the_restore_before_the_server_is_touched(
    scene: Scene, work: str, words: str
) -> None:
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.calls.clear()
    scene.env.demo.fail(work, times=0, reason="as requested")
    log = scene.restore()
    assert log.status == "failed"
    assert log.error_message.startswith("step copy: "), log.error_message
    assert words in log.error_message
    assert scene.env.demo.calls.find("compute", "POST", "/action$") == []
    assert (scene.how_it_is(), scene.digests()) == (was, spoilt)
    scene.env.assert_nothing_left(backups_left=3)
    scene.rows_at_rest()


@pytest.mark.parametrize("kind", ["volume", "image"])
def test_a_restore_that_is_cancelled_while_it_copies_leaves_nothing(
    scene: Scene, clock: WatchedClock, kind: str
) -> None:
    scene.ctx = job_context(scene.env, clock=clock)
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.calls.clear()
    operation = scene.env.request_restore(scene.backup_id)

    def before_sleep() -> None:
        made = [one["name"] or "" for one in scene.env.upstream(kind)]
        if not scene.env.log(operation).cancel_requested and any(one.startswith("opencbr-") for one in made):
            scene.env.cancel(operation)

    clock.before_sleep = before_sleep
    log = scene.run(operation)
    assert re.match("step (copy|stop): cancelled by request", log.error_message)
    assert scene.env.demo.calls.find("compute", "POST", "/action$") == []
    assert (scene.how_it_is(), scene.digests()) == (was, spoilt)
    scene.env.assert_nothing_left(backups_left=3)
    scene.rows_at_rest()


def test_a_rebuild_that_fails_says_who_has_to_help_and_keeps_the_way_back(scene: Scene) -> None:
    before, root = scene.overwrite(), scene.volumes[0]
    scene.env.demo.fail("server.rebuilt", reason="no space on the back end")
    log = scene.restore()
    assert log.status == "failed"
    assert "1 times: no space on the back end; its root volume" in log.error_message
    assert "an administrator has to set it to in-use before Nova rebuilds" in log.error_message
    told = " ".join(log.details[NOTES])
    assert f"openstack volume set --state in-use {root}" in told
    kept = [entry for entry in scene.env.ledger() if entry.kept_until is not None]
    assert [entry.kind for entry in kept] == ["snapshot"] * 3
    assert {entry.kind for entry in scene.env.ledger()} == {"backup", "snapshot"}, "the copies are gone"
    scene.rows_at_rest()
    shown = scene.env.ways_back().show(scene.env.context(), log.id)
    problems = {one.disk.volume_id: str(one.problem) for one in shown.disks if one.problem}
    assert problems.keys() == {root}
    assert "only an administrator sets it to in-use again" in problems[root]
    # The administrator has helped, and the tenant restores again.
    scene.change("volume", root, status="in-use")
    scene.change("server", scene.server_id, status="SHUTOFF")
    assert scene.restore().status == "success"
    assert scene.digests() == before


@pytest.mark.parametrize("status", ["downloading", "reserved"])
def test_a_nova_that_did_not_wait_for_cinder_is_told_so(
    scene: Scene, clock: WatchedClock, status: str
) -> None:
    scene.ctx, root = job_context(scene.env, clock=clock), scene.volumes[0]
    scene.env.demo.fail("server.rebuilt", times=0)

    def before_sleep() -> None:
        scene.env.demo.settle()
        if scene.doc("volume", root)["status"] == "error":
            scene.change("volume", root, status=status)

    clock.before_sleep = before_sleep
    log = scene.restore()
    assert "1 times: This failure was injected" in log.error_message
    assert (
        "no longer than its reimage_timeout_per_gb, 20 s where nobody has set it, and an" in log.error_message
    )


def test_a_data_disk_that_cinder_leaves_in_an_error_is_told_and_the_rest_is_given_back(scene: Scene) -> None:
    scene.overwrite()
    scene.env.demo.backend.failures.inject("backup.restored", times=0, reason="as requested")
    disks = scene.volumes[1:]
    log = scene.restore(disks[:1])
    assert "Cinder's restore of backup" in log.error_message
    assert "1 times: as requested" in log.error_message
    assert f"openstack volume set --state available {disks[0]}" in " ".join(log.details[NOTES])
    assert scene.doc("volume", disks[1])["status"] == "in-use"
    assert (scene.server["status"], scene.server["locked"]) == ("SHUTOFF", False)


def test_an_older_nova_and_an_encrypted_root_are_refused_beforehand(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans, asked = scene.env.plans(), scene.env.context()
    plan = plans.create(asked, scene.backup_id, Choices(), kind="in_place")
    assert (plan.status, [one for one in plan.notices if "by a rebuild of its server" in one]) != (
        "ready",
        [],
    )
    scene.change("volume", scene.volumes[0], encryption_key_id="a key")
    plan = plans.create(asked, scene.backup_id, Choices(), kind="in_place")
    assert "it is encrypted, and a rebuild of its server would not" in str(plan.problems)
    scene.change("volume", scene.volumes[0], encryption_key_id=None)
    monkeypatch.setattr(Reader, "newest", lambda *_: "2.92")
    with pytest.raises(CbrError, match=r"takes Nova 2\.93, and this one speaks at most 2\.92") as caught:
        scene.env.request_restore(scene.backup_id)
    assert caught.value.code == "2011"
    plan = plans.create(asked, scene.backup_id, Choices(), kind="in_place")
    assert plan.status == "refused"
    assert "takes Nova 2.93" in " ".join(one.sentence for one in plan.problems)
    assert scene.restore(scene.volumes[1:]).status == "success", "data disks need no rebuild"


def test_a_right_that_is_promised_and_not_given_is_named_and_all_is_as_it_was(env: JobEnv) -> None:
    with opened_scene(env, SERVER) as scene:
        before = scene.how_it_is(), scene.digests()
        env.demo.backend.forbidden.add(SET_STATUS)
        log = scene.restore(scene.volumes[:1])
        env.demo.backend.forbidden.clear()
        assert f"Policy doesn't allow {SET_STATUS}" in log.error_message
        assert "set cloud.sets_volume_status = false" in log.error_message
        assert (log.status, scene.how_it_is(), scene.digests()) == ("failed", *before)
        env.assert_nothing_left(backups_left=3)
