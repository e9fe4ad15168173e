"""What the backups of each resource take: a row for each resource of the project that has backups (contract 3.11)."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from opencbr.model.lists import Listing, Page, StorageUsageFilter, UnknownMarker
from opencbr.store import resources, tables
from opencbr.store.statements import among, belongs

_t = tables.backup


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUsage:
    """A resource as its newest backup names it, and what its backups hold; `used_mb` MiB, held ones too."""

    resource_id: str
    resource_name: str
    resource_type: str
    backup_count: int
    used_mb: int


def list(  # noqa: A001 - read as storage_usage.list(…)
    conn: Connection, project_id: str, wanted: StorageUsageFilter, page: Page
) -> Listing[ResourceUsage]:
    """Read a page, by the resources' ids, and how many resources match. Raises UnknownMarker."""
    mine = (
        _t.c.project_id == project_id,
        _t.c.parent_id.is_(None),
        _t.c.held_at.is_(None),
        among(_t.c.resource_id, wanted.resource_ids),
        among(_t.c.resource_type, wanted.resource_types),
    )
    # Ids are made in the order of time: the greatest is the newest backup's.
    newest = select(_t.c.resource_id, func.max(_t.c.id).label("id")).where(*mine).group_by(_t.c.resource_id)
    if page.marker is not None:
        known = select(_t.c.id).where(*mine[:3], _t.c.resource_id == page.marker)
        if conn.execute(known.limit(1)).first() is None:
            raise UnknownMarker(page.marker)
        newest = newest.where(_t.c.resource_id > page.marker)
    newest = newest.order_by(_t.c.resource_id).limit(page.limit).offset(page.offset)
    ids = [row.id for row in conn.execute(newest)]
    count = conn.execute(select(func.count(_t.c.resource_id.distinct())).where(*mine)).scalar_one()
    named = select(_t.c.resource_id, _t.c.resource_name, _t.c.resource_type).where(
        _t.c.id.in_(ids), belongs(_t, project_id)
    )
    rows = conn.execute(named.order_by(_t.c.resource_id)).all() if ids else []
    used = resources.usage(conn, project_id, [row.resource_id for row in rows])
    return Listing(
        [
            ResourceUsage(
                resource_id=row.resource_id,
                resource_name=row.resource_name,
                resource_type=row.resource_type,
                backup_count=used[row.resource_id].backup_count,
                used_mb=used[row.resource_id].used_mb,
            )
            for row in rows
        ],
        int(count),
    )
