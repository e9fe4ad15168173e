"""A backup as clients see it (contract 3.3)."""

from typing import Any

from msgspec import Struct

from opencbr.model.backup import Backup
from opencbr.model.times import wire_time

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
    """A backup as clients see it; `children` is filled by ShowBackup alone (contract 2, rule 9).

    An empty text is null (contract 0.3).
    """

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


def backup_body(backup: Backup, children: tuple[Backup, ...] = ()) -> BackupBody:
    """Write a backup for the wire."""
    return BackupBody(
        id=backup.id,
        name=backup.name,
        description=backup.description or None,
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
