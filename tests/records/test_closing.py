"""Closing: a record is made of what was kept, whole or not at all."""

import json

import pytest

from opencbr.model.report import NOT_COMPARED
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.archive import RecordRefused, StoredAnswer
from opencbr.store import disk_backups
from records.protected import (
    KEYPAIR_GONE,
    close,
    disk_reading,
    document,
    documents,
    protect,
    rows,
    server_reading,
)
from records.templates import DATA, LOGS, ROOT, USER_DATA, server_templates
from store.samples import NOW, PROJECT


def answer(records, backup_id, view=MASKED):
    return records.answer(PROJECT, backup_id, view).body


def changed(**texts):
    """A second reading, in which some documents have another text."""
    return server_reading(documents=documents(server_templates() | texts))


@pytest.mark.parametrize(
    ("fields", "parts", "verdict"),
    [
        ({}, {"after": server_reading()}, "complete"),
        ({}, {}, "partial"),
        ({"unread": (KEYPAIR_GONE,)}, {"after": server_reading()}, "partial"),
        ({"hidden": ("port/1:binding:host_id",)}, {"after": server_reading()}, "partial"),
        ({"gaps": ("The disk is new.",)}, {"after": server_reading()}, "partial"),
        ({"unread": (KEYPAIR_GONE,)}, {"after": changed(flavor='{"flavor":{}}')}, "drifted"),
    ],
)
def test_the_verdict_is_of_both_readings(database, records, fields, parts, verdict):
    top, _, closed = protect(database, records, server_reading(**fields), **parts)
    report = records.report(PROJECT, top.id)
    assert (closed.verdict, report["verdict"]) == (verdict, verdict)
    assert (NOT_COMPARED in report["gaps"]) == (parts == {})
    assert closed.row.digest.hex() == records.export(PROJECT, top.id, MASKED)["digest"]


def test_a_secret_that_changed_is_drift_and_nobody_is_told_which(database, records):
    other = server_templates()["server"].replace(USER_DATA, "Y2FuYXJ5LW90aGVy")
    top, _, closed = protect(database, records, server_reading(), after=changed(server=other))
    assert closed.verdict == "drifted"
    report = records.report(PROJECT, top.id)
    assert [one["field"] for one in report["drift"]] == ["server.OS-EXT-SRV-ATTR:user_data"]
    told = json.dumps([report, records.export(PROJECT, top.id, MASKED)])
    assert USER_DATA not in told
    assert "Y2FuYXJ5LW90aGVy" not in told


def test_the_first_reading_is_the_answer(database, records):
    top, _, _ = protect(database, records, server_reading(), after=changed(flavor='{"flavor":{}}'))
    other, _, _ = protect(database, records, server_reading())
    assert json.loads(answer(records, top.id))["flavor"] == json.loads(answer(records, other.id))["flavor"]


def test_a_record_names_the_backups_of_its_disks(database, records):
    top, children, _ = protect(database, records, server_reading())
    disk_backups = records.report(PROJECT, top.id)["disk_backups"]
    assert [(one["backup_id"], one["volume_id"]) for one in disk_backups] == [
        (c.id, c.resource_id) for c in children
    ]
    assert [one["volume_id"] for one in disk_backups] == [ROOT, DATA, LOGS]
    alone, _, _ = protect(database, records, disk_reading())
    (disk_backup,) = records.report(PROJECT, alone.id)["disk_backups"]
    assert (disk_backup["backup_id"], disk_backup["volume_id"]) == (alone.id, DATA)


@pytest.mark.parametrize(
    ("before", "export", "sentence"),
    [
        (None, (), "has no reading: it cannot be closed"),
        (server_reading(), (document("server", b"{}"),), "document server was read twice"),
        (
            server_reading(documents=(document("x", b'{"password": "hush'),)),
            (),
            "document x cannot be kept: not JSON",
        ),
    ],
)
def test_what_cannot_be_closed_leaves_everything_as_it_was(database, records, before, export, sentence):
    top, children = rows(database, server_reading())
    if before:
        records.keep(PROJECT, top.id, "before", before)
    records.keep(PROJECT, top.id, "export", export)
    with pytest.raises(RecordRefused, match=sentence) as refused:
        close(database, records, top, children)
    assert "hush" not in str(refused.value)
    assert records.answer(PROJECT, top.id, MASKED) == StoredAnswer("protecting", None)
    assert (records.kept(PROJECT, top.id, "before"), records.kept(PROJECT, top.id, "export")) == (
        before,
        export or None,
    )


def test_a_record_is_closed_once(database, records):
    top, children, _ = protect(database, records, server_reading())
    before = records.export(PROJECT, top.id, VERBATIM)
    with pytest.raises(RecordRefused, match="has no reading"):
        close(database, records, top, children)
    assert records.export(PROJECT, top.id, VERBATIM) == before


def test_a_record_that_another_overtook_is_made_anew(database, records):
    """Nothing is written of it: its place in the chain is taken."""
    tops = [rows(database, server_reading())[0] for _ in range(2)]
    for top in tops:
        records.keep(PROJECT, top.id, "before", server_reading())
    first, second = (records.prepare(top, backups_member="{}") for top in tops)
    with database.write() as conn:
        assert records.write(conn, first)
        assert not records.write(conn, second)
    assert records.kept(PROJECT, tops[1].id, "before") == server_reading()
    assert records.answer(PROJECT, tops[1].id, MASKED) == StoredAnswer("protecting", None)
    again = records.prepare(tops[1], backups_member="{}")
    with database.write() as conn:
        assert records.write(conn, again)
    assert (again.link.sequence, again.link.previous) == (2, first.row.digest)


def test_a_record_whose_disks_have_changed_since_is_made_anew(database, records):
    top, children = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    record = records.prepare(top, backups_member="{}")
    with database.write() as conn:
        disk_backups.note(conn, PROJECT, children[0].id, now=NOW, cinder_backup_id="later")
        assert not records.write(conn, record)
    record = records.prepare(top, backups_member="{}")
    with database.write() as conn:
        assert records.write(conn, record)
    assert records.report(PROJECT, top.id)["disk_backups"][0]["cinder_backup_id"] == "later"
