"""Exports: the whole record in a view, which the file and the public key alone prove."""

import json

import pytest

from opencbr.keys.ed25519 import Signer
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.manifest import digest, signed_message
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.offline_verification import verify_export
from records.protected import documents, protect, server_reading
from records.templates import EXPORT, LOGS, body, seen, server_templates
from store.samples import PROJECT

VIEWS = [MASKED, frozenset({SECRETS}), frozenset({INFRASTRUCTURE}), VERBATIM]
TEMPLATES = server_templates() | {f"export/{LOGS}": EXPORT}
SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])  # what is checked here is a file


@pytest.fixture(name="export")
def _export(database, records):
    """Give the record of a server in a view, as a file holds it."""
    found = documents({f"export/{LOGS}": EXPORT})
    top, _, _ = protect(database, records, server_reading(), after=server_reading(), export=found)
    return lambda view: json.loads(json.dumps(records.export(PROJECT, top.id, view)))


@pytest.mark.parametrize("view", VIEWS, ids=["masked", "secrets", "infrastructure", "verbatim"])
def test_an_export_holds_every_document_in_its_view_and_verifies(export, records, view):
    exported = export(view)
    assert verify_export(exported, records.public_key) == []
    assert verify_export(exported, f" {records.public_key.upper()}\n") == []
    assert [one["name"] for one in exported["documents"]] == list(TEMPLATES)
    for one in exported["documents"]:
        template = TEMPLATES[one["name"]]
        assert seen(template, view).fullmatch(one["body"]), one["name"]
        assert view != VERBATIM or one["body"].encode() == body(template)


def test_views_share_one_signature_and_no_salt(export):
    exports = [export(view) for view in VIEWS]
    assert len({one["signature"] for one in exports}) == 1
    salts = [document["salt"] for one in exports for document in one["documents"] if "salt" in document]
    of_one_class = [  # a document with values of one class is the same in two views, and so is its salt
        name for name, text in TEMPLATES.items() if ("«secrets" in text) != ("«infrastructure" in text)
    ]
    assert len(salts) - len(set(salts)) == len(of_one_class)


@SQLITE
def test_a_forger_with_a_key_of_his_own_is_found_out(export, records):
    forger = Signer(b"f" * 32)
    forged = export(VERBATIM)
    forged["manifest"] |= {
        "resource": {**forged["manifest"]["resource"], "name": "x"},
        "signer": forger.public_key,
    }
    proof = digest(forged["manifest"])
    forged |= {
        "digest": proof.hex(),
        "signature": forger.sign(signed_message(proof)).hex(),
        "public_key": forger.public_key,
    }
    assert verify_export(forged, forger.public_key) == []
    assert "the record was signed with another key than the one given" in verify_export(
        forged, records.public_key
    )
    for other in (forger.public_key, "", "00" * 32, "zz" * 32, records.public_key[:-2]):
        assert verify_export(export(VERBATIM), other)
