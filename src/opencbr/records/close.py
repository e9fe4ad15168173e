"""Closing a record: composed of what was kept, sealed, signed, chained, and read back before it is written."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.keys.ed25519 import Signer
from opencbr.keys.project_keys import ProjectKey
from opencbr.model.backup import Backup
from opencbr.model.clock import Clock
from opencbr.model.manifest import build_manifest, digest, signed_message
from opencbr.records import links, rows
from opencbr.records.build import Composed, Kept, Place, RecordRefused, compose
from opencbr.records.codec import SALT_BYTES, seal_parts
from opencbr.records.compression import load_dictionary
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.records.verification import prove


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing gave: complete, partial or drifted, and the manifest's SHA-256."""

    verdict: str
    digest: bytes


def close_record(
    conn: Connection,
    backup: Backup,
    children: Sequence[Backup],
    kept: Kept,
    *,
    backups_member: str,
    key: ProjectKey,
    signer: Signer,
    clock: Clock,
) -> Closed:
    """Write the record of what was kept, and its link, in the caller's transaction; `Records.close` says the rest."""
    last = links.last(conn, backup.project_id, backup.resource_id)
    place = Place(
        closed_at=clock.now(),
        salt=secrets.token_bytes(SALT_BYTES),
        signer=signer.public_key,
        sequence=last.sequence + 1 if last else 1,
        previous=last.digest if last else None,
    )
    try:
        composed = compose(
            backup,
            children,
            kept,
            backups_member=backups_member,
            fingerprint=key.fingerprint,
            place=place,
        )
        row, link = _sealed(composed, key, signer)
    except UnicodeEncodeError:  # the error holds the text
        raise RecordRefused(
            f"the record of backup {backup.id} cannot be kept: a text in it is no Unicode"
        ) from None
    # A backup is available only with a record that was read back: a fault of ours shows now, not in a year.
    prove(row, link, key)
    rows.insert(conn, row)
    links.insert(conn, link)
    return Closed(composed.record.verdict, row.digest)


def _sealed(composed: Composed, key: ProjectKey, signer: Signer) -> tuple[RecordRow, Link]:
    """Give a record as it is stored, and its link."""
    record, dictionary = composed.record, load_dictionary()
    proof = digest(build_manifest(record))
    row = RecordRow(
        backup_id=record.backup_id,
        project_id=record.project_id,
        key_id=key.id,
        dictionary_id=dictionary.id,
        **seal_parts(composed, key, dictionary),
        digest=proof,
        signature=signer.sign(signed_message(proof)),
        signer=bytes.fromhex(signer.public_key),
        sequence=record.sequence,
    )
    link = Link(
        backup_id=record.backup_id,
        project_id=record.project_id,
        resource_id=record.resource_id,
        sequence=record.sequence,
        digest=proof,
        previous=record.previous,
        closed_at=record.closed_at,
    )
    return row, link
