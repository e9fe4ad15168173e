"""Servers and disks as the cloud shows them now: name, size, and whether they can be protected.

They are read with the service's credential, which sees all projects; so the project of everything found is
checked here, and what only an administrator may see is taken out before a tenant gets it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from opencbr.cloud.entries import usable
from opencbr.cloud.errors import NotFound
from opencbr.cloud.reader import Json, Reader
from opencbr.cloud.statuses import DISK_STATES, SERVER_STATES, disk_advice
from opencbr.model.errors import (
    CATALOGUE,
    DISK_STATUS,
    DISK_UNUSABLE,
    NO_DISK_TO_BACK_UP,
    NO_SUCH_DISK,
    NO_SUCH_SERVER,
    SERVER_STATUS,
    SERVER_UNUSABLE,
    CbrError,
)
from opencbr.model.field_classes import as_owner_sees
from opencbr.model.ids import is_uuid
from opencbr.model.reference_fields import named
from opencbr.model.vault import SERVER, VOLUME
from opencbr.store.columns import as_stored

_STATES = ", ".join(sorted(SERVER_STATES))

_UNKNOWN = "unknown"
"""The status of what the cloud gives none that can be read."""

GONE = {SERVER: NO_SUCH_SERVER, VOLUME: NO_SUCH_DISK}
"""Type of resource -> the code for one that is not there, or not the caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a resource cannot be protected now: the catalogue's code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A server or a disk.

    `size_gb` is the sum of a server's disks; `detail` is the upstream object as its owner would see it; `server_ids`
    are the servers that have a disk attached. `fault` says in words what of the cloud's description cannot be used: it is
    shown as far as it can be, and not protected.
    """

    id: str
    type: str
    name: str
    status: str  # upstream's own word
    size_gb: int
    bootable: bool
    encrypted: bool
    availability_zone: str | None
    disks: tuple["Source", ...]
    detail: Json
    server_ids: tuple[str, ...] = ()
    fault: str | None = None

    def chosen(self, exclude: Collection[str], include: Collection[str]) -> tuple["Source", ...]:
        """Return the disks a backup would hold: all but `exclude`, or only `include` when that names any."""
        return tuple(d for d in self.disks if d.id not in exclude and (not include or d.id in include))

    def chosen_gb(self, exclude: Collection[str], include: Collection[str]) -> int:
        """Return how many GiB a backup would cover."""
        return sum(d.size_gb for d in self.chosen(exclude, include)) if self.type == SERVER else self.size_gb

    def trouble(self, exclude: Collection[str] = (), include: Collection[str] = ()) -> Trouble | None:
        """Say why it cannot be protected now; None when it can."""
        odd = next((one for one in (self, *self.chosen(exclude, include)) if one.fault), None)
        if odd is not None:
            return Trouble(
                code=SERVER_UNUSABLE if self.type == SERVER else DISK_UNUSABLE,
                message=f"The cloud describes {odd.id} in a way that cannot be used: {odd.fault}. Tell its operator.",
            )
        if self.type == VOLUME:
            if self.status in DISK_STATES:
                return None
            return Trouble(
                code=DISK_STATUS,
                message=f"Disk {self.id} is {self.status}: {disk_advice(self.status)}",
            )
        if self.status not in SERVER_STATES:
            return Trouble(
                code=SERVER_STATUS,
                message=f"Server {self.id} is {self.status}: it must be {_STATES} for this.",
            )
        # Of a root disk that is no volume an image is made, where the workers' operator wants that.
        if not self.chosen(exclude, include) and (include or not self.detail.get("image")):
            return Trouble(
                code=NO_DISK_TO_BACK_UP,
                message=f"Server {self.id} has no disk to back up: attach a volume, or exclude fewer.",
            )
        return None


def find_source(reader: Reader, *, project_id: str, kind: str, source_id: str) -> Source:
    """Read the server or disk.

    Raises CbrError 7100 or 7000 (404) when it is not there or lies in another project, CloudError else.
    """
    found = own_object(reader, project_id=project_id, kind=kind, object_id=source_id)
    if found is None:
        raise CbrError(GONE[kind], f"{CATALOGUE[GONE[kind]].sentence} Asked for: {source_id[:64]}.")
    return (
        disk_source(found) if kind == VOLUME else server_source(found, _attached(reader, found, project_id))
    )


def own_object(reader: Reader, *, project_id: str, kind: str, object_id: str) -> Json | None:
    """Read a server or volume of the project; None for what is not there and for another project's alike.

    Raises CloudError.
    """
    if not is_uuid(object_id):
        return None  # it cannot be an id, and must not become a piece of an upstream path
    try:
        found = reader.get_volume(object_id) if kind == VOLUME else reader.get_server(object_id)
    except NotFound:
        return None
    owner = "os-vol-tenant-attr:tenant_id" if kind == VOLUME else "tenant_id"
    return found if found.get(owner) == project_id else None


def server_source(server: Json, volumes: Iterable[Json]) -> Source:
    """Make a Source of a Nova server and the volumes of its project (or only its own)."""
    known = {v["id"]: v for v in volumes}
    disks = tuple(disk_source(known[v]) for v in attached_ids(server) if v in known)
    given, fault = usable("server", server)
    return Source(
        id=server["id"],
        type=SERVER,
        name=as_stored(given.get("name") or server["id"]),
        status=given.get("status", _UNKNOWN),
        size_gb=sum(d.size_gb for d in disks),
        bootable=False,
        encrypted=any(d.encrypted for d in disks),
        availability_zone=given.get("OS-EXT-AZ:availability_zone"),
        disks=disks,
        detail=as_owner_sees("server", server),
        fault=fault,
    )


def disk_source(volume: Json) -> Source:
    """Make a Source of a Cinder volume. A volume without a name is called by its id."""
    given, fault = usable("volume", volume)
    return Source(
        id=volume["id"],
        type=VOLUME,
        name=as_stored(given.get("name") or volume["id"]),
        status=given.get("status", _UNKNOWN),
        size_gb=given.get("size", 0),
        bootable=given.get("bootable") in ("true", True),
        encrypted=bool(given.get("encrypted")),
        availability_zone=given.get("availability_zone"),
        disks=(),
        detail=as_owner_sees("volume", volume),
        server_ids=tuple(one["server_id"] for one in given.get("attachments") or () if one.get("server_id")),
        fault=fault,
    )


def attached_ids(server: Json) -> list[str]:
    """Return the ids of the volumes that Nova has attached to the server, in its order."""
    return named("server", {"server": server}, "volume")


def _attached(reader: Reader, server: Json, project_id: str) -> list[Json]:
    def read(volume_id: str) -> Json | None:
        try:
            return reader.get_volume(volume_id)
        except NotFound:  # detached and deleted since Nova answered
            return None

    found = reader.at_once(read, attached_ids(server))
    return [v for v in found if v is not None and v.get("os-vol-tenant-attr:tenant_id") == project_id]
