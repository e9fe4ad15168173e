"""Readings between the steps of a backup: what was kept is given back, to its project alone, until the record is closed."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from opencbr.keys.aead import SealBroken
from opencbr.records.archive import RecordRefused
from opencbr.store.tables import draft
from records.protected import KEYPAIR_GONE, document, documents, protect, rows, server_reading
from records.spoiling import outcome, spoilt
from records.templates import EXPORT, LOGS
from store.samples import NOW, OTHER, PROJECT
from support.json_texts import json_texts


def test_what_is_kept_is_given_back(database, records):
    top, _ = rows(database, server_reading())
    before = server_reading(unread=(KEYPAIR_GONE,), hidden=("port/1:x",), gaps=("The disk \u20ac is new.",))
    after = server_reading(documents=before.documents[:3], disks=(), availability_zone=None)
    export = documents({f"export/{LOGS}": EXPORT})
    for part, what in (("before", before), ("after", after), ("export", export)):
        assert records.kept(PROJECT, top.id, part) is None
        records.keep(PROJECT, top.id, part, what)
    assert [records.kept(PROJECT, top.id, part) for part in ("before", "after", "export")] == [
        before,
        after,
        export,
    ]


def test_keeping_again_replaces_and_keeping_no_documents_does_nothing(database, records):
    top, _ = rows(database, server_reading())
    other = server_reading(resource_name="another", documents=())
    for reading in (server_reading(), other):
        records.keep(PROJECT, top.id, "before", reading)
    assert records.kept(PROJECT, top.id, "before") == other
    records.keep(PROJECT, top.id, "export", ())
    assert records.kept(PROJECT, top.id, "export") is None


def test_what_is_kept_opens_for_its_project_alone(database, records):
    top, _ = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    with pytest.raises(SealBroken):
        records.kept(OTHER, top.id, "before")
    protect(database, records, server_reading(project_id=OTHER))  # now it has a key of its own
    with pytest.raises(SealBroken):
        records.kept(OTHER, top.id, "before")


TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]))
DOCUMENTS = st.builds(
    document,
    st.text(),
    (json_texts() | st.text()).map(str.encode),  # a body is kept before anybody has looked whether it is JSON
    path=st.text(),
    microversion=st.none() | st.text(),
    status=st.integers(0, 999),
    request_id=st.none() | st.text() | st.uuids().map(lambda one: f"req-{one}"),
    read_at=TIMES,
)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_documents_of_any_kind_are_given_back(database, records):
    top, _ = rows(database, server_reading())

    @settings(max_examples=60, deadline=None)
    @given(st.lists(DOCUMENTS, max_size=4), st.text(), TIMES)
    def check(found, name, started_at):
        reading = server_reading(documents=tuple(found), resource_name=name, started_at=started_at)
        records.keep(PROJECT, top.id, "before", reading)
        assert records.kept(PROJECT, top.id, "before") == reading
        records.keep(PROJECT, top.id, "export", tuple(found))
        assert not found or records.kept(PROJECT, top.id, "export") == tuple(found)

    check()


def test_a_body_that_is_no_unicode_is_refused_and_leaves_what_was_kept(database, records):
    top, _ = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    with pytest.raises(RecordRefused, match="cannot be kept: a document is not JSON") as refused:
        records.keep(PROJECT, top.id, "before", server_reading(documents=(document("x", b'"hush\xff"'),)))
    assert "hush" not in str(refused.value)
    assert records.kept(PROJECT, top.id, "before") == server_reading()


def test_nothing_is_kept_any_more_once_the_record_is_closed(database, records):
    parts = {"after": server_reading(), "export": documents({f"export/{LOGS}": EXPORT})}
    top, _, _ = protect(database, records, server_reading(), **parts)
    assert [records.kept(PROJECT, top.id, part) for part in ("before", "after", "export")] == [None] * 3


def test_nothing_is_kept_any_more_once_the_backup_is_buried(database, records):
    top, _ = rows(database, server_reading())
    other, _ = rows(database, server_reading())
    for one in (top, other):
        records.keep(PROJECT, one.id, "before", server_reading())
    with database.write() as conn:
        records.bury(conn, PROJECT, top.id, NOW)
    assert records.kept(PROJECT, top.id, "before") is None
    assert records.kept(PROJECT, other.id, "before") == server_reading()


def test_another_project_buries_nothing(database, records):
    top, _ = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    with database.write() as conn:
        records.bury(conn, OTHER, top.id, NOW)
    assert records.kept(PROJECT, top.id, "before") == server_reading()


def test_a_damaged_reading_is_refused_and_never_given(database, records):
    top, _ = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    with database.read() as conn:
        stored = conn.execute(select(draft.c.sealed)).scalar_one()
    came = {}
    for spoiled in spoilt(stored):
        with database.write() as conn:
            conn.execute(update(draft).values(sealed=spoiled))
        came[outcome(lambda: records.kept(PROJECT, top.id, "before"), server_reading(), SealBroken)] = spoiled
    assert list(came) == ["refused"]
