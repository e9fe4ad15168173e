"""A backup as clients see it (contract 3.3)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

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

    id: Annotated[str, Meta(description="id of the backup")]
    name: Annotated[str, Meta(description="name, the checkpoint's unless it was changed")]
    description: Annotated[str | None, Meta(description="the checkpoint's description")]
    status: Annotated[
        str,
        Meta(
            description="`available`, `protecting`, `restoring`, `deleting`, each of these three with `waiting_…`, or `error`"
        ),
    ]
    project_id: Annotated[str, Meta(description="the project that has the backup")]
    checkpoint_id: Annotated[str, Meta(description="the checkpoint that it was made with")]
    vault_id: Annotated[str, Meta(description="the vault that it counts in")]
    provider_id: Annotated[
        str, Meta(description="says whether it is a server's or a disk's; a server's disks have the server's")
    ]
    parent_id: Annotated[
        str | None, Meta(description="of a server's disk: the server's backup; null for all others")
    ]
    resource_id: Annotated[str, Meta(description="id of the server or disk that was backed up")]
    resource_name: Annotated[str, Meta(description="its name at that time")]
    resource_type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    resource_size: Annotated[int, Meta(description="GiB; of a server the sum of its disks in the backup")]
    resource_az: Annotated[
        str | None, Meta(description="availability zone of the server or disk; null for a server's disks")
    ]
    image_type: Annotated[
        str, Meta(description="`backup`: a copy made here; `replication`: one that came from elsewhere")
    ]
    incremental: Annotated[
        bool, Meta(description="what was asked for; the first backup of a resource is full all the same")
    ]
    version: Annotated[int, Meta(description="3, the version of the interface")]
    enterprise_project_id: Annotated[str, Meta(description="`0`: there are no enterprise projects here")]
    created_at: Annotated[str | None, Meta(description="when the backup was asked for, UTC without a zone")]
    updated_at: Annotated[str | None, Meta(description="when it last changed, UTC without a zone")]
    protected_at: Annotated[
        str | None, Meta(description="when it was finished, UTC without a zone; null until then")
    ]
    expired_at: Annotated[
        str | None, Meta(description="when it is deleted by itself; null: it has no such time")
    ]
    extend_info: Annotated[
        dict[str, Any],
        Meta(
            description="further facts, as `bootable`, `encrypted`, `auto_trigger`; `lost` says what of it the cloud "
            "has lost, `root_image` (id, bytes) is the image made of a server's root disk that is no volume, "
            "`restore_tested` (drill_id, verdict, tested_at, duration_seconds) its newest drill, as long as that came up, "
            "`pinned_at` since when nothing removes it by itself"
        ),
    ]
    children: Annotated[
        list["BackupBody"], Meta(description="the backups of a server's disks, in ShowBackup; empty in lists")
    ]
    replication_records: Annotated[
        list[dict[str, Any]], Meta(description="copies in other places; always empty here")
    ]


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
        extend_info=_EXTEND_INFO | backup.extend_info | _pin(backup),
        children=[backup_body(child) for child in children],
        replication_records=[],
    )


def _pin(backup: Backup) -> dict[str, Any]:
    return {} if backup.pinned_at is None else {"pinned_at": wire_time(backup.pinned_at)}
