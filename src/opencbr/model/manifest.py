"""The manifest: what is in a record, in a form that anybody can hash and check.

It is a function of the record's parts and nothing else, so it is never stored; its digest and signature are.
docs/record-format.md is the specification.
"""

import hashlib
import hmac
import json
from dataclasses import asdict
from typing import Any

from opencbr.model.document import Document, Reading
from opencbr.model.record import FORMAT, Page, Record, views_of
from opencbr.model.secrets import MASKED, View
from opencbr.model.times import wire_time


def canonical(value: Any) -> bytes:
    """Write `value` in the one way that is hashed: RFC 8785 for the subset used here.

    UTF-8, no white space, keys in order, nothing escaped that need not be. Raises ValueError for floats, for
    keys that are no ASCII text (all orders of keys agree there) and for text that is no Unicode.
    """
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def build_manifest(record: Record) -> dict[str, Any]:
    """Make the manifest of a record."""
    return {
        "format": FORMAT,
        "project_id": record.project_id,
        "backup_id": record.backup_id,
        **describe_record(record),
        "documents": [_page(page, record.salt) for page in record.pages],
        "chain": {
            "sequence": record.sequence,
            "previous": None if record.previous is None else record.previous.hex(),
        },
        "signer": record.signer,
    }


def describe_record(record: Record) -> dict[str, Any]:
    """Say what is stored in so many words: all of the manifest but documents, chain, signer and whose record it is."""
    return {
        **describe_reading(record),
        "closed_at": wire_time(record.closed_at),
        "verdict": record.verdict,
        "drift": [asdict(drift) for drift in record.drift],
        "disk_backups": [asdict(disk_backup) for disk_backup in record.disk_backups],
    }


def describe_reading(read: Reading | Record) -> dict[str, Any]:
    """Say what a record has of its reading, but for the documents."""
    return {
        "resource": {
            "id": read.resource_id,
            "type": read.resource_type,
            "name": read.resource_name,
            "availability_zone": read.availability_zone,
        },
        "started_at": wire_time(read.started_at),
        "ended_at": wire_time(read.ended_at),
        "unread": [{**asdict(unread), "read_at": wire_time(unread.read_at)} for unread in read.unread],
        "hidden": list(read.hidden),
        "gaps": list(read.gaps),
        "disks": [asdict(disk) for disk in read.disks],
    }


def describe_call(document: Document) -> dict[str, Any]:
    """Say how a document was read."""
    return {
        "name": document.name,
        "service": document.service,
        "method": document.method,
        "path": document.path,
        "microversion": document.microversion,
        "status": document.status,
        "request_id": document.request_id,
        "read_at": wire_time(document.read_at),
    }


def digest(manifest: dict[str, Any]) -> bytes:
    """Hash a manifest: SHA-256 of its canonical form, 32 bytes."""
    return hashlib.sha256(canonical(manifest)).digest()


def signed_message(manifest_digest: bytes) -> bytes:
    """Give the bytes that are signed: the format's name, a zero byte, the digest."""
    return FORMAT.encode() + b"\0" + manifest_digest


def view_name(kinds: View) -> str:
    """Name what is in clear, as in `commitments`: the classes in order, with a plus between them."""
    return "+".join(sorted(kinds))


def salt_of(record_salt: bytes, view: str, document: str) -> bytes:
    """Derive the salt of one view of one document; who is given it can derive no other."""
    return hmac.new(record_salt, f"{view}\0{document}".encode(), hashlib.sha256).digest()


def commitment(salt: bytes, body: bytes) -> str:
    """Bind to a body without telling it, for whoever does not know the salt: hex of SHA-256(salt || body)."""
    return hashlib.sha256(salt + body).hexdigest()


def _page(page: Page, record_salt: bytes) -> dict[str, Any]:
    document = page.document
    commitments = {}
    for view in views_of(page.kinds):
        name = view_name(view)
        commitments[name] = commitment(salt_of(record_salt, name, document.name), page.bodies[view])
    return {
        **describe_call(document),
        "sha256": hashlib.sha256(page.bodies[MASKED]).hexdigest(),
        "commitments": commitments,
    }


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"a canonical object has ASCII keys, not {key!r}")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif not (value is None or isinstance(value, str | int)):
        raise ValueError(f"a canonical document holds no {type(value).__name__}")
