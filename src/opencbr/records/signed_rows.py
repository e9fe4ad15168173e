"""Holding rows of backups against the signed record: a row alone is believed in nothing that the record says too.

Who can write to the database can point a row elsewhere. No seal breaks then, so that it is compared.
"""

from collections.abc import Iterator, Mapping, Sequence

from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.record import Record
from opencbr.store.errors import RecordDamaged


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

    A disk whose object in the cloud is gone, and is known to be, has none in its row.
    """
    if top is None:
        yield f"the row of backup {record.backup_id} is gone, and its record was not buried"
        return
    told = {
        "parent": (top.parent_id, None),
        "resource": (top.resource_id, record.resource_id),
        "kind of resource": (top.resource_type, record.resource_type),
        "verdict": (top.verdict, record.verdict),
    }
    for what, (stored, signed) in told.items():
        if stored != signed:
            yield f"the row of backup {record.backup_id} names another {what} than its record"
    rows = {disk.id: disk for disk in disks}
    signed_disks = {disk.backup_id: disk for disk in record.disk_backups}
    for stranger in rows.keys() - signed_disks.keys():
        yield f"backup {stranger} is given as a disk of backup {record.backup_id}, whose record does not know it"
    for disk_id, disk in signed_disks.items():
        row = rows.get(disk_id)
        if row is None:
            yield f"backup {disk_id} is a disk of backup {record.backup_id} by its record, and not by its row"
        elif row.resource_id != disk.volume_id:
            yield f"the row of backup {disk_id} names another volume than the record of backup {record.backup_id}"
        elif row.cinder_backup_id not in (None, disk.cinder_backup_id):
            yield f"the row of backup {disk_id} names another Cinder backup than the record of backup {record.backup_id}"
