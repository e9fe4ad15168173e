"""ShowBackup, UpdateBackup and DeleteBackup (contract 3.3)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.backups.body import BackupBody, backup_body
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.model.errors import BACKUP_IN_USE, BACKUP_UNDELETABLE, BACKUP_UNFINISHED, NO_SUCH_BACKUP
from opencbr.service.backups import BackupView

BackupName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^[^<>\u0000-\u001f\u007f]*$(?!\n)",
        description="1 to 255 characters, without <, > and control characters",
    ),
]


class ShowBackupBody(Struct):
    """The envelope of one backup."""

    backup: Annotated[BackupBody, Meta(description="the backup")]


class BackupChange(Struct):
    """What can be changed of a backup."""

    name: Annotated[BackupName | None, Meta(description="the new name; left out or null: it stays")] = None


class UpdateBackupBody(Struct):
    """The request of UpdateBackup."""

    backup: Annotated[BackupChange, Meta(description="what to change")]


def show_backup(request: Request[None, None]) -> ShowBackupBody:
    """Answer ShowBackup."""
    return _shown(request.services.backups.show(request.ctx, request.path["backup_id"]))


def update_backup(request: Request[None, UpdateBackupBody]) -> ShowBackupBody:
    """Answer UpdateBackup."""
    return _shown(
        request.services.backups.rename(request.ctx, request.path["backup_id"], request.body.backup.name)
    )


def delete_backup(request: Request[None, None]) -> None:
    """Answer DeleteBackup: the deletion is requested, clients poll until the backup is 404."""
    request.services.backups.delete(request.ctx, request.path["backup_id"])


def _shown(view: BackupView) -> ShowBackupBody:
    return ShowBackupBody(backup_body(view.backup, view.children))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowBackup"],
        handler=show_backup,
        right="cbr:backups:get",
        summary="Show a backup with the backups of its disks",
        description=(
            "Shows one backup: what was backed up and when, its status, and for a server the backup of each of "
            "its disks. The documents behind it are ShowMetadata's."
        ),
        errors=(NO_SUCH_BACKUP,),
    ),
    Route(
        operation=OPERATIONS["UpdateBackup"],
        handler=update_backup,
        right="cbr:backups:update",
        summary="Rename a backup",
        description=(
            "Gives a backup another name. The record of what was backed up keeps the name that it was signed "
            "with."
        ),
        errors=(NO_SUCH_BACKUP,),
    ),
    Route(
        operation=OPERATIONS["DeleteBackup"],
        handler=delete_backup,
        right="cbr:backups:delete",
        summary="Request the deletion of a backup",
        description=(
            "Asks for the deletion of a backup with all its disks; a worker removes it from the cloud. It is "
            "done when ShowBackup answers 404. Data that a later incremental backup needs stays in the cloud, "
            "and in the vault's use, until that one goes too."
        ),
        errors=(NO_SUCH_BACKUP, BACKUP_UNDELETABLE, BACKUP_UNFINISHED, BACKUP_IN_USE, "6220"),
    ),
)
