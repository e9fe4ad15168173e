"""docs/record-format.md is enough: a reader written from it opens the golden rows, to the byte."""

import ast
import hashlib
import json
from importlib import resources
from pathlib import Path

import pytest

from records import independent_reader
from records.golden import EXPECTED, EXPORT, FOLDER, PUBLIC_KEY, VIEWS, rows
from records.independent_reader import ProjectKeys, Record, master_key_check, public_key, read_key

DICTIONARIES = Path(str(resources.files("opencbr.records") / "assets"))


@pytest.fixture(scope="module", name="keys")
def _keys():
    master = read_key(FOLDER / "master.key")
    return {row["project_id"]: ProjectKeys(master, row) for row in rows("project_key")}


@pytest.fixture(scope="module", name="opened")
def _opened(keys):
    previous = {row["backup_id"]: row["previous"] for row in rows("record_link")}
    return {
        row["backup_id"]: Record(row, keys[row["project_id"]], DICTIONARIES, previous[row["backup_id"]])
        for row in rows("record")
    }


def test_it_imports_nothing_of_the_program():
    tree = ast.parse(Path(independent_reader.__file__).read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported == {
        *("base64", "hashlib", "hmac", "json", "itertools", "pathlib"),
        *("cryptography", "zstandard"),
    }


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("backup_id", list(EXPECTED))
def test_it_reads_what_the_program_shows(opened, backup_id, view):
    classes = view.split("+") if view else []
    record, expected = opened[backup_id], EXPECTED[backup_id]
    assert record.answer(*classes).decode() == expected["answers"][view]
    found = {name: body.decode() for name, body in record.documents(*classes).items()}
    assert found == expected["documents"][view]
    assert list(found) == list(expected["documents"][view])


def test_it_verifies_them(opened):
    for record in opened.values():
        record.verify()
    manifest = json.loads(opened[EXPORT["manifest"]["backup_id"]].manifest())
    assert manifest == EXPORT["manifest"]


def test_it_knows_the_keys():
    remembered = {row["key"]: row["value"] for row in rows("settings")}
    assert remembered == {
        "master_key_check": master_key_check(read_key(FOLDER / "master.key")),
        "signing_public_key": public_key(read_key(FOLDER / "signing.key")),
    }
    assert remembered["signing_public_key"] == PUBLIC_KEY


def test_it_makes_the_fingerprints_that_masks_have(keys):
    expected = EXPECTED[EXPORT["manifest"]["backup_id"]]
    fingerprint = keys[expected["project_id"]].fingerprint_of("compute1")
    host = json.loads(expected["documents"][""]["server"])["server"]["OS-EXT-SRV-ATTR:host"]
    assert host == f"(masked infrastructure {fingerprint})"


def test_it_follows_the_chain():
    links = sorted(rows("record_link"), key=lambda row: (row["resource_id"], row["sequence"]))
    before = {(row["resource_id"], row["sequence"]): row["digest"] for row in links}
    assert [row["previous"] for row in links] == [
        before.get((row["resource_id"], row["sequence"] - 1)) for row in links
    ]
    digests = {row["backup_id"]: row["digest"] for row in rows("record")}
    assert all(digests.get(row["backup_id"], row["digest"]) == row["digest"] for row in links)
    assert [row["buried_at"] is None for row in links] == [False, True, True]


def test_it_verifies_the_export():
    manifest = independent_reader.canonical(EXPORT["manifest"])
    assert hashlib.sha256(manifest).hexdigest() == EXPORT["digest"]
    for entry, document in zip(EXPORT["manifest"]["documents"], EXPORT["documents"], strict=True):
        body = document["body"].encode()
        if entry["commitments"]:
            widest = max(entry["commitments"], key=len)
            salted = bytes.fromhex(document["salt"]) + body
            assert hashlib.sha256(salted).hexdigest() == entry["commitments"][widest]
        else:
            assert hashlib.sha256(body).hexdigest() == entry["sha256"]
