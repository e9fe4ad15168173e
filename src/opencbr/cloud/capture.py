"""Capture: from a resource in the cloud to a Reading, every document as it came over the wire.

Reads run in waves: what the resource itself says, all at once; then everything that it names, and what that
names.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opencbr.cloud.disks import chooser, disk_of, ordered_volumes
from opencbr.cloud.reader import COMPUTE_MICROVERSION, VOLUME_MICROVERSION, Reader
from opencbr.cloud.reading_pass import Pass
from opencbr.cloud.references import Newest, named_by, server_itself, volume_itself
from opencbr.cloud.shared_documents import DocumentsInCommon
from opencbr.cloud.statuses import DISK_STATES, SERVER_STATES, disk_advice
from opencbr.model.clock import Clock
from opencbr.model.document import ABSENT, Disk, Reading
from opencbr.model.errors import DISK_STATUS, NO_DISK_TO_BACK_UP, NO_SUCH_DISK, NO_SUCH_SERVER, SERVER_STATUS
from opencbr.model.vault import SERVER, VOLUME

__all__ = [
    "COMPUTE_MICROVERSION",
    "VOLUME_MICROVERSION",
    "CaptureRefused",
    "read_disk",
    "read_server",
]


class CaptureRefused(Exception):
    """The resource cannot be backed up as it stands; `code` is the catalogue's (contract 7.2)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


def read_server(
    reader: Reader,
    *,
    server_id: str,
    project_id: str,
    exclude: frozenset[str],
    include: frozenset[str],
    clock: Clock,
    root_image: bool = False,
    shared: DocumentsInCommon | None = None,
) -> Reading:
    """Read a server and everything it touches; `exclude` and `include` are volume ids.

    With `root_image` an image is made of a root disk that is no volume; without it such a disk is a gap. What `shared` has
    was read for another server that is backed up together with it. Raises
    CaptureRefused: 7100 gone or foreign, 7101 its state, 7108 no disk to protect, 7003 a disk's state. Raises CloudError
    when the cloud fails; a document that is denied or absent is told in the Reading instead.
    """
    started = clock.now()
    newest = Newest(reader.newest("compute"), reader.newest("volume"))
    one_pass = Pass(reader, project_id, shared)
    one_pass.read(server_itself(server_id, newest, project_id))
    server = _there(one_pass.need("server"), NO_SUCH_SERVER, f"Server {server_id}")["server"]
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
    is_imaged = bool(server.get("image")) and root_image and not include
    if server.get("image") and not is_imaged:
        gaps.append(
            "The root disk is not a volume and is not in this backup: the server boots from an image."
        )
    if not disks and not is_imaged:
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


def read_disk(
    reader: Reader,
    *,
    volume_id: str,
    project_id: str,
    clock: Clock,
    shared: DocumentsInCommon | None = None,
) -> Reading:
    """Read a volume; `shared` as of a server. Raises CaptureRefused (7000 gone or foreign, 7003 its state) and CloudError."""
    started = clock.now()
    newest = Newest(reader.newest("compute"), reader.newest("volume"))
    one_pass = Pass(reader, project_id, shared)
    one_pass.read(volume_itself(volume_id, newest))
    volume = _there(one_pass.need(f"volume/{volume_id}"), NO_SUCH_DISK, f"Disk {volume_id}")["volume"]
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


def _disks(
    one_pass: Pass, chosen: Callable[[str], bool], include: frozenset[str]
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


def _there(body: Mapping[str, Any] | None, code: str, what: str) -> Mapping[str, Any]:
    if body is None:
        raise CaptureRefused(code, f"{what} does not exist in this project any more.")
    return body


def _check_state(volume: Mapping[str, Any]) -> None:
    if volume["status"] not in DISK_STATES:
        raise CaptureRefused(
            DISK_STATUS, f"Disk {volume['id']} is {volume['status']}: {disk_advice(volume['status'])}"
        )


def _forgive_origin_images(one_pass: Pass) -> None:
    """Drop that an image a volume was made from is gone: the volume holds its bytes and properties."""
    for name, missing in list(one_pass.unread.items()):
        if name.startswith("image/") and missing.outcome == ABSENT:
            del one_pass.unread[name]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
