"""A database with many finished backups, written through the product's own code: drafts, close, sealing, signing, chain."""

import random
import sys
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.capture import bases
from bench.vary import SEED, vary
from opencbr.clock import SystemClock
from opencbr.jobs.disks import child_of
from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.backup_member import backup_member
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.document import Document, Reading
from opencbr.model.extend_info import disk_info, server_info
from opencbr.model.ids import new_id
from opencbr.model.vault import PROVIDER_ID, SERVER, Vault
from opencbr.records.archive import Records, open_records
from opencbr.store import backups, checkpoints, disk_backups, vaults
from opencbr.store.database import Database
from opencbr.store.statements import values_of


def readings(count: int, project_id: str, names: Sequence[str] = (), seed: int = SEED) -> list[Reading]:
    """Make `count` different servers and disks, drawn from the committed captures in turn; `names` chooses among them."""
    known = [reading for name, reading in bases().items() if not names or name in names]
    return [vary(known[n % len(known)], n, project_id, seed) for n in range(count)]


def rows(reading: Reading, number: int, vault_id: str, checkpoint_id: str) -> tuple[Backup, list[DiskBackup]]:
    """Make the rows of a finished backup as the jobs would: the backup, and its disks; a disk's is its own."""
    chance = random.Random(f"{SEED}/rows/{number}")
    now = reading.ended_at
    is_server = reading.resource_type == SERVER
    top = Backup(
        id=new_id(now),
        project_id=reading.project_id,
        checkpoint_id=checkpoint_id,
        vault_id=vault_id,
        provider_id=PROVIDER_ID["server" if is_server else "disk"],
        name=f"manualbk_{number:04x}",
        resource_id=reading.resource_id,
        resource_name=reading.resource_name,
        resource_type=reading.resource_type,
        resource_size=sum(disk.size_gb for disk in reading.disks),
        resource_az=reading.availability_zone,
        status="available",
        created_at=now,
        updated_at=now,
        protected_at=now,
    )

    def stored(row: Backup) -> DiskBackup:
        cinder_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        given = values_of(row, Backup) | {"stored_mb": chance.randrange(1024)}
        return DiskBackup(**given, cinder_backup_id=cinder_id)

    if is_server:
        children = [stored(child_of(top, disk)) for disk in reading.disks]
        return replace(top, extend_info=server_info(top, reading.disks)), children
    disk = stored(replace(top, extend_info=disk_info(top, reading.disks[0], child=False)))
    return disk, [disk]


def fill(
    database: Database, keys: Path, project_id: str, found: Sequence[Reading]
) -> tuple[Records, list[str]]:
    """Write a backup of `project_id` for each reading; return the records and the backups' ids."""
    clock = SystemClock()
    records = open_records(database, keys, clock)
    now = clock.now()
    vault = Vault(
        id=new_id(now),
        project_id=project_id,
        user_id="bench",
        name="bench",
        size_gb=100_000,
        created_at=now,
        updated_at=now,
    )
    checkpoint = Checkpoint(
        id=new_id(now),
        project_id=project_id,
        vault_id=vault.id,
        user_id="bench",
        name="bench",
        created_at=now,
    )
    with database.write() as conn:
        vaults.insert(conn, vault)
        checkpoints.insert(conn, checkpoint)
    ids: list[str] = []
    for number, reading in enumerate(found):
        top, disks = rows(reading, number, vault.id, checkpoint.id)
        before, exports = split(reading)
        with database.write() as conn:
            backups.insert_all(conn, {row.id: row for row in (top, *disks)}.values())
            for disk in disks:
                stored = {"cinder_backup_id": disk.cinder_backup_id, "stored_mb": disk.stored_mb}
                disk_backups.note(conn, project_id, disk.id, now=disk.updated_at, **stored)
        records.keep(project_id, top.id, "before", before)
        records.keep(project_id, top.id, "after", before)
        records.keep(project_id, top.id, "export", exports)
        record = records.prepare(top, backups_member=backup_member(top))
        with database.write() as conn:
            assert records.write(conn, record)
            backups.update(conn, project_id, top.id, verdict=record.verdict)
        ids.append(top.id)
        if number % 50 == 0:
            print(f"\r{number + 1}/{len(found)} records", end="", file=sys.stderr, flush=True)
    print(f"\r{len(found)}/{len(found)} records", file=sys.stderr)
    return records, ids


def split(reading: Reading) -> tuple[Reading, tuple[Document, ...]]:
    """Split a committed capture into the first reading and Cinder's export records."""
    exports = tuple(one for one in reading.documents if one.name.startswith("export/"))
    before = tuple(one for one in reading.documents if one not in exports)
    return replace(reading, documents=before), exports
