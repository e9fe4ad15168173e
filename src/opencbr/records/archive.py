"""Records: kept while a backup is made, closed when it ends, shown and exported for as long as it lives."""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from opencbr.keys.aead import SealBroken, bound_to, seal, unseal
from opencbr.keys.master_key import open_master_key
from opencbr.keys.project_keys import Keys
from opencbr.keys.ring import is_current
from opencbr.keys.signing_key import SIGNING, SigningKey, open_signing_key
from opencbr.model.access import Access
from opencbr.model.backup import Backup
from opencbr.model.clock import Clock
from opencbr.model.document import Document, Reading
from opencbr.model.json_spans import NotJson
from opencbr.model.metadata import of_one_disk
from opencbr.model.report import report_of
from opencbr.model.secrets import View
from opencbr.records import draft_rows, links, rows
from opencbr.records.audit import walk_chains
from opencbr.records.build import Kept, RecordRefused
from opencbr.records.close import Prepared, prepare_record, write_record
from opencbr.records.codec import open_answer, open_disks
from opencbr.records.drafts import AFTER, BEFORE, EXPORT, IMAGE, as_reading, open_reading, seal_reading
from opencbr.records.hash_chain import Chain, Head
from opencbr.records.metadata_query import AnswerRow, MetadataQuery
from opencbr.records.restorable import Restorable, restorable_of
from opencbr.records.signed_rows import refuse_stranger
from opencbr.records.verification import Proved, export_of, key_of, places_of, prove, value_of
from opencbr.store import disk_backups
from opencbr.store.database import Database
from opencbr.store.errors import RecordDamaged
from opencbr.store.statements import is_no_text


class StoredAnswer(Struct, frozen=True):
    """What ShowMetadata needs: the backup's status, and the body, None while there is no record."""

    status: str
    body: bytes | None
    shared: bool = False  # another project's backup: masked, whatever view was asked for


