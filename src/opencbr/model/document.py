"""Documents: upstream bodies exactly as they came over the wire, with where and when they were read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One upstream answer that is kept.

    `name` is unique in a record: `server`, `server@newest`, `interface`, `flavor`, `flavor@newest`, `attachments`,
    `port/<id>`, `floatingips/<port id>`, `volume/<id>`, `volume@newest/<id>`, `volume_type/<id>`, `image/<id>`, `keypair`,
    `network/<id>`, `subnet/<id>`, `router/<id>`, `security_group/<id>`, `server_group/<id>`, `export/<volume id>`.
    `body` is never re-encoded. `path` is the service's own path and query, without host.
    """

    name: str
    service: str  # compute, volume, network, image
    method: str
    path: str
    microversion: str | None
    status: int
    request_id: str | None
    read_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A document that was wanted and could not be had: `outcome` is `denied` (401, 403) or `absent` (404)."""

    name: str
    service: str
    method: str
    path: str
    microversion: str | None
    status: int
    request_id: str | None
    read_at: datetime
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A volume of the resource, in the order of attachment; `position` 0 is the boot disk of a server booted from a volume."""

    volume_id: str
    position: int
    size_gb: int
    name: str
    device: str | None
    bootable: bool
    encrypted: bool
    availability_zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that one pass over a resource gave. `disks` are those to protect, exclusions already applied."""

    resource_id: str
    resource_type: str
    resource_name: str
    project_id: str
    availability_zone: str | None
    documents: tuple[Document, ...]
    unread: tuple[Unread, ...]
    hidden: tuple[str, ...]  # `document:field` that an admin would see and this credential did not
    disks: tuple[Disk, ...]
    started_at: datetime
    ended_at: datetime
    gaps: tuple[str, ...] = ()  # what a backup from this lacks, a plain sentence each
