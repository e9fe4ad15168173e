"""Half a UTF-16 pair: JSON can say it, no UTF-8 can. It reaches us in names, and must not fail a backup."""

import dataclasses

import pytest

from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.archive import RecordRefused
from opencbr.records.offline_verification import verify_export
from records.protected import (
    KEYPAIR_GONE,
    close,
    disk,
    disk_reading,
    document,
    documents,
    protect,
    rows,
    server_reading,
)
from records.templates import ROOT, server_templates
from store.samples import PROJECT

LONE, KEPT = "db-\ud800", "db-\ufffd"
READINGS = {
    "resource_name": LONE,
    "availability_zone": LONE,
    "hidden": (f"port/1:{LONE}",),
    "gaps": (f"{LONE} is new.",),
    "unread": (dataclasses.replace(KEYPAIR_GONE, path=f"/os-keypairs/{LONE}", request_id=LONE),),
    "disks": (dataclasses.replace(disk(ROOT), name=LONE, device=LONE),),
    "documents": (*documents(server_templates()), document(f"port/{LONE}", b'{"port":{}}', path=LONE)),
}


@pytest.mark.parametrize("field", READINGS)
def test_in_what_was_read_it_is_kept_as_a_row_keeps_it(database, records, field):
    reading = server_reading(**{field: READINGS[field]})
    top, children = rows(database, reading, resource_name=KEPT)
    for part in ("before", "after"):
        records.keep(PROJECT, top.id, part, reading)
    close(database, records, top, children)
    export = records.export(PROJECT, top.id, VERBATIM)
    assert verify_export(export, records.public_key) == []
    assert KEPT in str(export["manifest"])


def test_a_reading_with_one_is_kept_the_same_every_time(database, records):
    top, _ = rows(database, server_reading())
    for _ in range(2):
        records.keep(PROJECT, top.id, "before", server_reading(resource_name=LONE))
        kept = records.kept(PROJECT, top.id, "before")
        assert kept == server_reading(resource_name=KEPT)
        records.keep(PROJECT, top.id, "before", kept)
        assert records.kept(PROJECT, top.id, "before") == kept


def test_in_a_document_it_stays_what_it_was_and_drift_names_it_as_a_row_does(database, records):
    texts = [f'{{"volume":{{"metadata":{{"\\ud800":"{value}\\udfff"}}}}}}'.encode() for value in ("a", "b")]
    before, after = (disk_reading(documents=(document(f"volume/{ROOT}", one),)) for one in texts)
    top, _, closed = protect(database, records, before, after=after)
    assert closed.verdict == "drifted"
    export = records.export(PROJECT, top.id, VERBATIM)
    assert verify_export(export, records.public_key) == []
    assert [one["body"].encode() for one in export["documents"]] == texts[:1]
    (drift,) = records.report(PROJECT, top.id)["drift"]
    assert drift["field"] == "volume.metadata.\ufffd"


def test_in_a_member_that_we_were_handed_it_is_refused_and_nothing_is_written(database, records):
    top, children = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    with pytest.raises(RecordRefused, match=f"backup {top.id} cannot be kept: a text in it is no Unicode"):
        records.prepare(top, backups_member=f'{{"name":"{LONE}"}}')
    assert records.kept(PROJECT, top.id, "before") == server_reading()
    assert records.answer(PROJECT, top.id, MASKED).body is None
    close(database, records, top, children)
