"""A restore in place, or its undoing: what was asked for, what it found before it touched anything, and how far each disk is.

Kept in the `parameters` of its operation log, where any worker that goes on with it reads them.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

_REQUEST, _FOUND, _ROOT, _REBUILT = "request", "found", "root_image_id", "rebuilt_root_id"
IMAGE_METADATA: Final = "image_metadata"
"""Key in the parameters: what a root volume that is written anew by a rebuild keeps of its image, as it was before."""
Writing = Literal["disks", "reverts", "copies"]
"""What is written over the disks: what was asked for, and, when that is cancelled, what they held before. Of a root volume
that is written anew by a rebuild it is a copy that Cinder writes."""
WRITES: Final = "disks"
REVERTS: Final = "reverts"
COPIES: Final = "copies"

BEGUN: Final = "begun"
"""Cinder may be asked any moment to write over the disk, or was asked: from here on its old content counts as lost."""
ACCEPTED: Final = "accepted"
"""Cinder has said that it does."""
RESTORED: Final = "restored"


_LOCK_REASON = "{} {} writes over its disks"
_OWN_LOCK = re.compile(_LOCK_REASON.format("restore(?:_undo)?", "([0-9a-f-]{36})"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskToRestore:
    """The backup of a disk, by our id, and the volume that it is written over."""

    backup_id: str
    volume_id: str
    size_gb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """What was asked for. Without a server the one disk is a volume that is attached to none.

    `root_image_id` is the image that the root disk of the server is written anew from, where that is no volume.
    `rebuilt_root_id` is that of the disks which is a root volume and is written anew by a rebuild of the server, since nobody
    may set its status.
    """

    server_id: str | None
    power_on: bool
    disks: tuple[DiskToRestore, ...]
    root_image_id: str | None = None
    rebuilt_root_id: str | None = None

    @property
    def targets(self) -> set[str]:
        """The ids of all that is written over."""
        return {disk.volume_id for disk in self.disks} | ({self.server_id} if self.server_id else set())


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDisk:
    """A disk that is to be restored as it was attached; the root disk is never detached."""

    volume_id: str
    device: str | None
    tag: str | None
    delete_on_termination: bool
    is_root: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server as it was before the restore, and as it is given back: `was_on` says that it ran.

    `disks` are those to restore in the sequence of their devices.
    """

    was_on: bool
    locked: bool
    locked_reason: str | None
    disks: tuple[FoundDisk, ...]

    @property
    def root_id(self) -> str | None:
        """The root disk, where it is among them."""
        return next((disk.volume_id for disk in self.disks if disk.is_root), None)


def lock_reason(operation_type: str, operation_id: str) -> str:
    """Give the reason of the lock that a restore or an undoing puts on its server."""
    return _LOCK_REASON.format(operation_type, operation_id)


def owner_of_lock(reason: str | None) -> str | None:
    """Name the operation whose lock it is, by its reason: a job of ours that could not take it off; None of a tenant's."""
    found = _OWN_LOCK.fullmatch(reason or "")
    return found[1] if found else None


def with_request(request: RestoreRequest) -> dict[str, Any]:
    """Give the parameters of a restore that begins."""
    return {_REQUEST: written(request)}


def written(request: Any) -> dict[str, Any]:
    """Write a request; what it does not ask for is left out, so that a worker of an older release can read it."""
    return {
        name: value
        for name, value in asdict(request).items()
        if value is not None or name not in (_ROOT, _REBUILT)
    }


def request_of(parameters: Mapping[str, Any]) -> RestoreRequest:
    """Read what was asked for."""
    request = dict(parameters[_REQUEST])
    return RestoreRequest(**request | {"disks": tuple(DiskToRestore(**disk) for disk in request["disks"])})


def with_found(parameters: Mapping[str, Any], found: FoundServer) -> dict[str, Any]:
    """Give the parameters with what was found; what an earlier attempt has found stays."""
    return {_FOUND: asdict(found)} | dict(parameters)


def server_of(parameters: Mapping[str, Any]) -> str | None:
    """Read the server whose disks are written over; None when they are on none."""
    server_id: str | None = parameters[_REQUEST]["server_id"]
    return server_id


def root_image_of(parameters: Mapping[str, Any]) -> str | None:
    """Read the image that the server's root disk is written anew from; None where that is a volume, or stays as it is."""
    image_id: str | None = parameters[_REQUEST].get(_ROOT)
    return image_id


def rebuilt_root_of(parameters: Mapping[str, Any]) -> str | None:
    """Read the root volume that is written anew by a rebuild of its server; None where there is none."""
    volume_id: str | None = parameters[_REQUEST].get(_REBUILT)
    return volume_id


def rebuild_notice(volume_id: str) -> str:
    """Say which way is taken for a root volume that is written anew by a rebuild, and what it costs."""
    return (
        f"the root volume {volume_id} is written over by a rebuild of its server, since the service user may not set its "
        "status: a volume and an image of its size are made before the server is shut off, and removed afterwards; it is "
        "copied twice more, and when the last copy fails server and volume are in an error that only an administrator ends"
    )


def sizes_of(parameters: Mapping[str, Any]) -> dict[str, int]:
    """Read the volumes that are written over, and what is written there in GiB."""
    return {disk["volume_id"]: disk["size_gb"] for disk in parameters[_REQUEST]["disks"]}


def found_of(parameters: Mapping[str, Any]) -> FoundServer | None:
    """Read what was found; None when nothing was looked at yet, or there is no server."""
    if _FOUND not in parameters:
        return None
    found = dict(parameters[_FOUND])
    return FoundServer(**found | {"disks": tuple(FoundDisk(**disk) for disk in found["disks"])})


def with_stage(
    parameters: Mapping[str, Any], volume_id: str, stage: str | None, writing: Writing = WRITES
) -> dict[str, Any]:
    """Give the parameters with the stage that a disk has come to; None takes it back."""
    stages = {**parameters.get(writing, {}), volume_id: stage}
    return {**parameters, writing: {one: reached for one, reached in stages.items() if reached is not None}}


def stage_of(parameters: Mapping[str, Any], volume_id: str, writing: Writing = WRITES) -> str | None:
    """Read how far a disk is; None when nothing of it was begun."""
    stage: str | None = parameters.get(writing, {}).get(volume_id)
    return stage


def begun(parameters: Mapping[str, Any]) -> set[str]:
    """Name the disks whose old content may be lost: those that hold it again are not among them."""
    written = parameters.get(WRITES, {})
    return {one for one in written if stage_of(parameters, one, REVERTS) != RESTORED}


def has_begun(parameters: Mapping[str, Any]) -> bool:
    """Say whether the old content of any disk may be lost."""
    return bool(begun(parameters))


def is_written(parameters: Mapping[str, Any]) -> bool:
    """Say whether all disks hold what was to be written over them."""
    root = {server_of(parameters) or ""} if root_image_of(parameters) else set()
    return all(stage_of(parameters, one) == RESTORED for one in (*sizes_of(parameters), *root))
