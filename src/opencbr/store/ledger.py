"""The ledger: every object made in the cloud, written down before it exists and struck out after it is gone.

A job tells its objects of one kind apart by a key of its own. In the cloud an object is known by its kind and name:
a snapshot and the backup made from it bear the same name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, literal, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

from opencbr.model.backup import OWN_REGION
from opencbr.store import tables
from opencbr.store.statements import insert_new, touched, values_of

_t = tables.ledger


_HANDED_OVER = "volume"
"""The kind of what is made in one project of the cloud and given to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object of the cloud: planned (it may exist), made (its id there is known), or left.

    Left means that the job has ended, should have removed it and could not: the janitor goes on with it. What is kept until
    a time is the janitor's only then.
    """

    id: str
    project_id: str
    operation_log_id: str
    kind: str  # a row of jobs.upstream.kinds
    key: str  # tells the job's objects of this kind apart
    name: str
    volume_id: str | None = None  # the volume it is of, when it is a volume's
    backup_id: str | None = None  # our id of the disk backup that it belongs to and is deleted with
    state: str = "planned"
    upstream_id: str | None = None
    created_at: datetime
    updated_at: datetime
    region: str = OWN_REGION
    kept_until: datetime | None = None
    cloud_project_id: str | None = None  # where it stands, when that is another project than that of the job

    @property
    def projects(self) -> tuple[str, ...]:
        """The projects of the cloud in which it may stand. What is handed over, a volume, goes from the first to the last.

        Nothing else may be looked for in both: what bears the name of the record would be found where that was captured.
        """
        if self.cloud_project_id is None:
            return (self.project_id,)
        return (
            (self.project_id, self.cloud_project_id)
            if self.kind == _HANDED_OVER
            else (self.cloud_project_id,)
        )


def plan(conn: Connection, entry: Entry) -> Entry:
    """Write an entry down and return it; one that the job planned under this kind and key comes back as it is.

    Raises ValueError when another object of this kind has the name.
    """
    if insert_new(conn, _t, values_of(entry)):
        return entry
    standing = get(conn, entry.operation_log_id, entry.kind, entry.key)
    if standing is None:
        raise ValueError(f"another {entry.kind} is in the ledger as {entry.name}")
    return standing


def made(conn: Connection, entry_id: str, upstream_id: str, *, now: datetime) -> bool:
    """Note that the cloud made it, under this id; say whether the entry exists."""
    query = sql_update(_t).where(_t.c.id == entry_id)
    return touched(conn.execute(query.values(state="made", upstream_id=upstream_id, updated_at=now)))


def move(conn: Connection, operation_log_id: str, kind: str, key: str, cloud_project_id: str) -> None:
    """Note that what a job has made goes into this project of the cloud; until it is there it stands where it stood."""
    query = sql_update(_t).where(
        _t.c.operation_log_id == operation_log_id, _t.c.kind == kind, _t.c.key == key
    )
    conn.execute(query.values(cloud_project_id=cloud_project_id))


def gone(conn: Connection, entry_id: str) -> bool:
    """Strike an entry out: the cloud says that there is no such object; say whether the entry existed."""
    return touched(conn.execute(sql_delete(_t).where(_t.c.id == entry_id)))


def get(conn: Connection, operation_log_id: str, kind: str, key: str) -> Entry | None:
    """Read what a job planned under this kind and key."""
    found = _read(conn, _t.c.operation_log_id == operation_log_id, _t.c.kind == kind, _t.c.key == key)
    return found[0] if found else None


def named(conn: Connection, kind: str, name: str, *, region: str = OWN_REGION) -> Entry | None:
    """Read the entry of the object that bears this name in a region of the cloud."""
    found = _read(conn, _t.c.region == region, _t.c.kind == kind, _t.c.name == name)
    return found[0] if found else None


def of_log(conn: Connection, operation_log_id: str) -> list[Entry]:
    """Read the entries that one job wrote, oldest first."""
    return _read(conn, _t.c.operation_log_id == operation_log_id)


def of_backup(conn: Connection, backup_id: str) -> list[Entry]:
    """Read the entries that belong to one disk backup, oldest first."""
    return _read(conn, _t.c.backup_id == backup_id)


def leave(conn: Connection, operation_log_id: str, kind: str | None = None) -> bool:
    """Give what a job that ends has not removed to the janitor, all of it or one kind; say whether there is any.

    What is kept stays.
    """
    query = sql_update(_t).where(_t.c.operation_log_id == operation_log_id, _t.c.kept_until.is_(None))
    if kind is not None:
        query = query.where(_t.c.kind == kind)
    return touched(conn.execute(query.values(state="left")))


def leave_of(conn: Connection, backup_id: str) -> None:
    """Give what a backup has not removed, and nothing needs any more, to the janitor."""
    conn.execute(sql_update(_t).where(_t.c.backup_id == backup_id).values(state="left"))


def lasting(conn: Connection, kind: str) -> list[Entry]:
    """Read what backups of all projects consist of, of one kind, and the cloud has made, oldest first."""
    return _read(conn, _t.c.kind == kind, _t.c.upstream_id.is_not(None), _t.c.backup_id.is_not(None))


def standing(conn: Connection, project_id: str, kinds: Collection[str]) -> list[Entry]:
    """Read what stands in a project of the cloud, or may, of these kinds, and is no tenant's yet, oldest first."""
    where = or_(_t.c.project_id == project_id, _t.c.cloud_project_id == project_id)
    return _read(conn, _t.c.region == OWN_REGION, _t.c.kind.in_(tuple(kinds)), where)


