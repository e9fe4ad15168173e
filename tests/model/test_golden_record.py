"""One record whose every number is written down: what the format meant yesterday it means tomorrow.

The second half checks the same file with the standard library and Ed25519 alone, as an independent verifier would.
"""

import hashlib
import hmac
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from opencbr.keys.ed25519 import Signer
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.manifest import build_manifest, canonical, digest, salt_of, signed_message, view_name
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.offline_verification import verify_export
from support.golden import DOCUMENTS, EXPORT, RECORD, SEED

PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
MANIFEST_SIZE = 3002
MANIFEST_SHA256 = "0028d4e3b10d646c70ccf7f1f1ac25c99ab1cd02c4a5725e82be7760b329f62a"
SIGNATURE = (
    "f5c9403ae73ab4008fa4e3e0b98118614ef3e180126f814e66e8bd68f004d9b7"
    "912a1dc14201ed687366e50523d4d5d52e41a675354e6723400188e97a9feb08"
)
MASKED_SHA256 = [
    "ba4a4d7d296cc46634b54e11a499f2acb1a698bf279905528d915edb0f323cae",
    "4c06ad54ae94c259edaa6c106dd49731580c9c432b7027d16aacc93f590d622b",
    "29dcb4fea8e2080be873659a33739546329750def6f1cc463de4d3a3b6fd882e",
]


@pytest.fixture(name="export")
def _export():
    return json.loads(EXPORT.read_text(encoding="utf-8"))


def test_the_record_has_the_manifest_the_digest_and_the_signature_it_always_had(export):
    manifest = build_manifest(RECORD)
    assert manifest == export["manifest"]
    text = canonical(manifest)
    assert (len(text), hashlib.sha256(text).hexdigest()) == (MANIFEST_SIZE, MANIFEST_SHA256)
    signer = Signer(SEED)
    assert signer.public_key == PUBLIC
    assert signer.sign(signed_message(digest(manifest))).hex() == SIGNATURE


def test_masked_bodies_are_what_they_always_were():
    assert [hashlib.sha256(page.body(MASKED)).hexdigest() for page in RECORD.pages] == MASKED_SHA256
    assert RECORD.pages[0].body(MASKED).decode() == (
        '{"server": {"name": "Datenbank-\u20ac", "OS-EXT-SRV-ATTR:host": "(sealed infrastructure 0123456789abcdef)", '
        '"OS-EXT-SRV-ATTR:user_data": "(sealed secret 0123456789abcdef)" , "metadata": {}}}'
    )


@pytest.mark.parametrize(
    "view", [MASKED, frozenset({SECRETS}), frozenset({INFRASTRUCTURE}), VERBATIM], ids=view_name
)
def test_the_verifier_accepts_it_in_every_view(export, view):
    documents = []
    for page in RECORD.pages:
        one = {"name": page.document.name, "body": page.body(view).decode()}
        if view & page.kinds:
            one["salt"] = salt_of(RECORD.salt, view_name(view & page.kinds), one["name"]).hex()
        documents.append(one)
    if view == VERBATIM:
        assert documents == export["documents"]
    assert verify_export({**export, "view": sorted(view), "documents": documents}, PUBLIC) == []


def test_it_can_be_verified_by_the_format_alone(export):
    manifest = export["manifest"]
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert (len(text), hashlib.sha256(text).hexdigest()) == (MANIFEST_SIZE, MANIFEST_SHA256)
    message = b"opencbr.record/1\0" + bytes.fromhex(MANIFEST_SHA256)
    assert Ed25519PrivateKey.from_private_bytes(SEED).sign(message).hex() == export["signature"] == SIGNATURE
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC)).verify(bytes.fromhex(SIGNATURE), message)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC)).verify(
            bytes.fromhex(SIGNATURE), message + b"x"
        )


def test_every_document_can_be_verified_by_hashing_alone(export):
    verified = []
    for page, document in zip(export["manifest"]["documents"], export["documents"], strict=True):
        body = document["body"].encode()
        if page["commitments"]:
            view = max(page["commitments"], key=len)  # all that the document has, in the widest view
            salt = hmac.new(RECORD.salt, f"{view}\0{page['name']}".encode(), hashlib.sha256).digest()
            assert salt.hex() == document["salt"]
            assert hashlib.sha256(salt + body).hexdigest() == page["commitments"][view]
        else:
            assert hashlib.sha256(body).hexdigest() == page["sha256"]
        verified.append(body)
    assert verified == [document.body for document in DOCUMENTS]
    assert [page["sha256"] for page in export["manifest"]["documents"]] == MASKED_SHA256
