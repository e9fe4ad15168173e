"""Records: kept while a backup is made, closed when it ends, shown and exported for as long as it lives."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from opencbr.model.backup import Backup
from opencbr.model.clock import Clock
from opencbr.model.document import Document, Reading
from opencbr.model.manifest import build_manifest, digest, salt_of, signed_message, view_name
from opencbr.model.metadata import of_one_disk
from opencbr.model.record import FORMAT, Record
from opencbr.model.report import report_of
from opencbr.model.secrets import View
from opencbr.model.spans import NotJson
from opencbr.store import drafts, record_rows, tables
from opencbr.store.composing import Kept, Place, RecordRefused, compose
from opencbr.store.database import Database
from opencbr.store.dictionary import load_dictionary
from opencbr.store.fast import FastReads
from opencbr.store.key_files import KeyTrouble
from opencbr.store.keys import Keys, ProjectKey
from opencbr.store.master_key import look_at_master_key, open_master_key
from opencbr.store.readings import AFTER, BEFORE, EXPORT, as_reading, get_reading, put_reading
from opencbr.store.record_parts import SALT_BYTES, Parts, RecordDamaged, open_answer, open_record, seal_parts
from opencbr.store.record_rows import Link, RecordRow
from opencbr.store.sealing import SealBroken
from opencbr.store.signing import Signer, is_signed, look_at_signer, open_signer


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing gave: complete, partial or drifted, and the manifest's SHA-256."""

    verdict: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What ShowMetadata needs: the backup's status, and the body, None while there is no record."""

    status: str
    body: bytes | None


