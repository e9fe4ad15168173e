"""The janitor: what lies in the cloud under our name and should not, and what should and does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.objects import UpstreamObject
from opencbr.jobs.backup_chains import settle
from opencbr.jobs.context import CloudContext
from opencbr.jobs.upstream.names import prefix
from opencbr.jobs.upstream.objects import Outcome, remove
from opencbr.model.backup import Backup
from opencbr.model.operation_log import TERMINAL
from opencbr.model.times import parse_time
from opencbr.store import backups, installation, ledger, operation_logs
from opencbr.store.database import Database
from opencbr.store.ledger import Entry


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


def find(database: Database, cloud: Cloud) -> list[Orphan]:
    """Return what should not lie in the cloud, oldest first. Raises CloudError."""
    return list(take_stock(database, cloud).orphans)


def take_stock(database: Database, cloud: Cloud) -> Inventory:
    """Compare the ledger with all objects in the cloud that bear this installation's prefix.

    The cloud is read first: what is made after that is in the ledger by then, and is not taken for an
    orphan. Raises CloudError.
    """
    with database.write() as conn:
        own = prefix(installation.installation_id(conn))
    reader = cloud.reader()
    seen = [*reader.list_snapshots(own), *reader.list_backups(own)]
    orphans: list[Orphan] = []
    with database.read() as conn:
        entries = {(entry.kind, entry.name): entry for entry in ledger.all(conn)}
        for thing in seen:
            entry = entries.get((thing.kind, thing.name))
            why = _unanswered(conn, thing, entry)
            if why is not None:
                orphans.append(_orphan(thing, why))
        there = {thing.id for thing in seen}
        missing = [_lost(entry) for entry in entries.values() if _is_missing(conn, entry, there)]
        needed = {thing.id for thing in seen if thing.has_dependents}
        unneeded = [_held(row) for row in backups.unneeded(conn) if row.cinder_backup_id not in needed]
    orphans.sort(key=lambda orphan: (orphan.created_at is not None, orphan.created_at, orphan.id))
    return Inventory(orphans=tuple(orphans), missing=tuple(missing), unneeded=tuple(unneeded))


def _unanswered(conn: Connection, thing: UpstreamObject, entry: Entry | None) -> str | None:
    """Say why nobody answers for `thing`; None when somebody does."""
    if entry is None:
        return "it is not in the ledger"
    if entry.upstream_id is not None and entry.upstream_id != thing.id:
        return "the ledger knows another object of this name"
    if not _has_ended(conn, entry):
        return None
    if entry.kind == "snapshot":
        return "the job that made it has ended"
    row = backups.get(conn, entry.project_id, entry.backup_id, held=True)
    if row is None:
        return "its backup does not exist any more"
    failed = row.status == "error" and not backups.has_dependents(conn, row.project_id, row.id)
    return "its backup failed" if failed else None


def _has_ended(conn: Connection, entry: Entry) -> bool:
    operation = operation_logs.get(conn, entry.project_id, entry.operation_log_id)
    return operation is None or operation.status in TERMINAL


def _is_missing(conn: Connection, entry: Entry, there: set[str]) -> bool:
    if entry.kind != "backup" or entry.upstream_id is None or entry.upstream_id in there:
        return False
    row = backups.get(conn, entry.project_id, entry.backup_id, held=True)
    return row is not None and (row.status == "available" or row.held_at is not None)


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


def _lost(entry: Entry) -> Missing:
    return Missing(
        kind=entry.kind,
        id=entry.upstream_id,
        name=entry.name,
        project_id=entry.project_id,
        backup_id=entry.backup_id,
    )


def _held(row: Backup) -> Unneeded:
    return Unneeded(
        backup_id=row.id,
        project_id=row.project_id,
        volume_id=row.resource_id,
        id=row.cinder_backup_id,
        held_at=row.held_at,
    )


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of one orphan: `problem` is a sentence when it is still there."""

    orphan: Orphan
    problem: str | None


def clean(ctx: CloudContext, orphans: Sequence[Orphan]) -> list[Cleaned]:
    """Delete those of the orphans that still are some, and wait until the cloud no longer has them.

    Stock is taken again, for a person may have thought about the list for an hour. Backups before snapshots,
    newest first, since incrementals stand on older ones. Ledger entries about them are struck out.
    """
    wanted = {(orphan.kind, orphan.id) for orphan in orphans}
    still = [one for one in find(ctx.database, ctx.cloud) if (one.kind, one.id) in wanted]
    rank = sorted(
        still, key=lambda o: (o.kind == "backup", o.created_at is not None, o.created_at), reverse=True
    )
    return [Cleaned(orphan, _clean_one(ctx, orphan)) for orphan in rank]


def _clean_one(ctx: CloudContext, orphan: Orphan) -> str | None:
    now = ctx.clock.now()
    with ctx.database.read() as conn:
        known = ledger.get(conn, orphan.kind, orphan.name)
    entry = Entry(
        id=orphan.id,
        project_id=orphan.project_id,
        operation_log_id="",
        kind=orphan.kind,
        name=orphan.name,
        volume_id="",
        backup_id="",
        state="made",
        upstream_id=orphan.id,
        created_at=now,
        updated_at=now,
    )
    problem = remove(ctx, [entry], doubts=False)[0].reason or None
    if problem is None and known is not None:
        free(ctx, known)
    return problem


def free(ctx: CloudContext, gone: Entry) -> None:
    """Note in the row of a failed backup that its object is gone: what that was based on is needed no more."""
    with ctx.database.write() as conn:
        row = backups.get(conn, gone.project_id, gone.backup_id)
        if row is not None and row.status == "error" and not ledger.of_backup(conn, row.id):
            now = ctx.clock.now()
            backups.update(conn, row.project_id, row.id, **backups.WITHOUT_OBJECT, updated_at=now)


def settle_unneeded(ctx: CloudContext) -> list[str]:
    """Remove the held backups of all projects that nothing needs any more; return what stays, in words."""
    with ctx.database.read() as conn:
        found = backups.unneeded(conn)
    volumes: dict[str, set[str]] = {}
    for row in found:
        volumes.setdefault(row.project_id, set()).add(row.resource_id)
    return [
        words for project_id, volume_ids in volumes.items() for words in settle(ctx, project_id, volume_ids)
    ]


def forget_unmade(ctx: CloudContext) -> int:
    """Strike entries of ended jobs that never became an object, asking the cloud; return how many."""
    with ctx.database.read() as conn:
        unmade = [
            entry for entry in ledger.all(conn) if entry.upstream_id is None and _has_ended(conn, entry)
        ]
    return sum(done.outcome is Outcome.GONE for done in remove(ctx, unmade))
