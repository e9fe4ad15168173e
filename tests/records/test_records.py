"""A closed record: it gives back what the cloud sent, to its project alone, and stays what it was."""

import base64
import json
import random
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.archive import RecordRefused, StoredAnswer
from opencbr.records.offline_verification import verify_export
from opencbr.store import backups
from records.protected import document, protect, rows, server_reading
from store.samples import NOW, OTHER, PROJECT, ident
from support.json_texts import json_texts

VIEWS = [MASKED, frozenset({SECRETS}), frozenset({INFRASTRUCTURE}), VERBATIM]
TEXTS = json_texts(
    st.sampled_from(["user_data", "metadata", "db_password", "binding:profile", "host_name", "status"])
)


def answer(records, backup_id, view=MASKED):
    return records.answer(PROJECT, backup_id, view).body


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_json_the_cloud_may_send_comes_back_to_the_byte(database, records):
    @settings(max_examples=60, deadline=None)
    @given(TEXTS, TEXTS, TEXTS)
    def check(server, port, network):
        texts = {
            "server": f'{{"server":{server}}}',
            "port/1": f'{{"port":{port}}}',
            "network/1": f" {network}\n",
        }
        found = tuple(document(name, text.encode()) for name, text in texts.items())
        top, _, _ = protect(database, records, server_reading(documents=found, disks=()))
        for view in VIEWS:
            export = records.export(PROJECT, top.id, view)
            assert verify_export(export, records.public_key) == []
            exported = {one["name"]: one["body"] for one in export["documents"]}
            # What is answered is what was signed.
            shown = json.loads(answer(records, top.id, view))
            assert (shown["server"], shown["ports"]) == (exported["server"], [exported["port/1"]])
        assert exported == texts

    check()


@pytest.mark.parametrize("size", [300, 70_000])
def test_large_bodies_and_large_secrets_come_back_too(database, records, size):
    rng = random.Random(size)
    noise = base64.b64encode(rng.randbytes(size)).decode()
    ids = " ".join(str(uuid.UUID(bytes=rng.randbytes(16))) for _ in range(size // 40))
    text = f'{{"server":{{"user_data":"{noise}","name":"{ids}","password":"{ids}","x":"{noise}"}}}}'.encode()
    found = (document("server", text), document("server@newest", text))
    top, _, _ = protect(database, records, server_reading(documents=found, disks=()))
    exported = records.export(PROJECT, top.id, VERBATIM)["documents"]
    assert [one["body"].encode() for one in exported] == [text, text]
    for view in VIEWS:
        shown = json.loads(answer(records, top.id, view))["server"]
        assert (noise in shown.partition('"x"')[0], f'"password":"{ids}"' in shown) == (SECRETS in view,) * 2
    assert shown.encode() == text


def test_there_is_nothing_for_another_project(database, records):
    top, children, _ = protect(database, records, server_reading())
    protect(database, records, server_reading(project_id=OTHER))
    for one in (top.id, children[0].id):
        assert records.answer(OTHER, one, VERBATIM) is None
    assert records.answer(PROJECT, ident(), VERBATIM) is None
    for read in (records.report, lambda *of: records.export(*of, VERBATIM)):
        with pytest.raises(RecordRefused, match=f"backup {top.id} has no record"):
            read(OTHER, top.id)


def test_before_it_is_closed_there_is_a_status_and_no_body(database, records):
    top, children = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    for one in (top, *children):
        assert records.answer(PROJECT, one.id, VERBATIM) == StoredAnswer("protecting", None)
    with pytest.raises(RecordRefused, match="has no record"):
        records.export(PROJECT, top.id, MASKED)


def test_a_record_stays_what_it_was_whatever_becomes_of_the_backup_and_its_resource(database, records):
    top, _, _ = protect(database, records, server_reading())
    before = [
        answer(records, top.id),
        records.export(PROJECT, top.id, VERBATIM),
        records.report(PROJECT, top.id),
    ]
    with database.write() as conn:
        backups.update(conn, PROJECT, top.id, name="another", description="renamed", updated_at=NOW)
        backups.move(conn, PROJECT, top.id, to="restoring", updated_at=NOW)
    records.keep(PROJECT, top.id, "before", server_reading(resource_name="renamed", documents=()))
    protect(database, records, server_reading(resource_name="renamed"))
    assert [
        answer(records, top.id),
        records.export(PROJECT, top.id, VERBATIM),
        records.report(PROJECT, top.id),
    ] == before
    assert records.answer(PROJECT, top.id, MASKED).status == "restoring"
