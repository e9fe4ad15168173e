"""A record: everything that is known of one backup's resource, and what the manifest says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from opencbr.model.document import Disk, Document, Unread
from opencbr.model.secrets import MASKED, Masked, View, reveal

FORMAT = "opencbr.record/1"
"""Name of the format in manifests, signatures and as associated data of what is sealed."""


@dataclass(frozen=True, slots=True)
class Page:
    """One document, and its body in every view in which it differs; MASKED is always among them."""

    document: Document  # its body is the verbatim one
    bodies: Mapping[View, bytes]

    @property
    def kinds(self) -> View:
        """The classes of masked values in this document."""
        return frozenset().union(*self.bodies)

    def body(self, view: View) -> bytes:
        """Give the body that a reader with `view` sees."""
        return self.bodies[view & self.kinds]


def views_of(kinds: View) -> list[View]:
    """List the views in which a document with values of these classes differs from its masked form."""
    single = [frozenset({kind}) for kind in sorted(kinds)]
    return [*single, kinds] if len(kinds) > 1 else single


def page_of(document: Document, masked: Masked) -> Page:
    """Make the page of a document and its masked form."""
    views = [MASKED, *views_of(masked.kinds)]
    return Page(document, {view: reveal(masked.body, masked.splices, view) for view in views})


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that moved between the two readings.

    Both values are masked JSON text, None where there was none. An empty `field` means the document itself.
    """

    document: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskBackup:
    """What the mover holds for one disk."""

    backup_id: str
    volume_id: str
    position: int
    size_gb: int
    stored_mb: int
    cinder_backup_id: str | None
    is_incremental: bool
    based_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All parts of a record. `salt` is 16 random bytes, `previous` the digest of the last record before."""

    backup_id: str
    project_id: str
    resource_id: str
    resource_type: str
    resource_name: str
    availability_zone: str | None
    started_at: datetime
    ended_at: datetime
    closed_at: datetime
    verdict: str
    pages: tuple[Page, ...]
    unread: tuple[Unread, ...]
    hidden: tuple[str, ...]
    gaps: tuple[str, ...]
    drift: tuple[Drift, ...]
    disks: tuple[Disk, ...]
    disk_backups: tuple[DiskBackup, ...]
    salt: bytes
    signer: str
    sequence: int
    previous: bytes | None
