"""The way back of a restore in place: a snapshot of each disk as it was before, for a time, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from opencbr.model.restore import FoundDisk, written

WAY_BACK: Final = "way_back"
"""Key in the `details` of a restore: until when there is a way back, the job that goes it or has, or when it was let go."""
KEPT_UNTIL, UNDO_JOB, CONFIRMED_AT = "kept_until", "undo_job_id", "confirmed_at"

_REQUEST: Final = "request"

WayBackStatus = Literal["none", "kept", "undoing", "undone", "confirmed", "expired"]
"""`none`: nothing was written over, or no snapshots were taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBackRule:
    """What the operator wants: whether snapshots are taken, and whether a restore without room for them goes on without."""

    is_taken: bool = True
    is_optional: bool = False


REQUIRED: Final = WayBackRule()
"""What holds where the operator has set nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskToRevert:
    """A disk that was written over and the snapshot of what it held before; `size_gb` is the snapshot's."""

    snapshot_id: str
    volume_id: str
    size_gb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequest:
    """What is to be undone: everything that the restore `restore_id`, an operation log, may have written over.

    `power_on` starts the server also when it is found shut off: a restore that failed has left it so. `places` are where that
    restore has found the disks, for those that it could not put back. `root_image_id` is the image of what a root disk held
    that is no volume; `rebuilt_root_id` is as in a restore. `leave_off` leaves the server shut off, whatever it is found as: a
    cancelled restore had found it so.
    """

    restore_id: str
    server_id: str | None
    power_on: bool
    disks: tuple[DiskToRevert, ...]
    places: tuple[FoundDisk, ...] = ()
    root_image_id: str | None = None
    rebuilt_root_id: str | None = None
    leave_off: bool = False

    @property
    def targets(self) -> set[str]:
        """The ids of all that is written over."""
        return {disk.volume_id for disk in self.disks} | ({self.server_id} if self.server_id else set())


def with_undo(request: UndoRequest) -> dict[str, Any]:
    """Give the parameters of an undoing that begins."""
    return {_REQUEST: written(request)}


def undo_of(parameters: Mapping[str, Any]) -> UndoRequest:
    """Read what is to be undone."""
    request = dict(parameters[_REQUEST])
    disks = tuple(DiskToRevert(**disk) for disk in request["disks"])
    places = tuple(FoundDisk(**disk) for disk in request["places"])
    return UndoRequest(**request | {"disks": disks, "places": places})
