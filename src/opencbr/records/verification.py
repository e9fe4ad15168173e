"""Proving a stored record: its manifest is made anew, and is the one that was signed and that the chain names."""

from dataclasses import dataclass
from typing import Any

from opencbr.keys.aead import SealBroken
from opencbr.keys.ed25519 import is_signed
from opencbr.keys.project_keys import Keys, ProjectKey
from opencbr.model.manifest import build_manifest, digest, salt_of, signed_message, view_name
from opencbr.model.masked_places import MaskedPlace, masked_places, value_at
from opencbr.model.record import FORMAT, Record
from opencbr.model.secrets import MASKED, View
from opencbr.records.codec import open_record
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.store.errors import RecordDamaged


@dataclass(frozen=True, slots=True)
class Proved:
    """A record that is what was signed, as stored and opened, and its manifest."""

    row: RecordRow
    record: Record
    manifest: dict[str, Any]


def prove(row: RecordRow, link: Link | None, key: ProjectKey) -> Proved:
    """Open a record and prove it. Raises RecordDamaged, whose sentence says what does not fit."""
    if link is None:
        raise _damaged(row, "its link in the chain is gone")
    record = open_record(row, link, key)
    manifest = build_manifest(record)
    proof = digest(manifest)
    if proof != row.digest or not is_signed(row.signer.hex(), row.signature, signed_message(proof)):
        raise _damaged(row, "it is not what was signed")
    if link.buried_at is not None:
        raise _damaged(row, "its link in the chain is a tombstone, and it stands all the same")
    told = (link.digest, link.sequence, link.resource_id, link.closed_at)
    if told != (proof, record.sequence, record.resource_id, record.closed_at):
        raise _damaged(row, "its link in the chain is another record's, or was changed")
    return Proved(row, record, manifest)


def key_of(keys: Keys, project_id: str, key_id: str, backup_id: str) -> ProjectKey:
    """Give the key that a record was sealed with. Raises RecordDamaged."""
    try:
        return keys.of(project_id, key_id)
    except SealBroken as error:
        raise RecordDamaged(f"the record of backup {backup_id} cannot be opened: {error}") from error


def export_of(proved: Proved, view: View) -> dict[str, Any]:
    """Give the whole record in a view, with all that `verify_export` needs."""
    row, record = proved.row, proved.record
    documents = []
    for page in record.pages:
        document = {"name": page.document.name, "body": page.body(view).decode()}
        if view & page.kinds:
            salt = salt_of(record.salt, view_name(view & page.kinds), page.document.name)
            document["salt"] = salt.hex()
        documents.append(document)
    return {
        "format": FORMAT,
        "view": sorted(view),
        "manifest": proved.manifest,
        "digest": row.digest.hex(),
        "signature": row.signature.hex(),
        "public_key": row.signer.hex(),
        "documents": documents,
    }


def places_of(record: Record) -> dict[str, list[MaskedPlace]]:
    """List the masks of each document that has any, by its name."""
    return {
        page.document.name: masked_places(page.body(MASKED).decode(), page.document.body.decode())
        for page in record.pages
        if page.kinds
    }


def value_of(record: Record, document: str, offset: int) -> tuple[str, str, str] | None:
    """Return path, class and JSON text of the value whose mask begins there in a document; None when none does."""
    for page in record.pages:
        if page.document.name == document and page.kinds:
            return value_at(page.body(MASKED).decode(), page.document.body.decode(), offset)
    return None


def _damaged(row: RecordRow, why: str) -> RecordDamaged:
    return RecordDamaged(f"the record of backup {row.backup_id} is damaged: {why}")
