"""What several tests of jobs do in an environment: chains of backups, a look at the rows, a deletion that pauses."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from opencbr.cloud.cloud import ProjectCloud
from opencbr.jobs.context import CloudContext
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.model.backup import DiskBackup
from opencbr.model.vault import Resource
from opencbr.store import disk_backups, tables
from support.job_env import QUICK, JobEnv


def backed_up(env: JobEnv, bound: Resource, times: int = 1) -> list[str]:
    """Back a resource up so many times; the ids, oldest first."""
    operations = []
    for _ in range(times):
        operations.append(env.request_backup(bound))
        env.succeeded(operations[-1])
    return [operation.backup_id or "" for operation in operations]


def rows(env: JobEnv) -> int:
    """All rows of backups, held ones and disks too."""
    with env.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(tables.backup)).scalar_one())


def disk_of(env: JobEnv, backup_id: str, name: str = "") -> DiskBackup:
    """The one disk of a backup, or the one of that name; the backup itself when it is a disk's."""
    disks = [d for d in env.disks(backup_id, held=True) if name in d.resource_name]
    if not disks:
        with env.database.read() as conn:
            disks = disk_backups.of_backup(conn, env.project_id, backup_id)
    (disk,) = disks
    return disk


def context_of(env: JobEnv) -> CloudContext:
    return CloudContext(
        database=env.database, cloud=env.cloud, clock=env.clock, settings=QUICK, guard=lambda: None
    )


class PausedDeletion:
    """The deletion of one upstream object waits, in the worker of this process, until it is resumed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, upstream_id: str | None) -> None:
        self._begun = threading.Event()
        self._resumed = threading.Event()
        backup = KINDS["backup"]

        def delete(project: ProjectCloud, wanted: str) -> None:
            if wanted == upstream_id:
                self._begun.set()
                assert self._resumed.wait(60)
            backup.delete(project, wanted)

        monkeypatch.setitem(KINDS, "backup", replace(backup, delete=delete))

    def begun(self) -> None:
        assert self._begun.wait(60), "the deletion never began"

    def resume(self) -> None:
        self._resumed.set()
