"""The servers and volumes that restores write over: each is one restore's until that has ended."""

from collections.abc import Collection

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete

from opencbr.store import tables
from opencbr.store.statements import insert_new

_t = tables.restore_target


def claim(
    conn: Connection, project_id: str, resource_ids: Collection[str], operation_log_id: str
) -> str | None:
    """Give these servers and volumes to a restore; the first that another one has is returned, and then none may be used.

    The caller rolls back in that case. They are taken in the order of their ids, so that no two wait for each other.
    """
    for resource_id in sorted(resource_ids):
        row = {"project_id": project_id, "resource_id": resource_id, "operation_log_id": operation_log_id}
        if not insert_new(conn, _t, row):
            return resource_id
    return None


def is_taken(conn: Connection, project_id: str, resource_id: str) -> bool:
    """Say whether a restore writes over this server or volume."""
    query = select(_t.c.resource_id).where(_t.c.project_id == project_id, _t.c.resource_id == resource_id)
    return conn.execute(query).first() is not None


def of_log(conn: Connection, operation_log_id: str) -> list[str]:
    """Name what a restore writes over."""
    query = select(_t.c.resource_id).where(_t.c.operation_log_id == operation_log_id)
    return [str(one) for one in conn.execute(query.order_by(_t.c.resource_id)).scalars()]


def free(conn: Connection, operation_log_id: str) -> None:
    """Give what a restore had back to all."""
    conn.execute(sql_delete(_t).where(_t.c.operation_log_id == operation_log_id))
