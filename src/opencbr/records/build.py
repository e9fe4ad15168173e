"""From what was kept while a backup was made to the record that is closed: masked, judged, rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.document import Document, Reading
from opencbr.model.json_spans import NotJson
from opencbr.model.metadata import Rendered, render
from opencbr.model.record import Drift, Record, StoredDisk, page_of
from opencbr.model.report import NOT_COMPARED, find_drift, verdict
from opencbr.model.secrets import Fingerprint, Masked, mask
from opencbr.store.columns import as_stored


class RecordRefused(Exception):
    """A record that cannot be closed: a part is missing or is no JSON."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The reading before the snapshots, the one after them, and two of what was made: Cinder's export records, the image.

    A root disk of which no image could be made is a gap of the last one.
    """

    before: Reading | None
    after: Reading | None
    export: Reading | None
    image: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """When a record is closed, who signs it, and where it stands in its resource's chain."""

    closed_at: datetime
    salt: bytes
    signer: str
    sequence: int
    previous: bytes | None


@dataclass(frozen=True, slots=True)
class Composed:
    """A record, the ShowMetadata body in it, and its documents masked, by name."""

    record: Record
    rendered: Rendered
    masked: Mapping[str, Masked]


def compose(
    backup: Backup,
    disks: Sequence[DiskBackup],
    kept: Kept,
    *,
    backups_member: str,
    fingerprint: Fingerprint,
    place: Place,
) -> Composed:
    """Make the record. Raises RecordRefused without a first reading, and for a document that is no JSON."""
    before, after = kept.before, kept.after
    if before is None:
        raise RecordRefused(f"backup {backup.id} has no reading: it cannot be closed")
    made = [reading for reading in (kept.export, kept.image) if reading is not None]
    documents = (*before.documents, *(one for reading in made for one in reading.documents))
    masked = _masked(documents, fingerprint)
    drift: tuple[Drift, ...] = ()
    if after is not None:
        known = {document.name: (document.body, masked[document.name]) for document in documents}
        first = {name: one.body for name, one in masked.items()}
        second = {name: one.body for name, one in _masked(after.documents, fingerprint, known).items()}
        found = find_drift(first, second, after.unread)
        drift = tuple(
            replace(one, field=as_stored(one.field)) for one in found
        )  # made of the tenants' own keys
    gaps = (*before.gaps, *(gap for reading in made for gap in reading.gaps))
    gaps = gaps if after is not None else (*gaps, NOT_COMPARED)
    record = Record(
        backup_id=backup.id,
        project_id=backup.project_id,
        resource_id=before.resource_id,
        resource_type=before.resource_type,
        resource_name=before.resource_name,
        availability_zone=before.availability_zone,
        started_at=before.started_at,
        ended_at=before.ended_at,
        closed_at=place.closed_at,
        verdict=verdict(unread=before.unread, hidden=before.hidden, gaps=gaps, drift=drift),
        pages=tuple(page_of(document, masked[document.name]) for document in documents),
        unread=before.unread,
        hidden=before.hidden,
        gaps=gaps,
        drift=drift,
        disks=before.disks,
        disk_backups=_stored_disks(before, disks),
        salt=place.salt,
        signer=place.signer,
        sequence=place.sequence,
        previous=place.previous,
    )
    rendered = render(
        backup_id=backup.id,
        backups=backups_member,
        resource_type=before.resource_type,
        documents=masked,
        volume_ids=[disk.volume_id for disk in before.disks],
    )
    return Composed(record, rendered, masked)


def _masked(
    documents: tuple[Document, ...],
    fingerprint: Fingerprint,
    known: Mapping[str, tuple[bytes, Masked]] = MappingProxyType({}),
) -> dict[str, Masked]:
    """Mask documents, by name; `known` bodies that read the same the second time are not masked again."""
    masked: dict[str, Masked] = {}
    for document in documents:
        if document.name in masked:
            raise RecordRefused(f"document {document.name} was read twice")
        body, done = known.get(document.name, (None, None))
        if done is not None and body == document.body:
            masked[document.name] = done
            continue
        try:
            masked[document.name] = mask(document.name, document.body, fingerprint)
        except NotJson as error:
            raise RecordRefused(f"document {document.name} cannot be kept: {error}") from error
    return masked


def _stored_disks(reading: Reading, disks: Sequence[DiskBackup]) -> tuple[StoredDisk, ...]:
    rows = {disk.resource_id: disk for disk in disks}
    return tuple(
        StoredDisk(
            backup_id=row.id,
            volume_id=disk.volume_id,
            position=disk.position,
            size_gb=disk.size_gb,
            stored_mb=row.stored_mb,
            cinder_backup_id=row.cinder_backup_id,
            is_incremental=row.is_incremental,
            based_on=row.based_on,
        )
        for disk in reading.disks
        if (row := rows.get(disk.volume_id)) is not None
    )
