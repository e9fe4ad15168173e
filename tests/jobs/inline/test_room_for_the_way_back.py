"""A restore whose snapshots have no room: refused before anything is touched, unless the operator allows it."""

from collections.abc import Iterator

import msgspec
import pytest

from opencbr.democloud.volume import quotas
from opencbr.model.operation_log import NOTES
from support.inline_job import job_context
from support.job_env import QUICK, JobEnv
from support.restore_scene import Scene, opened_scene


@pytest.fixture(params=["snapshots", "gigabytes"])
def scene(env: JobEnv, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A server whose project has no room in one quota for what a restore of three disks with 5 GiB keeps."""
    with opened_scene(env, "db1") as scene:
        state = env.demo.backend.state
        has, room = quotas.used(env.demo.backend, env.project_id), {"snapshots": 2, "gigabytes": 4}
        limit = has[request.param] + room[request.param]
        with state.change():
            state.put("quota", {"id": env.project_id, request.param: limit})
        yield scene
        with state.change():
            state.drop("quota", env.project_id)


def test_it_is_refused_with_both_numbers_before_anything_is_touched(
    scene: Scene, request: pytest.FixtureRequest
) -> None:
    scene.overwrite()
    was, spoilt = scene.how_it_is(), scene.digests()
    scene.env.demo.calls.clear()
    log = scene.restore()
    assert (log.status, log.error_code) == ("failed", "8300")
    name, more = ("snapshots", 3) if "snapshots" in request.node.name else ("gigabytes", 5)
    used = quotas.used(scene.env.demo.backend, scene.env.project_id)[name]
    assert f" has {used} of {used + more - 1} {name}, asked for {more} more" in log.error_message
    assert [call for call in scene.env.demo.calls.find() if call.method not in ("GET", "POST")] == []
    assert scene.env.demo.calls.find("compute", "POST") == scene.env.demo.calls.find("volume", "POST") == []
    assert (scene.how_it_is(), scene.digests()) == (was, spoilt)
    scene.rows_at_rest()


def test_an_operator_may_allow_it_without(scene: Scene) -> None:
    scene.ctx = job_context(scene.env, settings=msgspec.structs.replace(QUICK, way_back_optional=True))
    before, was = scene.overwrite(), scene.how_it_is()
    log = scene.restore()
    assert (log.status, log.error_message) == ("success", "")
    assert any("no room for the way back" in one for one in log.details[NOTES])
    assert (scene.digests(), scene.how_it_is()) == (before, was)
    assert scene.env.ways_back().show(scene.env.context(), log.id).way_back.status == "none"
    scene.env.assert_nothing_left(backups_left=3)