class Records:
    """The records of one database. Thread-safe."""

    def __init__(self, database: Database, keys: Keys, signer: Signer, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._fast = FastReads(database)

    @property
    def public_key(self) -> str:
        """The key that new records are verified with, 64 hex digits."""
        return self._signer.public_key

    def shut(self) -> None:
        """Close the connections of the fast reader."""
        self._fast.close()

    def keep(self, project_id: str, backup_id: str, part: str, what: Reading | tuple[Document, ...]) -> None:
        """Keep a reading (`before`, `after`) or documents (`export`) until the record is closed.

        Doing it again replaces what was kept. Raises RecordRefused for a document that is no JSON.
        """
        if isinstance(what, tuple):
            if not what:
                return
            what = as_reading(project_id, backup_id, what)
        reading = what

        def write(conn: Connection) -> None:
            put_reading(
                conn, self._keys, project_id=project_id, backup_id=backup_id, part=part, reading=reading
            )

        try:
            self._database.transact(write)
        except NotJson as error:
            raise RecordRefused(f"what was read of backup {backup_id} cannot be kept: {error}") from error

    def kept(self, project_id: str, backup_id: str, part: str) -> Reading | tuple[Document, ...] | None:
        """Give back what was kept; None when nothing was. Raises SealBroken."""
        with self._database.read() as conn:
            reading = self._kept(conn, project_id, backup_id, part)
        return reading if reading is None or part != EXPORT else reading.documents

    def close(
        self, conn: Connection, backup: Backup, children: Sequence[Backup], *, backups_member: str
    ) -> Closed:
        """Make the record of what was kept, inside the caller's transaction; the drafts are gone then.

        `backups_member` is the JSON text of that member; `children` are the disks of a server backup, in order.
        Raises RecordRefused, RecordDamaged when what was written does not read back as it was.
        """
        readings = {
            name: self._kept(conn, backup.project_id, backup.id, name) for name in (BEFORE, AFTER, EXPORT)
        }
        key = self._keys.current(conn, backup.project_id)
        last = record_rows.last_link(conn, backup.project_id, backup.resource_id)
        composed = compose(
            backup,
            children,
            Kept(readings[BEFORE], readings[AFTER], readings[EXPORT]),
            backups_member=backups_member,
            fingerprint=key.fingerprint,
            place=Place(
                closed_at=self._clock.now(),
                salt=secrets.token_bytes(SALT_BYTES),
                signer=self._signer.public_key,
                sequence=last.sequence + 1 if last else 1,
                previous=last.digest if last else None,
            ),
        )
        record = composed.record
        dictionary = load_dictionary()
        parts = seal_parts(composed, key, dictionary)
        proof = self._write(conn, record, parts, key, dictionary.id)
        drafts.delete(conn, backup.project_id, backup.id)
        return Closed(record.verdict, proof)

    def answer(self, project_id: str, backup_id: str, view: View) -> Answer | None:
        """Give the ShowMetadata body in a view; None when the project has no such backup.

        A disk of a server backup has its parent's body, narrowed to the disk. Raises RecordDamaged.
        """
        row = self._fast.read_answer(project_id, backup_id, secrets=bool(view))
        if row is None:
            return None
        if row.answer is None or row.key_id is None or row.dictionary_id is None:
            return Answer(row.status, None)
        key = self._key(project_id, row.key_id, backup_id)
        parts = (row.parent_id or backup_id, row.dictionary_id, row.answer, row.secrets)
        body = open_answer(parts, project_id, key, view)
        if row.parent_id is not None:
            body = of_one_disk(body, backup_id, row.parent_id, row.resource_id)
        return Answer(row.status, body)

    def export(self, project_id: str, backup_id: str, view: View) -> dict[str, Any]:
        """Give the whole record in a view, with all that `verify_export` needs.

        Raises RecordDamaged when it is not what was signed, RecordRefused when there is none.
        """
        row, record, manifest = self._read(project_id, backup_id)
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
            "manifest": manifest,
            "digest": row.digest.hex(),
            "signature": row.signature.hex(),
            "public_key": row.signer,
            "documents": documents,
        }

    def report(self, project_id: str, backup_id: str) -> dict[str, Any]:
        """Give the capture report; raises as `export` does."""
        _, _, manifest = self._read(project_id, backup_id)
        return report_of(manifest)

    def bury(self, conn: Connection, project_id: str, backup_id: str, at: Any) -> None:
        """Remove a record and what was kept for it; its link in the chain stays as a tombstone."""
        drafts.delete(conn, project_id, backup_id)
        if record_rows.delete(conn, project_id, backup_id):
            record_rows.bury(conn, project_id, backup_id, at)

    def _kept(self, conn: Connection, project_id: str, backup_id: str, part: str) -> Reading | None:
        return get_reading(conn, self._keys, project_id=project_id, backup_id=backup_id, part=part)

    def _key(self, project_id: str, key_id: str, backup_id: str) -> ProjectKey:
        try:
            return self._keys.of(project_id, key_id)
        except SealBroken as error:
            raise RecordDamaged(f"the record of backup {backup_id} cannot be opened: {error}") from error

    def _write(
        self, conn: Connection, record: Record, parts: Parts, key: ProjectKey, dictionary_id: str
    ) -> bytes:
        """Write a record and its link; return the manifest's digest."""
        proof = digest(build_manifest(record))
        row = RecordRow(
            backup_id=record.backup_id,
            project_id=record.project_id,
            key_id=key.id,
            dictionary_id=dictionary_id,
            answer=parts.answer,
            secrets=parts.secrets,
            documents=parts.documents,
            digest=proof,
            signature=self._signer.sign(signed_message(proof)),
            signer=self._signer.public_key,
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
        # A backup is available only with a record that was read back: a fault of ours shows now, not in a year.
        _proved(row, open_record(row, link, key))
        record_rows.insert(conn, row)
        record_rows.add_link(conn, link)
        return proof

    def _read(self, project_id: str, backup_id: str) -> tuple[RecordRow, Record, dict[str, Any]]:
        with self._database.read() as conn:
            row = record_rows.get(conn, project_id, backup_id)
            link = _link(conn, project_id, backup_id)
        if row is None or link is None:
            raise RecordRefused(f"backup {backup_id} has no record")
        record = open_record(row, link, self._key(project_id, row.key_id, backup_id))
        return row, record, _proved(row, record)


def open_records(database: Database, folder: Path, clock: Clock) -> Records:
    """Open the records with the keys in `folder`; at the very first start the keys are made.

    Raises KeyTrouble, whose sentence says what to do.
    """
    keys = Keys(database, open_master_key(database, folder), clock)
    return Records(database, keys, open_signer(database, folder), clock)


def check_keys(database: Database | None, folder: Path) -> str | None:
    """Say in a sentence what is wrong with the keys in `folder`; None when they fit. Changes nothing.

    Without a usable database only the files are judged.
    """
    try:
        current = database if database is not None and database.schema_is_current() else None
    except SQLAlchemyError:  # told elsewhere; the files can be judged all the same
        current = None
    try:
        look_at_master_key(current, folder)
        look_at_signer(current, folder)
    except KeyTrouble as error:
        return str(error)
    except OSError as error:
        return f"the key folder {folder} cannot be read: {error.strerror}"
    return None


def _proved(row: RecordRow, record: Record) -> dict[str, Any]:
    """Make the manifest, and check that it is the one that was signed. Raises RecordDamaged."""
    manifest = build_manifest(record)
    proof = digest(manifest)
    if proof != row.digest or not is_signed(row.signer, row.signature, signed_message(proof)):
        raise RecordDamaged(f"the record of backup {row.backup_id} is damaged: it is not what was signed")
    return manifest


def _link(conn: Connection, project_id: str, backup_id: str) -> Link | None:
    links = tables.record_link
    mine = (links.c.project_id == project_id, links.c.backup_id == backup_id)
    found = conn.execute(select(links).where(*mine)).mappings().first()
    return None if found is None else Link(**found)
