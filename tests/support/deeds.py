"""What several tests of jobs do in a yard: chains of backups, a look at the rows, a deletion held back."""

import threading

import pytest
from sqlalchemy import func, select

from opencbr.cloud.cloud import ProjectCloud
from opencbr.jobs import upstream
from opencbr.jobs.kit import Site
from opencbr.model.backup import Backup
from opencbr.model.vault import Resource
from opencbr.store import backups, tables
from support.yard import QUICK, Yard


def backed_up(yard: Yard, bound: Resource, times: int = 1) -> list[str]:
    """Back a resource up so many times; the ids, oldest first."""
    orders = []
    for _ in range(times):
        orders.append(yard.order_backup(bound))
        yard.succeeded(orders[-1])
    return [order.backup_id or "" for order in orders]


def rows(yard: Yard) -> int:
    """All rows of backups, held ones and disks too."""
    with yard.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(tables.backup)).scalar_one())


def disk_of(yard: Yard, backup_id: str, name: str = "") -> Backup:
    """The one disk of a backup, or the one of that name; the backup itself when it is a disk's."""
    disks = [d for d in yard.disks(backup_id, held=True) if name in d.resource_name]
    if not disks:
        with yard.database.read() as conn:
            disks = [d for d in [backups.get(conn, yard.project_id, backup_id, held=True)] if d]
    (disk,) = disks
    return disk


def site_of(yard: Yard) -> Site:
    return Site(
        database=yard.database, cloud=yard.cloud, clock=yard.clock, settings=QUICK, guard=lambda: None
    )


class Gate:
    """The deletion of one upstream object waits here, in the worker of this process, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, upstream_id: str | None) -> None:
        self._begun = threading.Event()
        self._open = threading.Event()
        real = upstream._delete

        def delete(project: ProjectCloud, kind: str, wanted: str) -> None:
            if wanted == upstream_id:
                self._begun.set()
                assert self._open.wait(60)
            real(project, kind, wanted)

        monkeypatch.setattr(upstream, "_delete", delete)

    def begun(self) -> None:
        assert self._begun.wait(60), "the deletion never began"

    def open(self) -> None:
        self._open.set()
