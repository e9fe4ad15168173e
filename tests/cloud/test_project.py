"""A tenant's snapshots and backups: made in its project, and once, whatever gets lost."""

from dataclasses import replace

import pytest

from opencbr.cloud import made_things
from opencbr.cloud.errors import Denied, NotFound, Refused, Unreachable

from .clouds import CloudEnv

LOST = [
    {"drop": "after"},
    {"drop": "before"},
    {"status": 503},
    {"status": 500},
    {"status": 429, "headers": {"Retry-After": "2"}},
    {"malformed": True},
    {"truncated": True},
    {"status": 401},
]


@pytest.fixture(name="volume")
def _volume(env: CloudEnv) -> str:
    return env.volume_id("db1-data")


def clean(env: CloudEnv, name: str) -> None:
    project = env.cloud.project(env.project_id)
    for backup in made_things.backups(env.cloud.reader(), name):
        project.delete_backup(backup.id)
    for snapshot in made_things.snapshots(env.cloud.reader(), name):
        project.delete_snapshot(snapshot.id)
    assert made_things.backups(env.cloud.reader(), name) == []
    assert made_things.snapshots(env.cloud.reader(), name) == []


def test_they_lie_in_the_tenant_s_project(env: CloudEnv, volume):
    project = env.cloud.project(env.project_id)
    snapshot = project.create_snapshot(volume, "t1", "for a test", {"by": "us"})
    assert (snapshot.name, snapshot.volume_id, snapshot.status) == ("t1", volume, "creating")
    stands = project.get_snapshot(snapshot.id)
    assert (stands.id, stands.status, stands.size_gb) == (snapshot.id, "available", snapshot.size_gb)
    found = project.find_snapshot("t1", volume)
    assert found is not None
    assert replace(found, request_id=stands.request_id) == stands
    made = project.create_backup(volume, snapshot.id, "t1", metadata={"by": "us"})
    backup = project.get_backup(made.id)
    assert (backup.status, backup.volume_id, backup.snapshot_id) == ("available", volume, snapshot.id)
    assert (backup.is_incremental, backup.has_dependents) == (False, False)
    assert project.find_backup("t1", volume).id == made.id
    [row] = made_things.backups(env.cloud.reader(), "t1")
    assert (row.kind, row.id, row.project_id) == ("backup", made.id, env.project_id)
    [row] = made_things.snapshots(env.cloud.reader(), "t1")
    assert (row.kind, row.id, row.project_id) == ("snapshot", snapshot.id, env.project_id)
    clean(env, "t1")
    with pytest.raises(NotFound):
        project.get_backup(made.id)
    with pytest.raises(NotFound):
        project.delete_snapshot(snapshot.id)


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_a_snapshot_is_made_once(env: CloudEnv, volume, fault):
    injected = env.demo.faults.inject(service="volume", method="POST", path="/snapshots", **fault)
    project = env.cloud.project(env.project_id)
    made = project.create_snapshot(volume, "t2")
    assert injected.hits == 1
    assert [row.id for row in made_things.snapshots(env.cloud.reader(), "t2")] == [made.id]
    clean(env, "t2")


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_a_backup_is_made_once(env: CloudEnv, volume, fault):
    project = env.cloud.project(env.project_id)
    snapshot = project.create_snapshot(volume, "t3")
    injected = env.demo.faults.inject(service="volume", method="POST", path="/backups", **fault)
    made = project.create_backup(volume, snapshot.id, "t3")
    assert injected.hits == 1
    assert [row.id for row in made_things.backups(env.cloud.reader(), "t3")] == [made.id]
    clean(env, "t3")


def test_a_create_that_never_answers_ends(env: CloudEnv, volume):
    injected = env.demo.faults.inject(service="volume", method="POST", path="/snapshots", times=0, status=503)
    with pytest.raises(Unreachable, match="volume POST /snapshots answered 503"):
        env.cloud.project(env.project_id).create_snapshot(volume, "t4")
    assert injected.hits == 1 + env.cloud.settings.retries


def test_a_refusal_is_told_and_not_repeated(env: CloudEnv):
    volume = env.volume_id("web1-data")
    project = env.cloud.project(env.project_id)
    snapshot = project.create_snapshot(volume, "t5")
    env.demo.calls.clear()
    with pytest.raises(Refused, match="answered 400"):
        project.create_backup(volume, snapshot.id, "t5", incremental=True)
    assert len(env.demo.calls.find("volume", "POST", "/backups")) == 1
    clean(env, "t5")


def test_a_backup_with_incrementals_is_not_deleted(env: CloudEnv, volume):
    project = env.cloud.project(env.project_id)
    snapshots = [project.create_snapshot(volume, "t6-a")]
    full = project.create_backup(volume, snapshots[0].id, "t6-a")
    snapshots.append(project.create_snapshot(volume, "t6-b"))
    more = project.create_backup(volume, snapshots[1].id, "t6-b", incremental=True)
    assert project.get_backup(more.id).is_incremental
    assert project.get_backup(full.id).has_dependents
    with pytest.raises(Refused, match="ncremental backups exist"):
        project.delete_backup(full.id)
    project.delete_backup(more.id)
    clean(env, "t6")


def test_a_delete_whose_answer_is_lost_shows_as_gone(env: CloudEnv, volume):
    project = env.cloud.project(env.project_id)
    snapshot = project.create_snapshot(volume, "t7")
    env.demo.faults.inject(service="volume", method="DELETE", path="/snapshots", drop="after")
    with pytest.raises(NotFound):
        project.delete_snapshot(snapshot.id)


def test_another_project_s_objects_are_not_found(env: CloudEnv, volume):
    project, other = env.cloud.project(env.project_id), env.cloud.project(env.other_project_id)
    snapshot = project.create_snapshot(volume, "t8")
    backup = project.create_backup(volume, snapshot.id, "t8")
    with pytest.raises(NotFound):
        other.get_snapshot(snapshot.id)
    with pytest.raises(NotFound):
        other.delete_backup(backup.id)
    with pytest.raises(NotFound):
        other.create_snapshot(volume, "t8-foreign")
    with pytest.raises(Denied, match="belongs to another project"):
        other.export_record(backup.id, "export/x")
    document = project.export_record(backup.id, "export/x")
    assert (document.name, document.status) == ("export/x", 200)
    assert b'"backup-record"' in document.body
    clean(env, "t8")


def test_a_project_without_our_role_says_what_to_do(env: CloudEnv):
    with pytest.raises(Denied, match="opencbr register"):
        env.cloud.project("f" * 32).find_snapshot("x", "y")


def test_names_are_matched_whole(env: CloudEnv, volume):
    project = env.cloud.project(env.project_id)
    project.create_snapshot(volume, "t9-1")
    assert project.find_snapshot("t9", volume) is None
    assert project.find_snapshot("t9-1", env.volume_id("db1-root")) is None
    clean(env, "t9")
