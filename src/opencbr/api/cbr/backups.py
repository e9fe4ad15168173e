"""Chapter Backup: ListBackups, ShowBackup, UpdateBackup, DeleteBackup (contract 2, 3.3)."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.times import time_bound
from opencbr.api.paging import page_of
from opencbr.api.route import Request, Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.backup import Backup
from opencbr.model.lists import BackupFilter, OwnType
from opencbr.model.times import wire_time
from opencbr.service.backups import BackupView

BackupStatus = Literal[
    "available",
    "protecting",
    "deleting",
    "restoring",
    "error",
    "waiting_protect",
    "waiting_delete",
    "waiting_restore",
]
BackupName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^[^<>\u0000-\u001f\u007f]*$(?!\n)",
        description="1 to 255 characters, without <, > and control characters",
    ),
]
_EVERY_ENTERPRISE_PROJECT = {"0", "all_granted_eps"}
_EXTEND_INFO: dict[str, Any] = {
    "auto_trigger": False,
    "bootable": None,
    "snapshot_id": None,
    "support_lld": None,
    "supported_restore_mode": None,
    "os_images_data": None,
    "system_disk": False,
    "is_multi_az": False,
    "progress": None,
}
"""What extend_info shows before the job has filled it in; it is never null (trap T7)."""


class BackupBody(Struct, kw_only=True):
    """A backup as clients see it; `children` is filled by ShowBackup alone (contract 2, rule 9)."""

    id: str
    name: str
    description: str | None
    status: str
    project_id: str
    checkpoint_id: str
    vault_id: str
    provider_id: str
    parent_id: str | None
    resource_id: str
    resource_name: str
    resource_type: str
    resource_size: int
    resource_az: str | None
    image_type: str
    incremental: bool
    version: int
    enterprise_project_id: str
    created_at: str | None
    updated_at: str | None
    protected_at: str | None
    expired_at: str | None
    extend_info: dict[str, Any]
    children: list["BackupBody"]
    replication_records: list[dict[str, Any]]


class ShowBackupBody(Struct):
    """The envelope of one backup."""

    backup: BackupBody


class ListBackupsBody(Struct):
    """A page of backups; `count` is the number of all that match."""

    backups: list[BackupBody]
    count: int
    limit: int
    offset: int


class ListBackupsQuery(PageQuery, kw_only=True):
    """The filters of ListBackups; exact, a repeated key means OR (contract 2)."""

    checkpoint_id: tuple[Text, ...] = ()
    vault_id: tuple[Text, ...] = ()
    parent_id: tuple[Text, ...] = ()
    name: tuple[Text, ...] = ()
    status: tuple[BackupStatus, ...] = ()
    image_type: tuple[Literal["backup", "replication"], ...] = ()
    resource_id: tuple[Text, ...] = ()
    resource_name: tuple[Text, ...] = ()
    resource_type: tuple[Text, ...] = ()
    resource_az: tuple[Text, ...] = ()
    enterprise_project_id: tuple[Text, ...] = ()
    own_type: OwnType = "private"
    member_status: Literal["pending", "accepted", "rejected"] | None = None
    start_time: Annotated[str, Meta(max_length=64)] | None = None
    end_time: Annotated[str, Meta(max_length=64)] | None = None
    incremental: bool | None = None
    used_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    show_replication: bool = False
    dec: bool | None = None


class BackupChange(Struct):
    """What can be changed of a backup."""

    name: BackupName | None = None


class UpdateBackupBody(Struct):
    """The request of UpdateBackup."""

    backup: BackupChange


def backup_body(backup: Backup, children: tuple[Backup, ...] = ()) -> BackupBody:
    """Write a backup for the wire."""
    return BackupBody(
        id=backup.id,
        name=backup.name,
        description=backup.description,
        status=backup.status,
        project_id=backup.project_id,
        checkpoint_id=backup.checkpoint_id,
        vault_id=backup.vault_id,
        provider_id=backup.provider_id,
        parent_id=backup.parent_id,
        resource_id=backup.resource_id,
        resource_name=backup.resource_name,
        resource_type=backup.resource_type,
        resource_size=backup.resource_size,
        resource_az=backup.resource_az,
        image_type=backup.image_type,
        incremental=backup.incremental,
        version=backup.version,
        enterprise_project_id=backup.enterprise_project_id,
        created_at=wire_time(backup.created_at),
        updated_at=wire_time(backup.updated_at),
        protected_at=wire_time(backup.protected_at),
        expired_at=wire_time(backup.expired_at),
        extend_info=_EXTEND_INFO | backup.extend_info,
        children=[backup_body(child) for child in children],
        replication_records=[],
    )


def list_backups(request: Request) -> ListBackupsBody:
    """Answer ListBackups."""
    query: ListBackupsQuery = request.query
    page = page_of(query)
    wanted = _filter(query)
    if _nothing_can_match(query):
        return ListBackupsBody([], 0, query.limit, query.offset)
    found = request.services.backups.list(request.ctx, wanted, page)
    return ListBackupsBody(
        [backup_body(backup) for backup in found.items], found.count, query.limit, query.offset
    )


def show_backup(request: Request) -> ShowBackupBody:
    """Answer ShowBackup."""
    return _shown(request.services.backups.show(request.ctx, request.path["backup_id"]))


def update_backup(request: Request) -> ShowBackupBody:
    """Answer UpdateBackup."""
    body: UpdateBackupBody = request.body
    return _shown(request.services.backups.rename(request.ctx, request.path["backup_id"], body.backup.name))


def delete_backup(request: Request) -> None:
    """Answer DeleteBackup: the deletion is ordered, clients poll until the backup is 404."""
    request.services.backups.delete(request.ctx, request.path["backup_id"])


def _shown(view: BackupView) -> ShowBackupBody:
    return ShowBackupBody(backup_body(view.backup, view.children))


def _filter(query: ListBackupsQuery) -> BackupFilter:
    return BackupFilter(
        checkpoint_ids=query.checkpoint_id,
        vault_ids=query.vault_id,
        parent_ids=query.parent_id,
        names=query.name,
        statuses=query.status,
        image_types=query.image_type,
        resource_ids=query.resource_id,
        resource_names=query.resource_name,
        resource_types=query.resource_type,
        resource_azs=query.resource_az,
        created_from=time_bound("start_time", query.start_time),
        created_to=time_bound("end_time", query.end_time),
        incremental=query.incremental,
        own_type=query.own_type,
        used_percent=query.used_percent,
    )


def _nothing_can_match(query: ListBackupsQuery) -> bool:
    """Say whether a filter asks for what does not exist here: invitations to shared backups, another enterprise project."""
    wanted = set(query.enterprise_project_id)
    return query.member_status is not None or bool(wanted and not wanted & _EVERY_ENTERPRISE_PROJECT)


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/v3/{project_id}/backups",
        operation="ListBackups",
        handler=list_backups,
        right="cbr:backups:list",
        summary="List the project's backups",
        chapter="Backup",
        query=ListBackupsQuery,
        response=ListBackupsBody,
    ),
    Route(
        method="GET",
        path="/v3/{project_id}/backups/{backup_id}",
        operation="ShowBackup",
        handler=show_backup,
        right="cbr:backups:get",
        summary="Show a backup with the backups of its disks",
        chapter="Backup",
        response=ShowBackupBody,
    ),
    Route(
        method="PUT",
        path="/v3/{project_id}/backups/{backup_id}",
        operation="UpdateBackup",
        handler=update_backup,
        right="cbr:backups:update",
        summary="Rename a backup",
        chapter="Backup",
        body=UpdateBackupBody,
        response=ShowBackupBody,
    ),
    Route(
        method="DELETE",
        path="/v3/{project_id}/backups/{backup_id}",
        operation="DeleteBackup",
        handler=delete_backup,
        right="cbr:backups:delete",
        summary="Order the deletion of a backup",
        chapter="Backup",
        success=204,
    ),
)
