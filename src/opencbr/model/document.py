"""Documents: upstream bodies exactly as they came over the wire, with where and when they were read."""

from dataclasses import dataclass, fields
from datetime import datetime

DENIED = "denied"
"""The cloud refused it (401, 403)."""
ABSENT = "absent"
"""The cloud has no such thing, or not for the credential that asked (404)."""
FOREIGN = "foreign"
"""It was read and left out: it is another project's, and this project is not shown it."""
EMPTY = "empty"
"""It was read, and says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One upstream answer that is kept.

    `name` is unique in a record: `server`, `server@newest`, `interface`, `flavor`, `flavor@newest`, `attachments`,
    `port/<id>`, `floatingips/<port id>`, `subport/<id>`, `trunk/<id>`, `floatingip/<id>` and `port_forwardings/<id>` (of a
    floating IP that forwards ports), `volume/<id>`, `volume@newest/<id>`, `volume_type/<id>`, `encryption/<volume type id>`,
    `qos_specs/<id>`, `image/<id>`, `keypair`, `network/<id>`, `subnet/<id>`, `router/<id>`, `security_group/<id>`,
    `address_group/<id>`, `qos_policy/<id>`, `server_group/<id>`, `export/<volume id>`, `root_image/<id>`.
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
    """A document that was wanted and could not be had; `outcome` is DENIED, ABSENT, FOREIGN or EMPTY."""

    name: str
    service: str
    method: str
    path: str
    microversion: str | None
    status: int
    request_id: str | None
    read_at: datetime
    outcome: str


def unread(document: Document, outcome: str) -> Unread:
    """Give up a document that was read."""
    call = {field.name: getattr(document, field.name) for field in fields(document) if field.name != "body"}
    return Unread(**call, outcome=outcome)


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
