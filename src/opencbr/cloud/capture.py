"""Capture: from a resource in the cloud to a Reading, every document as it came over the wire.

Reads run in waves: what the resource itself says, all at once; then everything that it names, and what that
names.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from opencbr.cloud.disks import chooser, disk_of, ordered_volumes
from opencbr.cloud.errors import Denied, Unreachable
from opencbr.cloud.hidden import hidden_fields
from opencbr.cloud.ownership import may_keep
from opencbr.cloud.reader import COMPUTE_MICROVERSION, VOLUME_MICROVERSION, Reader
from opencbr.cloud.references import (
    ENVELOPE,
    SIDE_READS,
    Newest,
    Want,
    named_by,
    server_itself,
    volume_itself,
)
from opencbr.cloud.statuses import DISK_STATES, SERVER_STATES, disk_advice
from opencbr.model.clock import Clock
from opencbr.model.document import Disk, Document, Reading, Unread
from opencbr.model.errors import DISK_STATUS, NO_DISK_TO_BACK_UP, NO_SUCH_DISK, NO_SUCH_SERVER, SERVER_STATUS
from opencbr.model.vault import SERVER, VOLUME

__all__ = [
    "COMPUTE_MICROVERSION",
    "VOLUME_MICROVERSION",
    "CaptureRefused",
    "read_again",
    "read_disk",
    "read_server",
]

_COMPATIBLE = ("server", "interface", "flavor", "port/", "floatingips/", "volume/")
"""Names (or beginnings of names) of the documents that ShowMetadata answers with."""

_FOREIGN = "denied"


class CaptureRefused(Exception):
    """The resource cannot be backed up as it stands; `code` is the catalogue's (contract 7.2)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class _Pass:
    """One pass: what was read, what may be kept of it, what could not be had."""

    def __init__(self, reader: Reader, project_id: str) -> None:
        self.reader = reader
        self.project_id = project_id
        self.kept: dict[str, Document] = {}
        self.bodies: dict[str, Mapping[str, Any]] = {}
        self.unread: dict[str, Unread] = {}

    def read(self, wants: Iterable[Want]) -> bool:
        """Read what is new among `wants`, at once; return whether there was anything."""
        new = [want for name, want in {w.name: w for w in wants}.items() if not self._seen(name)]
        read = self.reader.at_once(
            lambda w: self.reader.document(w.name, w.service, w.path, w.microversion), new
        )
        # Networks are judged before the subnets that lie in them.
        for one in sorted(read, key=lambda r: r.name.startswith("subnet/")):
            self._judge(one)
        return bool(new)

    def follow(self, wanted: Callable[[], Iterable[Want]]) -> None:
        """Read wave after wave until nothing new is named."""
        while self.read(wanted()):
            pass

    def need(self, name: str, code: str, what: str) -> Mapping[str, Any]:
        """Return the body of the resource itself.

        Raises CaptureRefused when it is gone or foreign, Denied when it may not be read.
        """
        if name in self.bodies:
            return self.bodies[name]
        missing = self.unread[name]
        if missing.outcome == "absent" or missing.status == 200:  # noqa: PLR2004 -- read well, and another project's
            raise CaptureRefused(code, f"{what} does not exist in this project any more.")
        raise Denied(
            service=missing.service,
            method=missing.method,
            path=missing.path,
            status=missing.status,
            request_id=missing.request_id,
            reason="the service user may not read it: it needs the role admin on its own project",
        )

    def reading(self, **fields: Any) -> Reading:
        """Close the pass. Side reads are dropped, unless they failed: then something may be missing."""
        documents = [doc for name, doc in self.kept.items() if not name.startswith(SIDE_READS)]
        return Reading(
            project_id=self.project_id,
            documents=tuple(documents),
            unread=tuple(self.unread.values()),
            hidden=tuple(f for doc in documents for f in hidden_fields(doc.name, self.bodies[doc.name])),
            **fields,
        )

    def _seen(self, name: str) -> bool:
        return name in self.kept or name in self.unread

    def _judge(self, read: Document | Unread) -> None:
        if isinstance(read, Document):
            body = json.loads(read.body)
            if body.get(ENVELOPE[read.name.partition("/")[0]]) is None:
                raise _strange(read)
            if may_keep(read.name, body, self.project_id, self.bodies):
                self.kept[read.name] = read
                self.bodies[read.name] = body
                return
            read = _denied(read)
        self.unread[read.name] = read


