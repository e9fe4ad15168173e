"""The disks of a backup are what the backup is: while it goes, when it could not, and for ShowMetadata."""

import pytest

from opencbr.model.backup import READABLE
from support.deeds import Gate, backed_up, disk_of, rows
from support.yard import Yard

pytestmark = pytest.mark.usefixtures("worker")


def statuses(yard: Yard, backup_id: str) -> list[str]:
    top = yard.backup(backup_id, held=True)
    assert top is not None
    return [top.status, *(disk.status for disk in yard.disks(backup_id, held=True))]


def test_the_disks_are_deleted_with_their_backup_and_show_nothing_any_more(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    (backup,) = backed_up(yard, yard.bind("db1"))
    disk = disk_of(yard, backup, "archive")
    gate = Gate(monkeypatch, disk.cinder_backup_id)
    deletion = yard.order_delete(backup)
    gate.begun()
    assert statuses(yard, backup) == ["deleting"] * 4
    answers = [yard.records.answer(yard.project_id, one, frozenset()) for one in (backup, disk.id)]
    assert [answer is not None and answer.status in READABLE for answer in answers] == [False, False]
    gate.open()
    yard.succeeded(deletion)


def test_a_half_failed_deletion_leaves_no_disk_that_looks_good(yard: Yard) -> None:
    bound = yard.bind("db1")
    (backup,) = backed_up(yard, bound)
    stays = disk_of(yard, backup, "data")
    yard.demo.faults.inject(
        service="volume", method="DELETE", path=f"/backups/{stays.cinder_backup_id}", status=403, times=0
    )
    assert yard.ended(yard.order_delete(backup)).status == "failed"
    yard.demo.faults.clear()
    assert statuses(yard, backup) == ["error"] * 4
    assert [disk.cinder_backup_id for disk in yard.disks(backup)] == [None, stays.cinder_backup_id, None]
    (after,) = backed_up(yard, bound)
    assert [disk.is_incremental for disk in yard.disks(after)] == [False] * 3
    yard.succeeded(yard.order_delete(backup))
    assert rows(yard) == 4
    yard.assert_nothing_left(backups_left=3)


def test_the_disks_of_a_failed_backup_fail_with_it(yard: Yard) -> None:
    faults = yard.demo.faults
    faults.inject(service="volume", method="GET", path="/export_record", status=500, times=0)
    faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    order = yard.order_backup(yard.bind("db1"))
    assert yard.ended(order).status == "failed"
    faults.clear()
    assert statuses(yard, order.backup_id or "") == ["error"] * 4
    yard.succeeded(yard.order_delete(order.backup_id or ""))
    yard.assert_nothing_left()
