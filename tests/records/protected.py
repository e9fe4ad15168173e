"""Whole backups of a server and of a disk, made as a job makes them: rows, what was read, the record."""

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from opencbr.jobs.disks import child_of
from opencbr.model.backup import Backup
from opencbr.model.backup_member import backup_member
from opencbr.model.document import Disk, Document, Reading, Unread
from opencbr.model.vault import PROVIDER_ID, SERVER, VOLUME
from opencbr.records.archive import Records
from opencbr.records.close import Prepared
from opencbr.store import backups
from opencbr.store.columns import as_stored
from opencbr.store.database import Database
from records import templates
from records.templates import DATA, LOGS, ROOT, body, server_templates, volume_templates
from store.samples import NOW, PROJECT, backup, kept_vault

KEYPAIR_GONE = Unread(
    name="keypair",
    service="compute",
    method="GET",
    path="/os-keypairs/k",
    microversion="2.104",
    status=404,
    request_id=None,
    read_at=NOW,
    outcome="absent",
)
"""What was wanted and is not there any more."""


class Watch:
    """A clock that goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        self._now = NOW

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody sleeps here, not even {seconds} s")


def document(name: str, text: bytes, **fields) -> Document:
    given = {
        "service": "compute",
        "method": "GET",
        "path": f"/{name}?a=%2F",
        "microversion": "2.1",
        "status": 200,
    }
    read_at = datetime(2026, 11, 24, 5, 0, 24, 120001, tzinfo=UTC)
    given |= {"request_id": "req-d4bb5bd4-4af3-4a9c-a9d2-afb6682a0ac4", "read_at": read_at}
    return Document(name=name, body=text, **{**given, **fields})


def documents(texts: dict[str, str]) -> tuple[Document, ...]:
    return tuple(document(name, body(template)) for name, template in texts.items())


def disk(volume_id: str, position: int = 0) -> Disk:
    return Disk(
        volume_id=volume_id,
        position=position,
        size_gb=position + 1,
        name="db-data" if position else "",
        device=None if position else "/dev/sda",
        bootable=not position,
        encrypted=False,
        availability_zone="nova",
    )


def server_reading(**fields) -> Reading:
    given = {
        "resource_id": templates.SERVER,
        "resource_type": SERVER,
        "resource_name": "db\u00e9",
        "project_id": PROJECT,
        "availability_zone": "nova",
        "documents": documents(server_templates()),
        "unread": (),
        "hidden": (),
        "disks": (disk(ROOT), disk(DATA, 1), disk(LOGS, 2)),
        "started_at": datetime(2026, 11, 24, 5, 0, 23, 979568, tzinfo=UTC),
        "ended_at": datetime(2026, 11, 24, 5, 0, 25, tzinfo=UTC),
    }
    return Reading(**{**given, **fields})


def disk_reading(**fields) -> Reading:
    given = {"resource_id": DATA, "resource_type": VOLUME, "disks": (disk(DATA),)}
    texts = {name: text for name, text in volume_templates().items() if name.endswith(DATA)}
    return server_reading(**{**given, "documents": documents(texts), **fields})


def rows(database: Database, reading: Reading, **fields) -> tuple[Backup, list[Backup]]:
    """The rows of a backup that is being made, and of its disks when it is a server's."""
    kind = "server" if reading.resource_type == SERVER else "disk"
    given = {
        "resource_id": reading.resource_id,
        "resource_name": reading.resource_name,
        "resource_size": sum(disk.size_gb for disk in reading.disks),
        "resource_az": as_stored(reading.availability_zone or "") or None,
        "status": "protecting",
    }
    given |= {"resource_type": reading.resource_type, "provider_id": PROVIDER_ID[kind]}
    with database.write() as conn:
        _, point = kept_vault(conn, reading.project_id)
        top = backup(point, **{**given, **fields})
        children = [child_of(top, one) for one in reading.disks] if kind == "server" else []
        backups.insert_all(conn, [top, *children])
    return top, children


def close(database: Database, records: Records, top: Backup, children: Iterable[Backup] = ()) -> Prepared:
    done = dataclasses.replace(top, status="available", protected_at=NOW)
    record = records.prepare(done, backups_member=backup_member(done))

    def write(conn) -> None:
        assert records.write(conn, record)
        for row in (*children, top):
            told = {} if row in children else {"verdict": record.verdict}
            backups.move(conn, row.project_id, row.id, to="available", **told)

    database.transact(write)
    return record


def protect(
    database: Database, records: Records, reading: Reading, **parts
) -> tuple[Backup, list[Backup], Prepared]:
    """Back up what was read; `parts` are kept with it, as `after` and `export`."""
    top, children = rows(database, reading)
    for part, what in {"before": reading, **parts}.items():
        records.keep(top.project_id, top.id, part, what)
    return top, children, close(database, records, top, children)
