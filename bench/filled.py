"""A database with many finished backups, written through the product's own code: drafts, close, sealing, signing, chain."""

import dataclasses
import random
import sys
from pathlib import Path

from bench.capture import bases
from bench.vary import SEED, vary
from opencbr.clock import SystemClock
from opencbr.jobs.disks import child_of
from opencbr.model.backup import Backup
from opencbr.model.backup_member import backup_member
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.document import Reading
from opencbr.model.extend_info import server_info
from opencbr.model.ids import new_id
from opencbr.model.vault import PROVIDER_ID, SERVER, Vault
from opencbr.store import backups, checkpoints, vaults
from opencbr.store.database import Database
from opencbr.store.records import Records, open_records


def readings(count: int, project_id: str) -> list[Reading]:
    """`count` different servers, drawn from the committed captures in turn; every tenth server is read a second time, as if a day later."""
    known = list(bases().values())
    return [vary(known[n % len(known)], n, project_id) for n in range(count)]


def fill(database: Database, keys: Path, project_id: str, count: int) -> tuple[Records, list[str], int]:
    """Write `count` backups of `project_id`; return the records, the backups' ids and the raw bytes of all documents."""
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
    raw = 0
    shown = random.Random(SEED).randrange(count)
    for number, reading in enumerate(readings(count, project_id)):
        raw += sum(len(document.body) for document in reading.documents)
        top = Backup(
            id=new_id(clock.now()), project_id=project_id, checkpoint_id=checkpoint.id, vault_id=vault.id, provider_id=PROVIDER_ID["server"],
            name=f"manualbk_{number:04x}", resource_id=reading.resource_id, resource_name=reading.resource_name, resource_type=SERVER,
            resource_size=sum(disk.size_gb for disk in reading.disks), resource_az=reading.availability_zone, status="protecting",
            created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        top = dataclasses.replace(top, extend_info=server_info(top, reading.disks))
        children = [child_of(top, disk) for disk in reading.disks]
        with database.write() as conn:
            backups.insert_all(conn, [top, *children])
        records.keep(project_id, top.id, "before", reading)
        with database.write() as conn:
            done = dataclasses.replace(top, status="available", protected_at=clock.now())
            closed = records.close(conn, done, children, backups_member=backup_member(done))
            for row in (*children, top):
                backups.move(conn, project_id, row.id, to="available", updated_at=clock.now())
            backups.update(conn, project_id, top.id, verdict=closed.verdict)
        ids.append(top.id)
        if number % 200 == shown % 200:
            print(f"\r{number + 1}/{count} records", end="", file=sys.stderr, flush=True)
    print(f"\r{count}/{count} records", file=sys.stderr)
    return records, ids, raw
