"""Holding rows of backups against the signed record: a row alone is believed in nothing that the record says too.

Who can write to the database can point a row elsewhere. No seal breaks then, so that it is compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opencbr.model.backup import RECORDED, Backup, DiskBackup
from opencbr.model.extend_info import root_image_of
from opencbr.model.record import Record, StoredDisk
from opencbr.model.root_image import root_image_in
from opencbr.model.vault import SERVER
from opencbr.store.errors import RecordDamaged

Told = dict[str, tuple[Any, Any]]
"""What it is -> what the row says, and what the record says."""


def refuse_stranger(disks: Mapping[str, str], backup_id: str, volume_id: str | None = None) -> None:
    """Raise RecordDamaged unless a disk's backup is among those of the record, and of this volume when one is given.

    `disks` are the record's: the id of each disk's own backup -> its volume.
    """
    signed = disks.get(backup_id)
    if signed is None or volume_id not in (None, signed):
        raise RecordDamaged(
            f"the row of backup {backup_id} is damaged: it names a record or a disk that is not its own"
        )


def differences(record: Record, top: Backup | None, disks: Sequence[DiskBackup]) -> Iterator[str]:
    """Say what the rows of a backup and of its disks tell otherwise than the record; `top` is None for a row that is gone.

    Whatever both say is compared, but for names: the row of a backup has those that its user gave.
    """
    if top is None:
        yield f"the row of backup {record.backup_id} is gone, and its record was not buried"
        return
    # A held disk would go from the cloud with the next round of the janitor.
    family: dict[str, Backup] = {one.id: one for one in (top, *disks)}
    for one in family.values():
        if one.held_at is not None:
            yield f"the row of backup {one.id} says that it was deleted, and its record was not buried"
    told: Told = {
        "parent": (top.parent_id, None),
        "resource": (top.resource_id, record.resource_id),
        "kind of resource": (top.resource_type, record.resource_type),
        "size": (top.resource_size, sum(disk.size_gb for disk in record.disks)),
        "availability zone": (top.resource_az, record.availability_zone),
        "verdict": (top.verdict, record.verdict),
    }
    image = root_image_in(page.document for page in record.pages)
    told["image of the root disk"] = (root_image_of(top), image)
    if top.resource_type == SERVER and top.status in RECORDED:
        told["stored size"] = (top.stored_mb, image.stored_mb if image else 0)
    yield from _others(record.backup_id, told, "its record")
    rows = {disk.id: disk for disk in disks}
    signed_disks = {disk.backup_id: disk for disk in record.disk_backups}
    for stranger in rows.keys() - signed_disks.keys():
        yield f"backup {stranger} is given as a disk of backup {record.backup_id}, whose record does not know it"
    for disk_id, disk in signed_disks.items():
        row = rows.get(disk_id)
        if row is None:
            yield f"backup {disk_id} is a disk of backup {record.backup_id} by its record, and not by its row"
        else:
            yield from _others(disk_id, _of_disk(row, disk), f"the record of backup {record.backup_id}")


def _of_disk(row: DiskBackup, disk: StoredDisk) -> Told:
    told: Told = {
        "volume": (row.resource_id, disk.volume_id),
        "position": (row.position, disk.position),
        "size": (row.resource_size, disk.size_gb),
    }
    # A deletion that failed half way forgets the objects that are gone, and with them all that they were.
    if row.cinder_backup_id is not None or row.status in RECORDED:
        told["Cinder backup"] = (row.cinder_backup_id, disk.cinder_backup_id)
        told["kind of Cinder backup"] = (row.is_incremental, disk.is_incremental)
        told["backup that it is based on"] = (row.based_on, disk.based_on)
        told["stored size"] = (row.stored_mb, disk.stored_mb)
    return told


def _others(backup_id: str, told: Told, signed_in: str) -> Iterator[str]:
    for what, (stored, signed) in told.items():
        if stored != signed:
            yield f"the row of backup {backup_id} names another {what} than {signed_in}"
