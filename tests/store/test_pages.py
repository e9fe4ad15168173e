"""Walking a list page by page gives every row once, in the order that was asked for."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opencbr.model.lists import (
    BackupFilter,
    OperationLogFilter,
    Page,
    UnknownMarker,
    UnknownSortKey,
    VaultFilter,
)
from opencbr.store import backups, operation_logs, vaults
from opencbr.store.pages import BEFORE_ALL
from store.samples import NOW, OTHER, PROJECT, backup, ident, keep, kept_vault, log, vault

KEYS = ("created_at", "updated_at", "name", "status", "protected_at", "id")
few_moments = st.integers(0, 3).map(lambda n: NOW + timedelta(microseconds=n))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "B", "b", "a_", "é", "中", "Z-1", "\U0001f600", "\uffff"]),
            "status": st.sampled_from(["available", "error", "protecting"]),
            "created_at": few_moments,
            "updated_at": few_moments,
            "protected_at": st.none() | few_moments,
        }
    ),
    max_size=12,
)
sorts = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(["asc", "desc"])), max_size=4).map(tuple)
quiet = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def in_order(items, sort):
    """What the pages should give: a plain sort, last key first; the id breaks ties as the last key goes."""
    last = sort[-1][1] if sort else "desc"
    for key, direction in reversed((*sort, ("id", last))):
        items = sorted(
            items,
            key=lambda item: BEFORE_ALL if getattr(item, key) is None else getattr(item, key),
            reverse=direction == "desc",
        )
    return [item.id for item in items]


def by_marker(conn, project, wanted, limit, sort):
    seen, marker = [], None
    while (page := backups.list(conn, project, wanted, Page(limit, 0, marker, sort))).items:
        assert len(page.items) <= limit
        seen += [item.id for item in page.items]
        marker = seen[-1]
    return seen


def by_offset(conn, project, wanted, limit, sort):
    seen = []
    while (page := backups.list(conn, project, wanted, Page(limit, len(seen), None, sort))).items:
        seen += [item.id for item in page.items]
    return seen


@given(
    made=rows,
    sort=sorts,
    limit=st.integers(1, 5),
    wanted=st.sampled_from([(), ("available",), ("error", "x")]),
)
@quiet
def test_every_walk_gives_every_row_once_in_order(database, made, sort, limit, wanted):
    project = ident()
    with database.write() as conn:
        _, point = kept_vault(conn, project)
        _, foreign = kept_vault(conn, ident())
        mine = [backup(point, **fields) for fields in made]
        keep(conn, *mine, backup(foreign))
        filters = BackupFilter(statuses=wanted)
        expected = in_order([one for one in mine if not wanted or one.status in wanted], sort)
        assert by_marker(conn, project, filters, limit, sort) == expected
        assert by_offset(conn, project, filters, limit, sort) == expected
        for offset in (0, 1, len(expected), 10**30):
            marker = expected[0] if expected else None
            for page in (Page(limit, offset, None, sort), Page(limit, offset, marker, sort)):
                found = backups.list(conn, project, filters, page)
                start = offset + (1 if page.marker else 0)
                assert [item.id for item in found.items] == expected[start : start + limit]
                assert found.count == len(expected)


@given(
    late=st.lists(few_moments.map(lambda moment: moment + timedelta(seconds=1)), max_size=6),
    limit=st.integers(1, 3),
    gone=st.integers(0, 6),
)
@quiet
def test_what_comes_and_goes_meanwhile_hides_nothing_older(database, late, limit, gone):
    project = ident()
    with database.write() as conn:
        _, point = kept_vault(conn, project)
        old = [backup(point, created_at=NOW + timedelta(microseconds=n // 2)) for n in range(7)]
        keep(conn, *old)
    seen, marker, arrivals = [], None, iter(late)
    while True:
        with database.read() as conn:
            page = backups.list(conn, project, BackupFilter(), Page(limit, 0, marker))
        if not page.items:
            break
        seen += [item.id for item in page.items]
        marker = seen[-1]
        with database.write() as conn:
            for moment in itertools.islice(arrivals, 2):
                keep(conn, backup(point, created_at=moment))
            if gone < len(seen) - 1:  # a row that the client has seen, but not the marker
                backups.delete(conn, project, seen[gone])
    assert [one for one in seen if one in {row.id for row in old}] == in_order(old, (("created_at", "desc"),))
    assert len(seen) == len(set(seen))


def test_the_newest_comes_first_unless_asked_otherwise(database, ticks):
    with database.write() as conn:
        made = [vault(created_at=next(ticks)) for _ in range(3)]
        for one in made:
            vaults.insert(conn, one)
        found = vaults.list(conn, PROJECT, VaultFilter(), Page(1000))
    assert [one.id for one in found.items] == [one.id for one in reversed(made)]


def lists():
    return [
        (vaults, VaultFilter(), lambda conn: [vaults.insert(conn, vault(name=name)) for name in "abc"]),
        (
            operation_logs,
            OperationLogFilter(),
            lambda conn: [operation_logs.insert(conn, log()) for _ in range(3)],
        ),
        (backups, BackupFilter(), lambda conn: keep(conn, *[backup(kept_vault(conn)[1]) for _ in range(3)])),
    ]


@pytest.mark.parametrize(("subject", "wanted", "fill"), lists())
def test_each_list_can_be_walked_by_marker(database, subject, wanted, fill):
    with database.write() as conn:
        fill(conn)
        whole = [one.id for one in subject.list(conn, PROJECT, wanted, Page(10)).items]
        first = subject.list(conn, PROJECT, wanted, Page(2))
        rest = subject.list(conn, PROJECT, wanted, Page(2, 0, first.items[-1].id))
        assert [one.id for one in (*first.items, *rest.items)] == whole
        assert first.count == rest.count == len(whole) == 3
        assert subject.list(conn, PROJECT, wanted, Page(2, 0, whole[-1])).items == []
        assert subject.list(conn, OTHER, wanted, Page(2)).count == 0


@pytest.mark.parametrize(("subject", "wanted", "fill"), lists())
@pytest.mark.parametrize(
    "marker", ["00000000-0000-0000-0000-000000000000", "", "x\0y", "\ud800", "' OR 1=1 --"]
)
def test_an_unknown_marker_is_refused(database, subject, wanted, fill, marker):
    with database.write() as conn:
        fill(conn)
        with pytest.raises(UnknownMarker):
            subject.list(conn, PROJECT, wanted, Page(2, 0, marker))


def test_a_foreign_marker_is_an_unknown_one(database):
    with database.write() as conn:
        home, _ = kept_vault(conn, OTHER)
        with pytest.raises(UnknownMarker):
            vaults.list(conn, PROJECT, VaultFilter(), Page(2, 0, home.id))


def test_an_unknown_sort_key_is_refused(database):
    with database.read() as conn, pytest.raises(UnknownSortKey, match="created_at"):
        backups.list(conn, PROJECT, BackupFilter(), Page(2, sort=(("description", "asc"),)))
