"""The disks of a backup are what the backup is: while it goes, when it could not, and for ShowMetadata."""

import pytest

from opencbr.model.backup import READABLE
from support.job_env import JobEnv
from support.job_steps import PausedDeletion, backed_up, disk_of, rows

pytestmark = pytest.mark.usefixtures("worker")


def statuses(env: JobEnv, backup_id: str) -> list[str]:
    top = env.backup(backup_id, held=True)
    assert top is not None
    return [top.status, *(disk.status for disk in env.disks(backup_id, held=True))]


def test_the_disks_are_deleted_with_their_backup_and_show_nothing_any_more(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    (backup,) = backed_up(env, env.bind("db1"))
    disk = disk_of(env, backup, "archive")
    paused = PausedDeletion(monkeypatch, disk.cinder_backup_id)
    deletion = env.request_deletion(backup)
    paused.begun()
    assert statuses(env, backup) == ["deleting"] * 4
    answers = [env.records.answer(env.project_id, one, frozenset()) for one in (backup, disk.id)]
    assert [answer is not None and answer.status in READABLE for answer in answers] == [False, False]
    paused.resume()
    env.succeeded(deletion)


def test_a_half_failed_deletion_leaves_no_disk_that_looks_good(env: JobEnv) -> None:
    bound = env.bind("db1")
    (backup,) = backed_up(env, bound)
    stays = disk_of(env, backup, "data")
    env.demo.faults.inject(
        service="volume", method="DELETE", path=f"/backups/{stays.cinder_backup_id}", status=403, times=0
    )
    assert env.ended(env.request_deletion(backup)).status == "failed"
    env.demo.faults.clear()
    assert statuses(env, backup) == ["error"] * 4
    assert [disk.cinder_backup_id for disk in env.disks(backup)] == [None, stays.cinder_backup_id, None]
    (after,) = backed_up(env, bound)
    assert [disk.is_incremental for disk in env.disks(after)] == [False] * 3
    env.succeeded(env.request_deletion(backup))
    assert rows(env) == 4
    env.assert_nothing_left(backups_left=3)


def test_the_disks_of_a_failed_backup_fail_with_it(env: JobEnv) -> None:
    faults = env.demo.faults
    faults.inject(service="volume", method="GET", path="/export_record", status=500, times=0)
    faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    operation = env.request_backup(env.bind("db1"))
    assert env.ended(operation).status == "failed"
    faults.clear()
    assert statuses(env, operation.backup_id or "") == ["error"] * 4
    env.succeeded(env.request_deletion(operation.backup_id or ""))
    env.assert_nothing_left()