class Records:
    """The records of one database. Thread-safe."""

    def __init__(self, database: Database, keys: Keys, signing: SigningKey, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._signing = signing
        self._clock = clock
        self._metadata_query = MetadataQuery(database)

    @property
    def public_key(self) -> str:
        """The key that new records are verified with, 64 hex digits."""
        return self._signing.signer.public_key

    @property
    def public_keys(self) -> list[str]:
        """The keys that records of this installation are verified with, that of new ones first."""
        return self._signing.known

    def shut(self) -> None:
        """Close the connections of the metadata query."""
        self._metadata_query.close()

    def keep(self, project_id: str, backup_id: str, part: str, what: Reading | tuple[Document, ...]) -> None:
        """Keep a reading (`before`, `after`, `image`) or documents (`export`) until the record is closed.

        Doing it again replaces what was kept. Raises RecordRefused for a document that is no JSON.
        """
        if isinstance(what, tuple):
            if not what:
                return
            what = as_reading(project_id, backup_id, what)
        try:
            sealed = seal_reading(
                self._keys, project_id=project_id, backup_id=backup_id, part=part, reading=what
            )
        except NotJson as error:
            raise RecordRefused(f"what was read of backup {backup_id} cannot be kept: {error}") from error
        self._database.transact(lambda conn: draft_rows.put(conn, backup_id, part, sealed))

    def kept(self, project_id: str, backup_id: str, part: str) -> Reading | tuple[Document, ...] | None:
        """Give back what was kept; None when nothing was. Raises SealBroken."""
        with self._database.read() as conn:
            stored = draft_rows.get(conn, backup_id, part)
        reading = self._opened(project_id, backup_id, part, stored)
        return reading if reading is None or part != EXPORT else reading.documents

    def prepare(self, backup: Backup, *, backups_member: str) -> Prepared:
        """Make the record of what was kept, for `write`; nobody waits for it, no transaction is open.

        `backups_member` is the JSON text of that member. The disks of the backup are in the database.
        Raises RecordRefused, RecordDamaged when what was made does not read back as it was.
        """
        project_id, public_key = backup.project_id, self.public_key
        with self._database.read() as conn:
            last = links.last(conn, project_id, backup.resource_id)
            disks = disk_backups.of_backup(conn, project_id, backup.id)
            stored = {part: draft_rows.get(conn, backup.id, part) for part in (BEFORE, AFTER, EXPORT, IMAGE)}
            signs = is_current(conn, SIGNING, public_key)
        if not signs:
            self._signing.reload()
        before, after, export, image = (
            self._opened(project_id, backup.id, part, sealed) for part, sealed in stored.items()
        )
        return prepare_record(
            backup,
            disks,
            last,
            Kept(before, after, export, image),
            backups_member=backups_member,
            key=self._keys.current(project_id),
            signer=self._signing.signer,
            clock=self._clock,
        )

    def write(self, conn: Connection, prepared: Prepared) -> bool:
        """Write a record that was prepared, and drop what was kept for it; False when it does not fit any more.

        Then nothing was written: another record of the resource was closed meanwhile, the disks' rows have changed, or the
        signing key was rotated; it is to be prepared anew.
        """
        signer = prepared.row.signer.hex()
        return is_current(conn, SIGNING, signer, lock=True) and write_record(conn, prepared)

    def answer(self, reader: str, backup_id: str, view: View) -> StoredAnswer | None:
        """Give the ShowMetadata body in a view; None when the project `reader` sees no such backup.

        A disk of a server backup has its parent's body, narrowed to the disk. Raises RecordDamaged, also when there must
        be a record and there is none.
        """
        row = self._read_answer(reader, backup_id, secrets=bool(view))
        if row is None:
            return None
        access = Access(row.owner, reader)
        if row.answer is None or row.key_id is None or row.dictionary_id is None:
            with self._database.read() as conn:
                _refuse_loss(conn, access.owner, row.parent_id or backup_id)
            return StoredAnswer(row.status, None, access.shared)
        key = key_of(self._keys, access.owner, row.key_id, backup_id)
        parts = (row.parent_id or backup_id, row.dictionary_id, row.answer, row.secrets)
        body = open_answer(parts, access.owner, key, access.view(view))
        if row.parent_id is not None:
            # The sealing binds a record to its own id alone: that this disk is one of its, only the record can say.
            refuse_stranger(
                open_disks((*parts, row.documents), access.owner, key), backup_id, row.resource_id
            )
            body = of_one_disk(body, backup_id, row.parent_id, row.resource_id)
        return StoredAnswer(row.status, body, access.shared)

    def export(self, project_id: str, backup_id: str, view: View, *, asked: str = "") -> dict[str, Any]:
        """Give the whole record in a view, with all that `verify_export` needs; `asked` is the id of a disk's backup.

        Raises RecordDamaged when it is not what was signed, must be there and is gone, or does not know the disk;
        RecordRefused when there is none.
        """
        return export_of(self._proved(project_id, backup_id, asked), view)

    def report(self, project_id: str, backup_id: str, *, asked: str = "") -> dict[str, Any]:
        """Give the capture report; `asked` and what is raised are as in `export`."""
        proved = self._proved(project_id, backup_id, asked)
        return report_of(proved.manifest, places_of(proved.record))

    def value(
        self, project_id: str, backup_id: str, document: str, offset: int, *, asked: str = ""
    ) -> tuple[str, str, str] | None:
        """Give path, class and JSON text of one value that is masked; None when no mask begins at `offset` of `document`.

        `asked` and what is raised are as in `export`.
        """
        return value_of(self._proved(project_id, backup_id, asked).record, document, offset)

    def restorable(self, project_id: str, backup_id: str) -> Restorable:
        """Open a record in clear, proved, for a plan of its restore; what is raised is as in `export`."""
        proved = self._proved(project_id, backup_id, "")
        return restorable_of(proved, self._keys.of(project_id, proved.row.key_id))

    def seal_plan(self, project_id: str, plan_id: str, text: bytes) -> tuple[str, bytes]:
        """Seal a restore plan with the project's key; return the key's id and what to store."""
        key = self._keys.current(project_id)
        return key.id, seal(key.aead, zlib.compress(text), bound_to("restore-plan", project_id, plan_id))

    def open_plan(self, project_id: str, plan_id: str, key_id: str, sealed: bytes) -> bytes:
        """Give back what `seal_plan` sealed. Raises RecordDamaged."""
        try:
            key = self._keys.of(project_id, key_id)
            return zlib.decompress(unseal(key.aead, sealed, bound_to("restore-plan", project_id, plan_id)))
        except (SealBroken, zlib.error) as error:
            raise RecordDamaged(f"restore plan {plan_id} is damaged: it does not open") from error

    def chains(
        self,
        project_id: str = "",
        resource_id: str = "",
        noted: Mapping[tuple[str, str], Head] | None = None,
    ) -> Iterator[Chain]:
        """Walk the chains of all resources, or of one project's or one id, and prove every record that stands.

        `noted` are heads at an earlier time, by project and resource; a chain that is gone since is among those walked.
        """
        return walk_chains(
            self._database,
            self._keys,
            public_keys=self.public_keys,
            project_id=project_id,
            resource_id=resource_id,
            noted=noted or {},
        )

    def bury(self, conn: Connection, project_id: str, backup_id: str, at: Any) -> None:
        """Remove a record and what was kept for it; its link in the chain stays as a tombstone."""
        draft_rows.delete(conn, project_id, backup_id)
        if rows.delete(conn, project_id, backup_id):
            links.bury(conn, project_id, backup_id, at)

    def _opened(self, project_id: str, backup_id: str, part: str, stored: bytes | None) -> Reading | None:
        if stored is None:
            return None
        return open_reading(self._keys, stored, project_id=project_id, backup_id=backup_id, part=part)

    def _read_answer(self, reader: str, backup_id: str, *, secrets: bool) -> AnswerRow | None:
        try:
            row = self._metadata_query.read_answer(reader, backup_id, secrets=secrets)
        except sqlite3.OperationalError as error:
            if is_no_text(error):
                raise rows.odd(backup_id) from error
            raise
        if row is not None and row.key_id is not None and not isinstance(row.key_id, str):
            raise rows.odd(backup_id)
        return row

    def _proved(self, project_id: str, backup_id: str, asked: str) -> Proved:
        with self._database.read() as conn:
            row = rows.get(conn, project_id, backup_id)
            if row is None:
                _refuse_loss(conn, project_id, backup_id)
                raise RecordRefused(f"backup {backup_id} has no record")
            link = links.get(conn, project_id, backup_id)
        proved = prove(row, link, key_of(self._keys, project_id, row.key_id, backup_id))
        if asked not in ("", backup_id):
            refuse_stranger({one.backup_id: one.volume_id for one in proved.record.disk_backups}, asked)
        return proved


def open_records(database: Database, folder: Path, clock: Clock) -> Records:
    """Open the records with the keys in `folder`; at the very first start the keys are made.

    Raises KeyTrouble, whose sentence says what to do.
    """
    keys = Keys(database, open_master_key(database, folder), clock)
    return Records(database, keys, open_signing_key(database, folder), clock)


def _refuse_loss(conn: Connection, project_id: str, backup_id: str) -> None:
    """Raise RecordDamaged when a backup must have a record and has none."""
    if rows.must_stand(conn, project_id, backup_id) and not rows.get(conn, project_id, backup_id):
        raise RecordDamaged(f"the record of backup {backup_id} is gone, and its backup was not deleted")
