"""The janitor: what nobody answers for is removed, and what nobody needs any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from opencbr.jobs.backup_chains import settle
from opencbr.jobs.context import CloudContext
from opencbr.jobs.upstream.inventory import Orphan, has_ended, take_stock
from opencbr.jobs.upstream.kinds import KINDS, removal_rank
from opencbr.jobs.upstream.removal import Outcome, remove
from opencbr.model import statuses
from opencbr.store import backups, disk_backups, ledger
from opencbr.store.ledger import Entry


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of one orphan: `problem` is a sentence when it is still there."""

    orphan: Orphan
    problem: str | None


def clean(ctx: CloudContext, orphans: Sequence[Orphan]) -> list[Cleaned]:
    """Delete those of the orphans that still are some, and wait until the cloud no longer has them.

    Stock is taken again, for a person may have thought about the list for an hour. One after the other, what stands on others
    first: backups before snapshots, the newest first, since incrementals stand on older ones. Ledger entries about them are
    struck out.
    """
    wanted = {(orphan.kind, orphan.id) for orphan in orphans}
    still = [one for one in take_stock(ctx.database, ctx.cloud).orphans if (one.kind, one.id) in wanted]
    newest_first = sorted(still, key=lambda o: (o.created_at is not None, o.created_at), reverse=True)
    in_order = sorted(newest_first, key=lambda o: (removal_rank(o.kind), not KINDS[o.kind].lasting))
    return [Cleaned(orphan, _clean_one(ctx, orphan)) for orphan in in_order]


def _clean_one(ctx: CloudContext, orphan: Orphan) -> str | None:
    now = ctx.clock.now()
    with ctx.database.read() as conn:
        known = ledger.named(conn, orphan.kind, orphan.name)
    entry = Entry(
        id=orphan.id,
        project_id=orphan.project_id,
        operation_log_id="",
        kind=orphan.kind,
        key=orphan.id,
        name=orphan.name,
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
        row = backups.get(conn, gone.project_id, gone.backup_id or "")
        if row is not None and row.status == statuses.ERROR and not ledger.of_backup(conn, row.id):
            now = ctx.clock.now()
            disk_backups.forget(conn, row.project_id, row.id, now=now)


def settle_unneeded(ctx: CloudContext) -> list[str]:
    """Remove the held backups of all projects that nothing needs any more; return what stays, in words."""
    with ctx.database.read() as conn:
        found = disk_backups.unneeded(conn)
    volumes: dict[str, set[str]] = {}
    for row in found:
        volumes.setdefault(row.project_id, set()).add(row.resource_id)
    return [
        words for project_id, volume_ids in volumes.items() for words in settle(ctx, project_id, volume_ids)
    ]


def forget_unmade(ctx: CloudContext) -> int:
    """Strike entries of ended jobs that never became an object, asking the cloud; return how many."""
    with ctx.database.read() as conn:
        unmade = [entry for entry in ledger.all(conn) if entry.upstream_id is None and has_ended(conn, entry)]
    return sum(done.outcome is Outcome.GONE for done in remove(ctx, unmade))
