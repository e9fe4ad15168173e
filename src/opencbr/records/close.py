"""Closing a record: composed of what was kept, sealed, signed, and read back, all before the transaction that writes it.

That transaction waits for nothing but rows, and finds out whether the record still fits: the chain has not gone on, the
disks' rows are as they were. Where they are not, the record is made once more.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.keys.ed25519 import Signer
from opencbr.keys.project_keys import ProjectKey
from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.clock import Clock
from opencbr.model.manifest import build_manifest, digest, signed_message
from opencbr.records import draft_rows, links, rows
from opencbr.records.build import Composed, Kept, Place, RecordRefused, compose
from opencbr.records.codec import SALT_BYTES, seal_parts
from opencbr.records.compression import load_dictionary
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.records.verification import prove
from opencbr.store import disk_backups


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that can be written: complete, partial or drifted; its row and link; the disks that it tells of."""

    verdict: str
    row: RecordRow
    link: Link
    disks: Sequence[DiskBackup]


def prepare_record(
    backup: Backup,
    disks: Sequence[DiskBackup],
    last: Link | None,
    kept: Kept,
    *,
    backups_member: str,
    key: ProjectKey,
    signer: Signer,
    clock: Clock,
) -> Prepared:
    """Make the record of what was kept, to follow `last` in the chain; `Records.prepare` says the rest."""
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
            disks,
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
    return Prepared(composed.record.verdict, row, link, disks)


def write_record(conn: Connection, prepared: Prepared) -> bool:
    """Write a record and its link, and drop what was kept for it; `Records.write` says the rest."""
    row, link = prepared.row, prepared.link
    last = links.last(conn, link.project_id, link.resource_id)
    if (last.sequence, last.digest) != (link.sequence - 1, link.previous) if last else link.sequence > 1:
        return False
    if disk_backups.of_backup(conn, row.project_id, row.backup_id) != prepared.disks:
        return False
    # Whoever closes a record of the same resource at the same moment is waited for here.
    if not links.insert_new(conn, link):
        return False
    rows.insert(conn, row)
    draft_rows.delete(conn, row.project_id, row.backup_id)
    return True


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
