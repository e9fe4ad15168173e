"""What a policy's retention looks at: the backups of a resource with their chains, and where a policy may clean up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select
from sqlalchemy import delete as sql_delete

from opencbr.model.backup import Backup
from opencbr.model.retention.decision import Candidate
from opencbr.store import tables
from opencbr.store.statements import belongs, checked, insert_new

_t = tables.backup
_due = tables.retention_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A resource of which the automatic backup `backup_id` has just succeeded: its vault's policy may clean up."""

    backup_id: str
    project_id: str
    vault_id: str
    resource_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The backups of one resource in one vault, newest first, and what is built on the held ones."""

    backups: Sequence[Backup]
    links: Mapping[str, Collection[str]]
    needed_by: Mapping[str, frozenset[str]]

    @property
    def candidates(self) -> list[Candidate]:
        """The backups as far as keeping them depends on it."""
        return [
            Candidate(
                id=one.id,
                created_at=one.created_at,
                status=one.status,
                verdict=one.verdict,
                is_automatic=bool(one.extend_info.get("auto_trigger")),
                is_pinned=one.pinned_at is not None,
                expired_at=one.expired_at,
                needed_by=self.needed_by.get(one.id, frozenset()),
            )
            for one in self.backups
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A resource that has backups in a vault, and its name in the last of them by the alphabet."""

    vault_id: str
    resource_id: str
    resource_type: str
    resource_name: str


def enter(conn: Connection, backup: Backup, now: datetime) -> None:
    """Note that an automatic backup has succeeded; again is no change."""
    row = {
        "backup_id": backup.id,
        "project_id": backup.project_id,
        "vault_id": backup.vault_id,
        "resource_id": backup.resource_id,
        "created_at": now,
    }
    insert_new(conn, _due, row)


def due(conn: Connection, limit: int) -> list[Due]:
    """Read so many of the resources whose policies may clean up, the longest waiting first, of all projects."""
    columns = (_due.c.backup_id, _due.c.project_id, _due.c.vault_id, _due.c.resource_id)
    query = select(*columns).order_by(_due.c.created_at, _due.c.backup_id).limit(limit)
    return [Due(**row) for row in conn.execute(query).mappings()]


def settle(conn: Connection, one: Due) -> None:
    """Note that what was due is done."""
    conn.execute(sql_delete(_due).where(_due.c.backup_id == one.backup_id))


def of_resource(
    conn: Connection, project_id: str, vault_id: str, resource_id: str, *, lock: bool = False
) -> Kept:
    """Read the backups of one resource in one vault, with what is built on them.

    With `lock` nobody else changes one of them until this transaction ends.
    """
    mine = (_t.c.project_id == project_id, _t.c.vault_id == vault_id, _t.c.resource_id == resource_id)
    rows = select(_t).where(*mine, _t.c.parent_id.is_(None)).order_by(_t.c.created_at.desc(), _t.c.id.desc())
    if lock:
        # A statement of its own: what waits for a lock would not see what is committed meanwhile.
        standing = select(_t.c.id).where(*mine, _t.c.parent_id.is_(None)).order_by(_t.c.id)
        conn.execute(standing.with_for_update()).all()
    tops = [Backup(**row) for row in conn.execute(rows).mappings()]
    needed: dict[str, set[str]] = {}
    for below, above in conn.execute(_links(project_id, vault_id, resource_id)):
        needed.setdefault(below, set()).add(above)
    return Kept(
        backups=[one for one in tops if one.held_at is None],
        links={one.id: needed.get(one.id, set()) for one in tops if one.held_at is not None},
        needed_by={backup_id: frozenset(above) for backup_id, above in needed.items()},
    )


def _links(project_id: str, vault_id: str, resource_id: str) -> Select[str, str]:
    """Select pairs of backups, a disk of the second being built directly on a disk of the first."""
    top, disk, above, made = _t.alias(), _t.alias(), _t.alias(), tables.volume_backup
    query = (
        select(top.c.id, func.coalesce(above.c.parent_id, above.c.id))
        .join(disk, or_(disk.c.parent_id == top.c.id, disk.c.id == top.c.id))
        .join(made, made.c.based_on == disk.c.id)
        .join(above, above.c.id == made.c.backup_id)
    )
    return query.where(
        top.c.project_id == project_id,
        checked(top.c.vault_id) == vault_id,
        top.c.resource_id == resource_id,
        top.c.parent_id.is_(None),
        made.c.project_id == project_id,
    ).distinct()


def resources_in(
    conn: Connection, project_id: str, vault_ids: Collection[str], resource_id: str | None = None
) -> list[Protected]:
    """Name the resources that have backups in these vaults, by vault and resource, or one of them."""
    ids = tuple(vault_ids)
    mine: list[ColumnElement[bool]] = [_t.c.vault_id.in_(ids), belongs(_t, project_id)]
    if resource_id is not None:
        of_resource = _t.c.project_id == project_id, _t.c.resource_id == resource_id
        mine = [*of_resource, checked(_t.c.vault_id).in_(ids)]
    query = select(
        _t.c.vault_id,
        _t.c.resource_id,
        _t.c.resource_type,
        func.max(_t.c.resource_name).label("resource_name"),
    ).where(*mine, _t.c.parent_id.is_(None), _t.c.held_at.is_(None))
    key = (checked(_t.c.vault_id), _t.c.resource_id, _t.c.resource_type)
    return [Protected(**row) for row in conn.execute(query.group_by(*key).order_by(*key)).mappings()]
