"""Pages of a list: keyset by marker, or offset, in any order a client may ask for (contract 2).

A page behind a marker starts by comparing with the marker's row, so that it costs the same wherever it is.
The comparison is written as a row value, the only form that both databases answer from an index.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from opencbr.model.lists import Direction, Listing, Page, UnknownMarker, UnknownSortKey
from opencbr.store.columns import storable

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a time that is not known yet sorts: before all others."""

_FURTHEST = 1 << 62  # an offset beyond this is past the end of anything and no database could read it


def sort_keys(table: Table, *names: str) -> dict[str, ColumnElement[Any]]:
    """Give the expressions to sort `table` by: one that may be NULL sorts as BEFORE_ALL."""
    return {name: _comparable(table.c[name]) for name in (*names, "id")}


def read_page(
    conn: Connection,
    table: FromClause,
    keys: Mapping[str, ColumnElement[Any]],
    *,
    visible: ColumnElement[bool],
    conditions: Sequence[ColumnElement[bool]],
    page: Page,
    columns: Sequence[Column[Any]] = (),
) -> Listing[RowMapping]:
    """Read one page of the rows that the reader may see and that meet `conditions`, and count all of them.

    Of each row these `columns` are read, without any all of them.

    Raises UnknownSortKey, and UnknownMarker when the marker is no row that is visible.
    """
    order = _order(keys, page.sort)
    matching = and_(visible, *conditions)
    query = select(*(columns or table.c)).where(matching)
    if page.marker is not None:
        query = query.where(_behind(order, _marker_values(conn, table, order, visible, page.marker)))
    query = query.order_by(*(key.asc() if direction == "asc" else key.desc() for key, direction in order))
    rows = list(conn.execute(query.limit(page.limit).offset(min(page.offset, _FURTHEST))).mappings())
    if page.marker is None and len(rows) < page.limit and (rows or page.offset == 0):
        return Listing(rows, page.offset + len(rows))
    return Listing(rows, conn.execute(select(func.count()).select_from(table).where(matching)).scalar_one())


_Order = list[tuple[ColumnElement[Any], Direction]]


def _comparable(column: Column[Any]) -> ColumnElement[Any]:
    return func.coalesce(column, literal(BEFORE_ALL, column.type)) if column.nullable else column


def _order(keys: Mapping[str, ColumnElement[Any]], sort: Sequence[tuple[str, Direction]]) -> _Order:
    order: _Order = []
    seen: set[str] = set()
    for name, direction in sort:
        if name not in keys:
            raise UnknownSortKey(name, tuple(keys))
        if name not in seen:
            order.append((keys[name], direction))
            seen.add(name)
        if name == "id":  # unique: what follows decides nothing
            return order
    order.append((keys["id"], order[-1][1] if order else "desc"))
    return order


def _marker_values(
    conn: Connection, table: FromClause, order: _Order, visible: ColumnElement[bool], marker: str
) -> tuple[Any, ...]:
    row = None
    if storable(marker):
        # Only whether it is visible counts, not the conditions: the row may have changed since the client saw it.
        wanted = select(*(key for key, _ in order))
        row = conn.execute(wanted.where(visible, table.c.id == marker)).first()
    if row is None:
        raise UnknownMarker(marker)
    return tuple(row)


def _behind(order: _Order, values: Sequence[Any]) -> ColumnElement[bool]:
    bounds = [literal(value, key.type) for (key, _), value in zip(order, values, strict=True)]
    directions = {direction for _, direction in order}
    if len(directions) == 1:
        here, there = tuple_(*(key for key, _ in order)), tuple_(*bounds)
        return here > there if directions == {"asc"} else here < there
    # Mixed directions have no row value: equal so far, and then beyond.
    steps = []
    for index, (key, direction) in enumerate(order):
        equal = [earlier == bounds[at] for at, (earlier, _) in enumerate(order[:index])]
        steps.append(and_(*equal, key > bounds[index] if direction == "asc" else key < bounds[index]))
    return or_(*steps)
