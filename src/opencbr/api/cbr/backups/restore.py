"""RestoreBackup (contract 3.4, 5.3). Its answer names the operation log that tells the end (trap T3)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id
from opencbr.model.errors import (
    BACKUP_UNRESTORABLE,
    BEING_REMOVED,
    BEING_RESTORED,
    DISK_TOO_SMALL,
    DISK_UNRESTORABLE,
    NO_SUCH_BACKUP,
    NO_SUCH_DISK,
    NO_SUCH_SERVER,
    NOT_ATTACHED,
    SERVER_UNRESTORABLE,
)
from opencbr.service.restores import RestoreSpec


class RestoreMapping(Struct):
    """One disk of a backup, and the volume that it is written over."""

    backup_id: Annotated[Id, Meta(description="the backup of the disk, one of the backup's children")]
    volume_id: Annotated[
        Id, Meta(description="the volume that it is written over; of a server, one that is on it")
    ]


class RestoreDetails(Struct):
    """Accepted and not used: it is for backups of files."""

    destination_path: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            description="accepted and not used: there are no backups of files here",
        ),
    ]


class WantedRestore(Struct, kw_only=True):
    """What to restore, and where to; an empty object restores every disk to where it came from."""

    mappings: Annotated[
        Annotated[list[RestoreMapping], Meta(max_length=256)] | None,
        Meta(description="the disks to restore and where to; none: every disk to where it came from"),
    ] = None
    power_on: Annotated[
        bool | None, Meta(description="false leaves the server shut off; left out or true: it is started")
    ] = None
    server_id: Annotated[
        Id | None,
        Meta(description="of a server's backup: the server to restore to; by default the one it was made of"),
    ] = None
    volume_id: Annotated[
        Id | None,
        Meta(description="of a disk's backup: the disk to restore to; by default the one it was made of"),
    ] = None
    resource_id: Annotated[
        Id | None, Meta(description="the same as server_id or volume_id, by what the backup is of")
    ] = None
    details: Annotated[
        RestoreDetails | None, Meta(description="accepted and not used: it is for backups of files")
    ] = None


class RestoreBackupBody(Struct):
    """The request of RestoreBackup."""

    restore: Annotated[WantedRestore, Meta(description="what to restore, and where to")]


class RestoreBackupAnswer(Struct):
    """The restore is requested."""

    job_id: Annotated[str, Meta(description="id of the operation log that tells how it goes and how it ends")]


def restore_backup(request: Request[None, RestoreBackupBody]) -> RestoreBackupAnswer:
    """Answer RestoreBackup: the restore is requested, clients poll the operation log `job_id`."""
    wanted = request.body.restore
    spec = RestoreSpec(
        backup_id=request.path["backup_id"],
        mappings=tuple((one.backup_id, one.volume_id) for one in wanted.mappings or ()),
        server_id=wanted.server_id,
        volume_id=wanted.volume_id,
        resource_id=wanted.resource_id,
        power_on=wanted.power_on is not False,
    )
    return RestoreBackupAnswer(request.services.restores.create(request.ctx, spec).id)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["RestoreBackup"],
        handler=restore_backup,
        right="cbr:backups:restore",
        summary="Restore a backup to its server or disks, or to others",
        description=(
            "Writes a backup over the disks it was made of, or over others of the project. A server is shut off and "
            "locked for that time, and started again unless `power_on` is false; a disk must not be attached. The "
            "answer comes at once: ask ShowOpLog with `job_id` until it is `success` or `failed`. What was written "
            "over stays for a time as a snapshot in Cinder."
        ),
        errors=(
            DISK_TOO_SMALL,
            "2002",
            BACKUP_UNRESTORABLE,
            "2007",
            SERVER_UNRESTORABLE,
            "2009",
            BEING_RESTORED,
            DISK_UNRESTORABLE,
            "2013",
            "6104",
            BEING_REMOVED,
            NO_SUCH_BACKUP,
            "6202",
            NO_SUCH_DISK,
            NO_SUCH_SERVER,
            NOT_ATTACHED,
        ),
        upstream=True,
    ),
)