def read_server(
    reader: Reader,
    *,
    server_id: str,
    project_id: str,
    exclude: frozenset[str],
    include: frozenset[str],
    clock: Clock,
) -> Reading:
    """Read a server and everything it touches; `exclude` and `include` are volume ids.

    Raises CaptureRefused: 7100 gone or foreign, 7101 its state, 7108 no disk to protect, 7003 a disk's
    state. Raises CloudError when the cloud
    fails; a document that is denied or absent is told in the Reading instead.
    """
    started = clock.now()
    newest = Newest(reader.newest("compute"), reader.newest("volume"))
    one_pass = _Pass(reader, project_id)
    one_pass.read(server_itself(server_id, newest))
    server = one_pass.need("server", NO_SUCH_SERVER, f"Server {server_id}")["server"]
    if server["status"] not in SERVER_STATES:
        raise CaptureRefused(
            SERVER_STATUS,
            f"Server {server_id} is {server['status']}: bring it to one of {_listed(SERVER_STATES)} first.",
        )
    chosen = chooser(exclude, include)
    one_pass.follow(lambda: named_by(one_pass.bodies, newest, chosen, project_id))
    if not server.get("image"):
        _forgive_origin_images(one_pass)
    disks, gaps = _disks(one_pass, chosen, include)
    if server.get("image"):
        gaps.append(
            "The root disk is not a volume and is not in this backup: the server boots from an image."
        )
    if not disks:
        unread = [
            f"{one.service} {one.method} {one.path} answered {one.status} ({one.request_id})"
            for name, one in one_pass.unread.items()
            if name.startswith("volume/")
        ]
        why = "; ".join(unread) or "attach one, or exclude fewer."
        raise CaptureRefused(NO_DISK_TO_BACK_UP, f"Server {server_id} has no volume to back up: {why}")
    return one_pass.reading(
        resource_id=server_id,
        resource_type=SERVER,
        resource_name=server.get("name") or server_id,
        availability_zone=server.get("OS-EXT-AZ:availability_zone"),
        disks=tuple(disks),
        gaps=tuple(gaps),
        started_at=started,
        ended_at=clock.now(),
    )


def read_disk(reader: Reader, *, volume_id: str, project_id: str, clock: Clock) -> Reading:
    """Read a volume. Raises CaptureRefused (7000 gone or foreign, 7003 its state) and CloudError."""
    started = clock.now()
    newest = Newest(reader.newest("compute"), reader.newest("volume"))
    one_pass = _Pass(reader, project_id)
    one_pass.read(volume_itself(volume_id, newest))
    volume = one_pass.need(f"volume/{volume_id}", NO_SUCH_DISK, f"Disk {volume_id}")["volume"]
    _check_state(volume)
    one_pass.follow(lambda: named_by(one_pass.bodies, newest, lambda _: False, project_id))
    _forgive_origin_images(one_pass)
    attached = volume.get("attachments") or [{}]
    return one_pass.reading(
        resource_id=volume_id,
        resource_type=VOLUME,
        resource_name=volume.get("name") or volume_id,
        availability_zone=volume.get("availability_zone"),
        disks=(disk_of(volume, 0, attached[0].get("device")),),
        started_at=started,
        ended_at=clock.now(),
    )


def read_again(reader: Reader, first: Reading, clock: Clock) -> Reading:
    """Read the compatible documents of `first` once more, by the same calls. Raises CloudError."""
    started = clock.now()
    one_pass = _Pass(reader, first.project_id)
    before: tuple[Document | Unread, ...] = (*first.documents, *first.unread)
    one_pass.read(
        Want(one.name, one.service, one.path, one.microversion)
        for one in before
        if one.name in _COMPATIBLE or one.name.startswith(tuple(n for n in _COMPATIBLE if n.endswith("/")))
    )
    again = one_pass.reading(
        resource_id=first.resource_id,
        resource_type=first.resource_type,
        resource_name=first.resource_name,
        availability_zone=first.availability_zone,
        disks=first.disks,
        started_at=started,
        ended_at=clock.now(),
    )
    return replace(again, gaps=first.gaps)


def _disks(
    one_pass: _Pass, chosen: Callable[[str], bool], include: frozenset[str]
) -> tuple[list[Disk], list[str]]:
    """Return the disks to protect, and what is missing among those asked for, in words."""
    disks, gaps = [], []
    attached = ordered_volumes(one_pass.bodies)
    for position, volume_id, device in attached:
        if not chosen(volume_id):
            continue
        body = one_pass.bodies.get(f"volume/{volume_id}")
        if body is None:
            gaps.append(f"Volume {volume_id} is attached but could not be read, and is not in this backup.")
            continue
        _check_state(body["volume"])
        disks.append(disk_of(body["volume"], position, device))
    gaps += [
        f"Volume {missing} was asked for but is not attached, and is not in this backup."
        for missing in sorted(include - {volume_id for _, volume_id, _ in attached})
    ]
    return disks, gaps


def _check_state(volume: Mapping[str, Any]) -> None:
    if volume["status"] not in DISK_STATES:
        raise CaptureRefused(
            DISK_STATUS, f"Disk {volume['id']} is {volume['status']}: {disk_advice(volume['status'])}"
        )


def _forgive_origin_images(one_pass: _Pass) -> None:
    """Drop that an image a volume was made from is gone: the volume holds its bytes and properties."""
    for name, missing in list(one_pass.unread.items()):
        if name.startswith("image/") and missing.outcome == "absent":
            del one_pass.unread[name]


def _strange(document: Document) -> Unreachable:
    return Unreachable(
        service=document.service,
        method=document.method,
        path=document.path,
        status=document.status,
        request_id=document.request_id,
        reason="the body is not what the API promises",
    )


def _denied(document: Document) -> Unread:
    return Unread(
        name=document.name,
        service=document.service,
        method=document.method,
        path=document.path,
        microversion=document.microversion,
        status=document.status,
        request_id=document.request_id,
        read_at=document.read_at,
        outcome=_FOREIGN,
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