def keep(conn: Connection, operation_log_id: str, until: datetime) -> None:
    """Keep what a job has made until a time though the job ends; what is kept already stays so long.

    What is left is the janitor's.
    """
    query = sql_update(_t).where(_t.c.operation_log_id == operation_log_id, _t.c.kept_until.is_(None))
    query = query.where(_t.c.state != "left")
    conn.execute(query.values(kept_until=until))


def let_go(conn: Connection, operation_log_id: str) -> list[Entry]:
    """Give what is kept after a job to the janitor before its time; return what the janitor has of that job."""
    query = sql_update(_t).where(_t.c.operation_log_id == operation_log_id, _t.c.kept_until.is_not(None))
    conn.execute(query.values(state="left", kept_until=None))
    return [entry for entry in of_log(conn, operation_log_id) if entry.state == "left"]


def hand_over(
    conn: Connection, from_log_id: str, to_log_id: str, *, kept_until: datetime | None
) -> list[Entry]:
    """Give what is kept after a job, or has been handed over to it, to another; return it.

    Without `kept_until` it is that job's to remove, as if that had made it; with it, it is kept so long.
    """
    query = sql_update(_t).where(_t.c.operation_log_id == from_log_id, _t.c.upstream_id.is_not(None))
    query = query.where(_t.c.state != "left")
    if kept_until is None:
        query = query.where(_t.c.kept_until.is_not(None))
    conn.execute(query.values(operation_log_id=to_log_id, state="made", kept_until=kept_until))
    return of_log(conn, to_log_id)


def expire(conn: Connection, now: datetime) -> bool:
    """Give what was kept until now, or less, to the janitor, across projects; say whether there is any."""
    query = sql_update(_t).where(_t.c.kept_until <= now)
    return touched(conn.execute(query.values(state="left", kept_until=None)))


def left(conn: Connection) -> list[Entry]:
    """Read what ended jobs have left, oldest first, across projects."""
    return _read(conn, _t.c.state == literal("left", literal_execute=True))


def all(conn: Connection) -> list[Entry]:  # noqa: A001 - read as ledger.all(…)
    """Read the whole ledger, oldest first: for the janitor, which works across projects."""
    return _read(conn)


def _read(conn: Connection, *conditions: ColumnElement[bool]) -> list[Entry]:
    query = select(_t).where(*conditions).order_by(_t.c.created_at, _t.c.id)
    return [Entry(**row) for row in conn.execute(query).mappings()]
