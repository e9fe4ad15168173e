"""A restore in place of a server whose root disk is no volume: Nova writes it anew from the image of the backup, and back."""

from collections.abc import Iterator
from types import SimpleNamespace

import msgspec
import pytest

from opencbr.democloud.compute import rebuild
from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.store import tables
from support.inline_job import job_context
from support.job_env import QUICK
from support.restore_scene import JobEnv, Scene, opened_scene

SERVER = "web1"


@pytest.fixture
def scene(env: JobEnv) -> Iterator[Scene]:
    with opened_scene(env, SERVER) as scene:
        yield scene


def everything(scene: Scene) -> dict[str, str]:
    """The digests of the volumes and of the root disk."""
    return scene.digests() | {"root": scene.env.demo.sha256(scene.server_id)}


def spoil(scene: Scene) -> dict[str, str]:
    """Write over all of it; the digests before that."""
    before = everything(scene)
    scene.overwrite()
    scene.env.demo.write(scene.server_id, b"written since", offset=4096)
    return before


def images(scene: Scene) -> list[str]:
    return sorted(one["id"] for one in scene.env.images())


def restored(scene: Scene) -> OperationLog:
    log = scene.restore()
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    return log


@pytest.mark.parametrize("locked", [False, True])
def test_root_and_data_come_back_and_the_server_is_as_it_was(scene: Scene, locked: bool) -> None:
    scene.change("server", scene.server_id, locked=locked, locked_by="owner" if locked else None)
    was, own = scene.how_it_is(), images(scene)
    before = spoil(scene)
    spoilt = everything(scene)
    restored(scene)
    assert everything(scene) == before
    assert scene.how_it_is() == was
    assert scene.server["image_id"] == own[0]
    (kept,) = [entry for entry in scene.env.ledger() if entry.kind == "image" and entry.backup_id is None]
    assert kept.kept_until is not None
    assert scene.env.demo.sha256(kept.upstream_id or "") == spoilt["root"], (
        "the way back holds what was there"
    )
    scene.rows_at_rest()


def test_an_undoing_takes_the_root_disk_back_too(scene: Scene) -> None:
    own = images(scene)
    spoil(scene)
    spoilt = everything(scene)
    restore = restored(scene)
    shown = scene.env.ways_back().show(scene.env.context(), restore.id)
    assert shown.root_image is not None
    assert shown.root_image.image_id in images(scene)
    assert (shown.root_image.may_be_written, shown.root_image.problem) == (True, None)
    was = scene.how_it_is()
    log = scene.undo(restore)
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    assert everything(scene) == spoilt
    assert scene.how_it_is() == was
    assert images(scene) == own
    scene.env.assert_nothing_left(backups_left=1)
    scene.rows_at_rest()


def test_the_password_that_nova_gives_a_rebuilt_server_stands_nowhere(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    password = "what-nova-calls-adminPass"
    sent: list[str] = []

    def token_urlsafe(_: int) -> str:
        sent.append(password)
        return password

    monkeypatch.setattr(rebuild, "secrets", SimpleNamespace(token_urlsafe=token_urlsafe))
    caplog.set_level("DEBUG")
    restored(scene)
    assert sent == [password]
    with scene.env.database.read() as conn:
        rows = [row for table in tables.metadata.sorted_tables for row in conn.execute(table.select())]
    assert rows
    assert password not in repr(rows)
    assert password not in caplog.text


def test_mappings_name_volumes_and_leave_the_root_disk_as_it_is(scene: Scene) -> None:
    before = spoil(scene)
    spoilt = everything(scene)
    log = scene.restore(scene.volumes)
    assert log.status == "success", log.error_message
    assert everything(scene) == {**before, "root": spoilt["root"]}


def test_a_server_that_boots_from_a_volume_is_no_target(scene: Scene) -> None:
    assert scene.refused(server=scene.env.server_id("db1")) == "2013"


def test_nothing_is_written_over_without_a_way_back_unless_the_operator_does_without(scene: Scene) -> None:
    before = everything(scene)
    was = scene.how_it_is()
    scene.env.demo.fail("image.saved", times=0)
    log = scene.restore()
    assert log.status == "failed"
    assert "what the root disk holds cannot be kept, and nothing is written over" in log.error_message
    assert (everything(scene), scene.how_it_is()) == (before, was)
    scene.env.assert_nothing_left(backups_left=1)
    spoil(scene)
    scene.ctx = job_context(scene.env, settings=msgspec.structs.replace(QUICK, way_back_seconds=0))
    restored(scene)
    assert everything(scene) == before


def test_an_image_that_is_gone_ends_a_restore_before_anything_is_touched(scene: Scene) -> None:
    state, (own,) = scene.env.demo.backend.state, images(scene)
    spoilt = spoil(scene) and everything(scene)
    doc = scene.doc("image", own)
    with state.change():
        state.put("image", doc | {"status": "queued"})
    log = scene.restore()
    assert (log.status, log.error_code) == ("failed", "2005")
    assert f"image {own} of the root disk is queued" in log.error_message
    assert everything(scene) == spoilt
    with state.change():
        state.put("image", doc)


@pytest.mark.parametrize("times", [1, 0])
def test_a_rebuild_that_fails_is_asked_for_again_and_told(scene: Scene, times: int) -> None:
    before = spoil(scene)
    scene.env.demo.fail("server.rebuilt", times=times, reason="no such disk on the host")
    log = scene.restore()
    scene.env.demo.backend.failures.clear()
    if times:
        assert (log.status, everything(scene)) == ("success", before)
        return
    assert log.status == "failed"
    assert "ended in ERROR" in log.error_message
    assert "3 times: no such disk on the host" in log.error_message
    assert any("hold part of what was to be written" in one for one in log.details[NOTES])
    kept = [entry for entry in scene.env.ledger() if entry.kept_until is not None]
    assert sorted(entry.kind for entry in kept) == ["image", "snapshot"], "what was there can be had back"
    scene.rows_at_rest()


def test_the_way_back_of_a_root_disk_ends_with_its_time(scene: Scene) -> None:
    own = images(scene)
    restored(scene)
    assert len(images(scene)) == 2
    scene.ctx.clock.sleep(QUICK.way_back_seconds + 1)
    remove_leftovers(scene.ctx)
    assert images(scene) == own


def test_a_way_back_that_is_let_go_takes_its_image_along(scene: Scene) -> None:
    own = images(scene)
    restore = restored(scene)
    scene.env.ways_back().confirm(scene.env.context(), restore.id)
    remove_leftovers(scene.ctx)
    assert images(scene) == own
    scene.env.assert_nothing_left(backups_left=1)
