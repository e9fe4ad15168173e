"""The `backups` member of ShowMetadata: our own record, written once at the end (contract 6.3)."""

import json

from opencbr.model.backup import Backup
from opencbr.model.times import wire_time


def backup_member(backup: Backup) -> str:
    """Return the JSON text of the member.

    Its keys and their order are the page's; `children` is empty there by rule.
    """
    return json.dumps(
        {
            "provider_id": backup.provider_id,
            "checkpoint_id": backup.checkpoint_id,
            "updated_at": wire_time(backup.updated_at),
            "vault_id": backup.vault_id,
            "id": backup.id,
            "resource_az": backup.resource_az,
            "image_type": backup.image_type,
            "resource_id": backup.resource_id,
            "resource_size": backup.resource_size,
            "children": [],
            "parent_id": backup.parent_id,
            "extend_info": backup.extend_info,
            "project_id": backup.project_id,
            "status": backup.status,
            "resource_name": backup.resource_name,
            "description": backup.description,
            "expired_at": wire_time(backup.expired_at),
            "replication_records": [],
            "name": backup.name,
            "created_at": wire_time(backup.created_at),
            "protected_at": wire_time(backup.protected_at),
            "resource_type": backup.resource_type,
        },
        ensure_ascii=False,
    )
