"""A restore as a new server whose root disk is no volume: from the image of the backup, else from the original one alone."""

from collections.abc import Iterator

import msgspec
import pytest

from opencbr.jobs.context import JobContext
from opencbr.model.extend_info import root_image_of
from opencbr.model.restore_plan.rows import Row
from opencbr.service.restore_plans import ShownPlan
from support.inline_job import carry_out_inline, job_context
from support.job_env import QUICK, JobEnv

SERVER = "web1"


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud is as it was afterwards: each test loses a server and more."""
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def backed_up(env: JobEnv, ctx: JobContext) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(SERVER)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def kept_image(env: JobEnv, backup_id: str) -> str:
    backup = env.backup(backup_id)
    assert backup is not None
    image = root_image_of(backup)
    assert image is not None
    return image.id


def root_row(plan: ShownPlan) -> Row:
    """What the plan says of the image that the server boots from."""
    (row,) = [row for row in plan.rows if (row.document, row.field) == ("server@newest", "server.image.id")]
    return row


def test_the_root_disk_comes_back_as_it_was_backed_up(place: JobEnv, ctx: JobContext) -> None:
    env, server = place, place.server_id(SERVER)
    env.demo.write(server, b"the root disk", offset=1 << 20)
    digests = {env.demo.sha256(server), env.demo.sha256(env.volume_id("web1-data"))}
    backup_id = backed_up(env, ctx)
    env.demo.write(server, b"written since", offset=1 << 20)
    image = kept_image(env, backup_id)
    env.lose_server(SERVER)
    row = root_row(plan := env.plan_new_server(backup_id))
    assert (row.fate, row.target) == ("mapped", image)
    assert row.reason == "the image that this backup made of the root disk"
    assert not any("original image" in notice for notice in plan.notices)
    assert not [row for row in plan.rows if row.fate == "unhandled"]
    log = carry_out_inline(env, ctx, env.request_new_server(backup_id))
    assert log.status == "success", log.error_message
    made = env.server_id(SERVER)
    assert {env.demo.sha256(made), env.demo.sha256(env.volume_id("web1-data"))} == digests
    state = env.demo.backend.state
    with state.change():
        doc = state.get("server", made)
        (held,) = state.all("attachment", server_id=made)
    assert doc is not None
    assert (doc["image_id"], held["device"]) == (image, "/dev/sdb")
    assert any(
        one["field"] == "server.image.id" and one["became"] == "mapped"
        for one in log.details["report"]["not_as_before"]
    )
    env.assert_nothing_left(backups_left=1)


def test_a_server_without_volumes_comes_back_from_its_image(place: JobEnv, ctx: JobContext) -> None:
    env, state, server = place, place.demo.backend.state, place.server_id(SERVER)
    with state.change():
        for held in list(state.all("attachment", server_id=server)):
            state.drop("attachment", held["id"])
    before = env.demo.sha256(server)
    backup_id = backed_up(env, ctx)
    env.demo.write(server, b"written since")
    env.lose_server(SERVER)
    log = carry_out_inline(env, ctx, env.request_new_server(backup_id))
    assert log.status == "success", log.error_message
    assert env.demo.sha256(env.server_id(SERVER)) == before


def test_the_original_image_is_not_needed(place: JobEnv, ctx: JobContext) -> None:
    env, state = place, place.demo.backend.state
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    tiny = state.find("image", name="tiny")
    assert tiny is not None
    with state.change():
        state.drop("image", tiny["id"])
    try:
        plan = env.plan_new_server(backup_id)
        assert plan.status == "ready"
        (row,) = [row for row in plan.rows if (row.document, row.field) == (f"image/{tiny['id']}", "name")]
        assert (row.fate, row.reason) == (
            "lost",
            "it is deleted; the root disk is in an image of this backup",
        )
        log = carry_out_inline(env, ctx, env.request_new_server(backup_id))
        assert log.status == "success", log.error_message
    finally:
        with state.change():
            state.put("image", tiny)


def test_without_the_image_of_its_backup_nothing_is_made(place: JobEnv, ctx: JobContext) -> None:
    env, state = place, place.demo.backend.state
    backup_id = backed_up(env, ctx)
    image, before = kept_image(env, backup_id), env.things()
    with state.change():
        doc = dict(state.get("image", image) or {})
        state.drop("image", image)
    plan = env.plan_new_server(backup_id)
    assert plan.status == "refused"
    (problem,) = [one for one in plan.problems if image in one.ids]
    assert problem.sentence.startswith(f"image {image}, which this backup made of the root disk, is gone")
    with state.change():
        state.put("image", doc | {"status": "queued"})
    assert env.plan_new_server(backup_id).status == "refused", "an image without bytes is none"
    assert env.things() == before


def test_a_backup_without_an_image_says_original_image_only(place: JobEnv) -> None:
    with place.cloud_kept():
        ctx = job_context(place, settings=msgspec.structs.replace(QUICK, root_images=False))
        backup_id = backed_up(place, ctx)
        place.lose_server(SERVER)
        plan = place.plan_new_server(backup_id)
        row = root_row(plan)
        assert row.fate == "kept"
        assert row.reason.startswith("original image only: this backup has no image of the root disk")
        assert row.reason in plan.notices
        log = carry_out_inline(place, ctx, place.request_new_server(backup_id))
        assert log.status == "success", log.error_message
        tiny = place.demo.backend.state.find("image", name="tiny")
        assert tiny is not None
        assert place.demo.sha256(place.server_id(SERVER)) == place.demo.sha256(tiny["id"])
    place.clear()
