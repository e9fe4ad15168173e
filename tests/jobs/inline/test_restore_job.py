"""A restore in place: the bytes, and that the server is given back as it was, whatever came of it."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from opencbr.democloud.seed.servers import make_disk
from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.operation_log import NOTES
from opencbr.service.restores import Restores, RestoreSpec
from opencbr.store import operation_logs
from support.inline_job import carry_out_inline, job_context
from support.job_env import QUICK, JobEnv
from support.restore_scene import Scene, opened_scene


@pytest.fixture
def scene(env: JobEnv) -> Iterator[Scene]:
    with opened_scene(env, "db1") as scene:
        yield scene


def test_every_disk_has_the_bytes_of_its_backup_again(scene: Scene) -> None:
    before, was = scene.overwrite(), scene.how_it_is()
    log = scene.restore()
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    assert scene.digests() == before
    assert scene.how_it_is() == was
    scene.rows_at_rest()
    report = log.details["report"]
    assert report["restored"] > 100
    assert report["not_as_before"] == []


def test_a_restore_without_a_plan_reports_what_is_not_as_before(scene: Scene) -> None:
    root, data, archive = scene.volumes
    scene.change("volume", data, name="another")
    report = scene.restore([data]).details["report"]
    rows = {(one["document"].replace("@newest", ""), one["field"]): one for one in report["not_as_before"]}
    name = rows[f"volume/{data}", "volume.name"]
    assert (name["became"], name["why"]) == ("impossible", 'kept as it is now: "another"')
    assert {rows[f"volume/{one}", "volume.name"]["became"] for one in (root, archive)} == {"skipped"}
    assert report["skipped"] > 0


def test_a_report_that_the_cloud_is_silent_about_keeps_no_restore_from_its_end(scene: Scene) -> None:
    scene.env.demo.faults.inject(service="network", method="GET", path="/v2.0/ports/", status=500, times=0)
    log = scene.restore()
    assert (log.status, log.error_message) == ("success", "")
    assert "report" not in log.details
    assert any("there is no report of the captured fields" in one for one in log.details[NOTES])


def test_a_report_of_an_answer_of_another_shape_keeps_no_restore_from_its_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misread(*_: object, **__: object) -> None:
        raise KeyError("addresses")

    monkeypatch.setattr("opencbr.jobs.restore.report.read_view", misread)
    log = scene.restore()
    assert (log.status, log.error_message, "report" in log.details) == ("success", "", False)
    assert any("there is no report of the captured fields: KeyError" in one for one in log.details[NOTES])


def asked(scene: Scene) -> int:
    """How often Cinder was asked to write."""
    return len(scene.env.posts("/restore$"))


@pytest.mark.parametrize(
    ("status", "power_on", "after"),
    [("SHUTOFF", False, "SHUTOFF"), ("SHUTOFF", True, "ACTIVE"), ("ACTIVE", False, "SHUTOFF")],
)
def test_power_on_says_how_the_server_is_left(scene: Scene, status: str, power_on: bool, after: str) -> None:
    scene.change("server", scene.server_id, status=status)
    before = scene.overwrite()
    assert scene.restore(power_on=power_on).status == "success"
    assert scene.server["status"] == after
    assert scene.digests() == before
    assert asked(scene) == 3, "each disk once"


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF"])
def test_a_lock_and_the_places_of_the_disks_stay(scene: Scene, status: str) -> None:
    locked = {"locked": True, "locked_reason": "do not touch", "locked_by": "owner"}
    scene.change("server", scene.server_id, status=status, **locked)
    for number, row in enumerate(scene.attachments()):
        if row["device"] != "/dev/sda":
            scene.change(
                "attachment",
                row["id"],
                device=f"/dev/sd{'kf'[number % 2]}",
                tag=f"tag{number}",
                delete_on_termination=True,
            )
    was = scene.how_it_is()
    assert scene.restore(power_on=status == "ACTIVE").status == "success"
    assert scene.how_it_is() == was


def test_some_disks_of_several_and_the_others_are_left_alone(scene: Scene) -> None:
    root, data, archive = scene.volumes
    before = scene.overwrite()
    spoilt, places = scene.digests(), {row["volume_id"]: row["id"] for row in scene.attachments()}
    assert scene.restore([data]).status == "success"
    assert scene.digests() == spoilt | {data: before[data]}
    after = {row["volume_id"]: row["id"] for row in scene.attachments()}
    assert (after[root], after[archive]) == (places[root], places[archive]), "never detached"
    assert len(scene.env.upstream("snapshot")) == 1


def test_a_volume_that_has_grown_keeps_its_size(scene: Scene) -> None:
    data, written = scene.volumes[1], 3 << 20
    before = scene.env.demo.read(data, length=written)
    scene.overwrite()
    scene.change("volume", data, size=2)
    scene.env.demo.backend.disks.create(data, 2 << 30)
    assert scene.restore([data]).status == "success"
    assert scene.doc("volume", data)["size"] == 2
    assert scene.env.demo.read(data, length=written) == before


def test_a_server_from_an_image_has_its_data_disks_restored(env: JobEnv) -> None:
    with opened_scene(env, "web1") as scene:
        before, was = scene.overwrite(), scene.how_it_is()
        log = scene.restore()
        assert (log.status, log.error_message) == ("success", "")
        assert (scene.digests(), scene.how_it_is()) == (before, was)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_disk_is_restored_to_where_it_came_from_or_to_another(env: JobEnv, elsewhere: bool) -> None:
    state, owner = env.demo.backend.state, env.demo.account("demo")
    with state.change():
        disk, other = (make_disk(env.demo.backend, owner, name, 1) for name in ("loose", "another"))
    ctx, free = job_context(env), other if elsewhere else disk
    backup = env.request_backup(env.bind("loose", "disk")).backup_id or ""
    with env.database.read() as conn:
        (log,) = operation_logs.waiting(conn, 1)
    assert carry_out_inline(env, ctx, log).status == "success"
    before = env.demo.sha256(disk["id"])
    env.demo.write(free["id"], b"spoilt" * 1000)
    asked = RestoreSpec(backup_id=backup, volume_id=other["id"] if elsewhere else None)
    log = carry_out_inline(env, ctx, Restores(env.database, env.cloud).create(env.context(), asked))
    assert (log.status, log.error_message) == ("success", "")
    assert log.details["target_resource_id"] == free["id"]
    assert env.demo.sha256(free["id"]) == before
    assert state.get("volume", free["id"])["status"] == "available"
    assert log.details["report"]["restored"] + log.details["report"]["mapped"] > 10


def test_what_was_written_over_can_be_had_back_for_a_time(scene: Scene) -> None:
    scene.overwrite()
    spoilt = scene.digests()
    assert scene.restore().status == "success"
    snapshots = scene.env.upstream("snapshot")
    assert {one["volume_id"]: scene.env.demo.sha256(one["id"]) for one in snapshots} == spoilt
    assert take_stock(scene.env.database, scene.env.cloud).orphans == ()
    remove_leftovers(scene.ctx)
    assert len(scene.env.upstream("snapshot")) == 3, "not before its time"
    scene.ctx.clock.sleep(86_400.0)
    remove_leftovers(scene.ctx)
    scene.env.assert_nothing_left(backups_left=3)


def test_an_operator_may_do_without_a_way_back(scene: Scene) -> None:
    scene.ctx = job_context(scene.env, settings=msgspec.structs.replace(QUICK, way_back_seconds=0.0))
    before = scene.overwrite()
    assert scene.restore().status == "success"
    assert scene.digests() == before
    scene.env.assert_nothing_left(backups_left=3)


EARLY: dict[str, tuple[str, dict[str, int]]] = {
    "the server is not stopped": ("compute POST /action$", {"after": 0, "times": 1}),
    "a disk is not detached": ("compute DELETE /os-volume_attachments/", {"after": 1, "times": 0}),
    "the server is not locked": ("compute POST /action$", {"after": 1, "times": 1}),
    "Cinder does not write": ("volume POST /restore$", {"after": 0, "times": 0}),
    "there is no room for a snapshot": ("volume POST /snapshots$", {"after": 2, "times": 0, "status": 413}),
}


@pytest.mark.parametrize("trouble", EARLY)
@pytest.mark.parametrize("locked", [False, True])
def test_what_fails_before_the_first_byte_leaves_all_as_it_was(
    scene: Scene, trouble: str, locked: bool
) -> None:
    if locked:
        scene.change("server", scene.server_id, locked=True, locked_reason="mine", locked_by="owner")
    call, given = EARLY[trouble]
    service, method, path = call.split()
    given = {"status": 403} | given
    given["after"] += locked and path == "/action$"  # it is unlocked first
    scene.env.demo.faults.inject(service=service, method=method, path=path, **given)
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    log = scene.restore()
    assert log.status == "failed"
    assert f"answered {given['status']} (req-" in log.error_message
    assert (scene.how_it_is(), scene.digests()) == (was, spoilt)
    assert asked(scene) == 0
    scene.rows_at_rest()
    scene.env.demo.faults.clear()
    remove_leftovers(scene.ctx)
    scene.env.assert_nothing_left(backups_left=3)


def test_a_server_that_an_admin_has_locked_is_left_alone(scene: Scene) -> None:
    scene.change("server", scene.server_id, locked=True, locked_reason="maintenance", locked_by="admin")
    was = scene.how_it_is()
    log = scene.restore()
    assert (log.status, log.error_code) == ("failed", "9998")
    assert "unlock_override" in log.error_message
    assert "still in the cloud" not in log.error_message, "nothing was changed"
    assert scene.how_it_is() == was


@pytest.mark.parametrize("failures", [1, 2])
def test_a_disk_that_cinder_fails_to_write_is_tried_again(scene: Scene, failures: int) -> None:
    before, was = scene.overwrite(), scene.how_it_is()
    scene.env.demo.fail("backup.restored", times=failures, reason="the mover began anew")
    log = scene.restore()
    assert (log.status, log.error_message) == ("success", "")
    assert (scene.digests(), scene.how_it_is()) == (before, was)


def test_after_the_first_byte_the_server_is_given_back_shut_off_with_its_way_back(scene: Scene) -> None:
    scene.change("server", scene.server_id, locked=True, locked_reason="mine", locked_by="owner")
    scene.overwrite()
    (server, places, statuses), spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.fail("backup.restored", times=0, reason="no such object")
    log = scene.restore()
    assert (log.status, log.error_code) == ("failed", "9910")
    assert re.search(r"step restore: .*error_restoring \(req-.*\) 3 times: no such object", log.error_message)
    assert scene.how_it_is() == (server | {"status": "SHUTOFF"}, places, statuses)
    assert any("shut off" in sentence for sentence in log.details[NOTES])
    scene.rows_at_rest()
    snapshots = scene.env.upstream("snapshot")
    assert {one["volume_id"]: scene.env.demo.sha256(one["id"]) for one in snapshots} == spoilt
    remove_leftovers(scene.ctx)
    assert len(scene.env.upstream("snapshot")) == 3
    scene.env.demo.backend.failures.clear()
    assert scene.restore().status == "success"


@pytest.mark.parametrize("answer", [{"drop": "after"}, {"drop": "before"}, {"status": 503}])
def test_an_answer_that_is_lost_costs_nothing(scene: Scene, answer: dict[str, Any]) -> None:
    before, was = scene.overwrite(), scene.how_it_is()
    for service, path in (
        ("volume", "/restore$"),
        ("volume", "/volumes/.*/action$"),
        ("compute", "/action$"),
        ("compute", "/os-volume_attachments$"),
    ):
        scene.env.demo.faults.inject(service=service, method="POST", path=path, times=1, **answer)
    log = scene.restore()
    assert (log.status, log.error_message) == ("success", "")
    assert (scene.digests(), scene.how_it_is()) == (before, was)


def test_what_has_changed_since_the_request_is_seen_before_anything_is_touched(scene: Scene) -> None:
    operation = scene.env.request_restore(scene.backup_id)
    data = scene.attachments()[1]
    with scene.env.demo.backend.state.change():
        scene.env.demo.backend.state.drop("attachment", data["id"])
    scene.change("volume", data["volume_id"], status="available")
    was = scene.how_it_is()
    log = scene.run(operation)
    assert (log.status, log.error_code) == ("failed", "2011")
    assert scene.how_it_is() == was
    scene.rows_at_rest()


def test_two_restores_of_one_server_at_once(scene: Scene) -> None:
    second = carry_out_inline(
        scene.env, scene.ctx, scene.env.request_backup(scene.env.resource_of(scene.server_id))
    )
    operation = scene.env.request_restore(scene.backup_id)
    assert scene.refused() == "2010", "the same backup"
    first, scene.backup_id = scene.backup_id, second.backup_id or ""
    assert scene.refused([scene.volumes[1]]) == "2010", "another backup, the same server"
    assert scene.run(operation).status == "success"
    assert scene.restore().status == "success"
    scene.backup_id = first
    scene.rows_at_rest()
