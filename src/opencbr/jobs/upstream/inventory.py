"""What lies in the cloud under our name and should not, and what should and does not."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.errors import CloudError, NotFound
from opencbr.cloud.objects import UpstreamObject
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.jobs.upstream.names import prefix
from opencbr.model import statuses
from opencbr.model.backup import DiskBackup
from opencbr.model.extend_info import LOST
from opencbr.model.operation_log import TERMINAL
from opencbr.model.times import parse_time
from opencbr.store import backups, disk_backups, installation, ledger, operation_logs
from opencbr.store.database import Database
from opencbr.store.ledger import Entry

log = logging.getLogger(__name__)

_ENDED = "the job that made it has ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """An upstream object that no living backup or running job answers for; `why` is a sentence."""

    kind: str
    id: str
    name: str
    project_id: str
    size_gb: int | None
    created_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An upstream object that a finished backup needs and the cloud no longer has."""

    kind: str
    id: str | None
    name: str
    project_id: str
    backup_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unneeded:
    """A disk backup that its user has deleted, that was held for later ones, and that nothing needs any more."""

    backup_id: str
    project_id: str
    volume_id: str
    id: str | None  # of its object in the cloud
    held_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What the comparison of ledger and cloud gave."""

    orphans: tuple[Orphan, ...]
    missing: tuple[Missing, ...]
    unneeded: tuple[Unneeded, ...]


def take_stock(database: Database, cloud: Cloud) -> Inventory:
    """Compare the ledger with all objects in the cloud that bear this installation's prefix.

    The cloud is read first: what is made after that is in the ledger by then, and is not taken for an
    orphan. What an ended job has made and no list shows may bear another name by now, the record's own: it is looked for by
    its id. Raises CloudError.
    """
    with database.write() as conn:
        own = prefix(installation.installation_id(conn))
    reader = cloud.reader()
    seen = [thing for kind in KINDS.values() for thing in kind.list(reader, own)]
    orphans: list[Orphan] = []
    with database.read() as conn:
        entries = {(entry.kind, entry.name): entry for entry in ledger.all(conn)}
        for thing in seen:
            entry = entries.get((thing.kind, thing.name))
            why = _unanswered(conn, thing, entry)
            if why is not None:
                orphans.append(_orphan(thing, why))
        there = {thing.id for thing in seen}
        unlisted = [entry for entry in entries.values() if _is_unlisted(conn, entry, there)]
        missing = [lost for entry in entries.values() if (lost := _missing(conn, entry, there)) is not None]
        needed = {thing.id for thing in seen if thing.has_dependents}
        unneeded = [_held(row) for row in disk_backups.unneeded(conn) if row.cinder_backup_id not in needed]
    orphans += [
        _renamed(entry, one) for entry in unlisted for one in entry.projects if _is_there(cloud, entry, one)
    ]
    orphans.sort(key=lambda orphan: (orphan.created_at is not None, orphan.created_at, orphan.id))
    return Inventory(orphans=tuple(orphans), missing=tuple(missing), unneeded=tuple(unneeded))


def _unanswered(conn: Connection, thing: UpstreamObject, entry: Entry | None) -> str | None:
    """Say why nobody answers for `thing`; None when somebody does."""
    if entry is None:
        return "it is not in the ledger"
    if entry.upstream_id is not None and entry.upstream_id != thing.id:
        return "the ledger knows another object of this name"
    if entry.kept_until is not None or not has_ended(conn, entry):
        return None
    if entry.backup_id is None or not KINDS[entry.kind].lasting:
        return _ENDED
    row = backups.get(conn, entry.project_id, entry.backup_id, held=True)
    if row is None:
        return "its backup does not exist any more"
    # A lost one did not fail: it stands on what is gone, or is in the cloud again.
    failed = row.status == statuses.ERROR and LOST not in row.extend_info
    failed = failed and not disk_backups.has_dependents(conn, row.project_id, row.id)
    return "its backup failed" if failed else None


def has_ended(conn: Connection, entry: Entry) -> bool:
    """Say whether the job that planned this object has ended."""
    operation = operation_logs.get(conn, entry.project_id, entry.operation_log_id)
    return operation is None or operation.status in TERMINAL


def _is_unlisted(conn: Connection, entry: Entry, there: set[str]) -> bool:
    """Say whether an ended job made it, should have removed it, and no list has it."""
    kind = KINDS.get(entry.kind)
    if kind is None or kind.lasting or entry.upstream_id is None or entry.upstream_id in there:
        return False
    return entry.kept_until is None and has_ended(conn, entry)


def _is_there(cloud: Cloud, entry: Entry, project_id: str) -> bool:
    """Look for an object by its id in a project; one project that cannot be asked hides no other's orphans."""
    try:
        KINDS[entry.kind].look(cloud.project(project_id), entry.upstream_id or "")
    except NotFound:
        return False
    except CloudError as error:
        log.warning("%s %s was left by a job, and cannot be looked for: %s", entry.kind, entry.name, error)
        return False
    return True


def _renamed(entry: Entry, project_id: str) -> Orphan:
    return Orphan(
        kind=entry.kind,
        id=entry.upstream_id or "",
        name=entry.name,
        project_id=project_id,
        size_gb=None,
        created_at=entry.created_at,
        why=_ENDED,
    )


def _missing(conn: Connection, entry: Entry, there: set[str]) -> Missing | None:
    """Give what a finished backup consists of and the cloud no longer has; None for all else."""
    kind = KINDS.get(entry.kind)
    if kind is None or not kind.lasting or entry.upstream_id is None or entry.upstream_id in there:
        return None
    row = backups.get(conn, entry.project_id, entry.backup_id or "", held=True)
    if row is None or not (row.status == statuses.AVAILABLE or row.held_at or LOST in row.extend_info):
        return None
    return Missing(
        kind=entry.kind,
        id=entry.upstream_id,
        name=entry.name,
        project_id=entry.project_id,
        backup_id=row.id,
    )


def _orphan(thing: UpstreamObject, why: str) -> Orphan:
    return Orphan(
        kind=thing.kind,
        id=thing.id,
        name=thing.name,
        project_id=thing.project_id,
        size_gb=thing.size_gb,
        created_at=parse_time(thing.created_at) if thing.created_at else None,
        why=why,
    )


def _held(row: DiskBackup) -> Unneeded:
    return Unneeded(
        backup_id=row.id,
        project_id=row.project_id,
        volume_id=row.resource_id,
        id=row.cinder_backup_id,
        held_at=row.held_at,
    )
