"""The way back of a restore in place, opencbr's own: looked at, gone, or let go."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import (
    BEING_REMOVED,
    BEING_RESTORED,
    DISK_UNRESTORABLE,
    NO_SUCH_DISK,
    NO_SUCH_SNAPSHOT,
    NOT_ATTACHED,
    SERVER_UNRESTORABLE,
    SNAPSHOT_STATUS,
    CbrError,
)
from opencbr.model.times import wire_time
from opencbr.service.disks_since import ShownDisk, ShownImage
from opencbr.service.ways_back import ShownWayBack


class WayBackProblem(Struct):
    """Why a disk cannot be taken back."""

    code: Annotated[str, Meta(description="the code with which an undoing is refused")]
    message: Annotated[str, Meta(description="what is wrong and what to change")]


class WayBackDisk(Struct):
    """A disk that was written over."""

    volume_id: Annotated[str, Meta(description="its id")]
    snapshot_id: Annotated[str, Meta(description="the snapshot of what it held before")]
    size: Annotated[int, Meta(description="the snapshot's size in GiB")]
    may_have_been_written: Annotated[
        bool, Meta(description="whether something may have been written since, which an undoing loses")
    ]
    known: Annotated[str, Meta(description="what is known of the disk since the restore")]
    problem: Annotated[
        WayBackProblem | None, Meta(description="what stands against taking it back, null for nothing")
    ]


class WayBackImage(Struct):
    """A root disk that is no volume, and was written anew."""

    image_id: Annotated[str, Meta(description="the image of what it held before")]
    may_have_been_written: Annotated[
        bool, Meta(description="whether something may have been written since, which an undoing loses")
    ]
    known: Annotated[str, Meta(description="what is known of the server since the restore")]
    problem: Annotated[
        WayBackProblem | None, Meta(description="what stands against taking it back, null for nothing")
    ]


class RestoreWayBack(Struct):
    """The way back of one restore."""

    restore_job_id: Annotated[str, Meta(description="id of the restore's operation log")]
    status: Annotated[
        str,
        Meta(
            description="`kept`; `undoing` and `undone`; `confirmed` when it was let go, `expired` when its time is over; "
            "`none` when nothing was written over, or no snapshots are taken here"
        ),
    ]
    kept_until: Annotated[
        str | None, Meta(description="when it ends, UTC without a zone; null when it is not kept")
    ]
    undo_job_id: Annotated[
        str | None, Meta(description="id of the operation log of the last undoing, null for none")
    ]
    disks: Annotated[
        list[WayBackDisk], Meta(description="the disks that would be taken back, while it is kept")
    ]
    root_image: Annotated[
        WayBackImage | None,
        Meta(description="the root disk that would be taken back where it is no volume, null for none"),
    ]


class ShowRestoreWayBackBody(Struct):
    """The envelope."""

    way_back: Annotated[RestoreWayBack, Meta(description="the way back")]


def show_restore_way_back(request: Request[None, None]) -> ShowRestoreWayBackBody:
    """Answer ShowRestoreWayBack."""
    shown = request.services.ways_back.show(request.ctx, request.path["restore_job_id"])
    return ShowRestoreWayBackBody(way_back_body(shown))


def way_back_body(shown: ShownWayBack) -> RestoreWayBack:
    """Write a way back for the wire."""
    way_back = shown.way_back
    return RestoreWayBack(
        restore_job_id=way_back.restore.id,
        status=way_back.status,
        kept_until=wire_time(way_back.kept_until),
        undo_job_id=way_back.undo_job_id,
        disks=[_disk(one) for one in shown.disks],
        root_image=None if shown.root_image is None else _image(shown.root_image),
    )


def _image(shown: ShownImage) -> WayBackImage:
    return WayBackImage(
        image_id=shown.image_id,
        may_have_been_written=shown.may_be_written,
        known=shown.known,
        problem=None if shown.problem is None else _problem(shown.problem),
    )


def _disk(shown: ShownDisk) -> WayBackDisk:
    return WayBackDisk(
        volume_id=shown.disk.volume_id,
        snapshot_id=shown.disk.snapshot_id,
        size=shown.disk.size_gb,
        may_have_been_written=shown.may_be_written,
        known=shown.known,
        problem=None if shown.problem is None else _problem(shown.problem),
    )


def _problem(error: CbrError) -> WayBackProblem:
    return WayBackProblem(error.wire_code, error.message)


class UndoRestoreAnswer(Struct):
    """The undoing is requested."""

    job_id: Annotated[str, Meta(description="id of the operation log that tells how it goes and how it ends")]


def undo_restore(request: Request[None, None]) -> UndoRestoreAnswer:
    """Answer UndoRestore: it is requested, clients poll the operation log `job_id`."""
    return UndoRestoreAnswer(request.services.ways_back.undo(request.ctx, request.path["restore_job_id"]).id)


def confirm_restore(request: Request[None, None]) -> None:
    """Answer ConfirmRestore."""
    request.services.ways_back.confirm(request.ctx, request.path["restore_job_id"])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "ShowRestoreWayBack", "GET", "/v3/{project_id}/restores/{restore_job_id}/way-back", "Restore"
        ),
        handler=show_restore_way_back,
        right="cbr:backups:restore",
        summary="Show whether a restore in place can be undone",
        description=(
            "What a restore has written over is kept for a time, as a snapshot of each disk. Says until when, and of each disk "
            "whether something may have been written since, which an undoing would lose, and what stands against taking it "
            "back. `restore_job_id` is the `job_id` that RestoreBackup has given. This operation is opencbr's own."
        ),
        errors=("6500",),
        upstream=True,
    ),
    Route(
        operation=Operation(
            "UndoRestore", "POST", "/v3/{project_id}/restores/{restore_job_id}/undo", "Restore", 202
        ),
        handler=undo_restore,
        right="cbr:backups:restore",
        summary="Undo a restore in place",
        description=(
            "Takes every disk that the restore has written over back to what it held before; what was written since is lost: "
            "ask ShowRestoreWayBack first. The server is shut off meanwhile, and runs afterwards if it ran before. The answer "
            "comes at once: ask ShowOpLog with `job_id` until it is `success` or `failed`. A disk that has grown, or has a "
            "newer snapshot, is not taken back by Cinder: the request is refused then. This operation is opencbr's own."
        ),
        errors=(
            *("6500", "2002", BEING_RESTORED, SERVER_UNRESTORABLE, DISK_UNRESTORABLE, BEING_REMOVED),
            *(NO_SUCH_DISK, NOT_ATTACHED, NO_SUCH_SNAPSHOT, SNAPSHOT_STATUS),
        ),
        upstream=True,
    ),
    Route(
        operation=Operation(
            "ConfirmRestore", "POST", "/v3/{project_id}/restores/{restore_job_id}/confirm", "Restore", 204
        ),
        handler=confirm_restore,
        right="cbr:backups:restore",
        summary="Confirm a restore in place",
        description=(
            "Lets the way back of a restore go before its time: the snapshots of what it has written over are deleted, and it "
            "cannot be undone any more. They count in the project's quotas, and Cinder deletes no volume that has one. This "
            "operation is opencbr's own."
        ),
        errors=("6500", BEING_RESTORED, NO_SUCH_SNAPSHOT),
        upstream=True,
    ),
)
