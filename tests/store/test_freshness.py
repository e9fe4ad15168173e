"""Which backups and runs count for how fresh a resource is, and that each is found by an index however many there are."""

from datetime import timedelta

import pytest

from opencbr.model.drill import Drill
from opencbr.model.extend_info import RESTORE_TESTED
from opencbr.model.lists import FreshnessFilter, Page
from opencbr.store import backups, checkpoints, drills, freshness, resources, vaults
from opencbr.store.database import Database

from .samples import NOW, OTHER, PROJECT, backup, checkpoint, disk, ident, resource, vault

HOUR = timedelta(hours=1)
OLDEST_FIRST = Page(limit=10, sort=(("unprotected_since", "asc"),))


class Scene:
    """A vault with a server, and what has become of it."""

    def __init__(self, database: Database, project: str = PROJECT) -> None:
        self.database, self.project = database, project
        self.vault = vault(project_id=project)
        self.point = checkpoint(self.vault)
        self.server = resource(self.vault)
        with database.write() as conn:
            vaults.insert(conn, self.vault)
            checkpoints.insert(conn, self.point)
            resources.bind(conn, self.server)

    def backup(self, age: timedelta, **fields):
        given = {
            "status": "available",
            "verdict": "complete",
            "created_at": NOW - age,
            "resource_id": self.server.id,
        }
        row = backup(self.point, **given | fields)
        with self.database.write() as conn:
            backups.insert(conn, row)
        return row

    def drill(self, of, verdict: str, *, tested: bool):
        row = Drill(
            id=ident(),
            project_id=self.project,
            backup_id=of.id,
            backup_name="b",
            resource_id=of.resource_id,
            resource_name="s",
            verdict=verdict,
            created_at=NOW,
            ended_at=NOW,
        )
        with self.database.write() as conn:
            drills.insert(conn, row)
            told = {"drill_id": row.id, "verdict": verdict, "tested_at": "2026-03-01T12:00:00.000000"}
            backups.set_info(
                conn, self.project, of.id, RESTORE_TESTED, told if tested else None, updated_at=NOW
            )

    def list(self, **wanted):
        with self.database.read() as conn:
            return freshness.list(conn, self.project, FreshnessFilter(**wanted), OLDEST_FIRST)

    def one(self):
        (found,) = self.list(ids=(self.server.id,)).items
        return found


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_without_a_backup_it_counts_from_the_binding(scene: Scene):
    found = scene.one()
    assert (found.unprotected_since, found.newest_complete, found.newest_finished) == (NOW, None, None)
    assert (found.name, found.vault_name, found.policy_id, found.last_run) == ("web-1", "v", None, None)
    assert scene.list(has_backup=False).count == 1
    assert scene.list(has_backup=True).items == []


def test_what_counts_as_complete_and_as_finished(scene: Scene):
    complete = scene.backup(9 * HOUR)
    partial = scene.backup(5 * HOUR, verdict="partial", status="restoring")
    scene.backup(4 * HOUR, verdict=None, status="error")
    scene.backup(3 * HOUR, status="deleting")
    scene.backup(2 * HOUR, held_at=NOW)
    with scene.database.write() as conn:  # a disk of a server's backup is no backup of the disk
        backups.insert(conn, disk(complete, resource_id=scene.server.id, verdict="complete"))
    found = scene.one()
    assert found.unprotected_since == complete.created_at
    assert (found.newest_complete, found.newest_finished) == (complete, partial)
    newer = scene.backup(HOUR, status="waiting_restore")
    assert scene.one().newest_complete == newer == scene.one().newest_finished


def test_restore_tested_is_what_backups_say_of_themselves(scene: Scene):
    older, newer, newest = scene.backup(9 * HOUR), scene.backup(5 * HOUR), scene.backup(HOUR)
    scene.drill(older, "passed", tested=True)
    scene.drill(newest, "failed", tested=False)
    assert scene.one().newest_restore_tested.id == older.id
    scene.drill(newer, "unchecked", tested=True)
    scene.drill(newer, "skipped", tested=True)  # says nothing of the backup
    assert scene.one().newest_restore_tested.id == newer.id
    scene.drill(newer, "failed", tested=False)
    assert scene.one().newest_restore_tested.id == older.id


def test_numbers_of_vaults_and_project_and_nobody_elses(scene: Scene, database: Database):
    foreign = Scene(database, OTHER)
    fresh = resource(scene.vault, created_at=NOW - 99 * HOUR)
    empty = vault(name="empty")
    with database.write() as conn:
        resources.bind(conn, fresh)
        vaults.insert(conn, empty)
    scene.backup(3 * HOUR, resource_id=fresh.id)
    scene.backup(3 * HOUR, resource_id=foreign.server.id)
    with database.read() as conn:
        numbers = freshness.of_vaults(conn, PROJECT, [scene.vault.id, empty.id, foreign.vault.id])
        project, theirs = freshness.summary(conn, PROJECT), freshness.summary(conn, OTHER)
    assert numbers[scene.vault.id] == project
    assert (project.resources, project.without_backup, project.last_run_failed) == (2, 1, 0)
    assert project.unprotected_since == NOW - 3 * HOUR
    assert numbers[empty.id].unprotected_since is None
    assert numbers[foreign.vault.id].resources == 0
    assert (theirs.resources, theirs.without_backup) == (1, 1)
    assert [one.id for one in scene.list().items] == [fresh.id, scene.server.id]
    assert scene.list(vault_ids=(foreign.vault.id,)).count == 0
