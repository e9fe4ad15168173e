"""The `extend_info` of backups: a server's, a disk's and a child's (contract 3.3, second table)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.document import Disk
from opencbr.model.drill import Drill
from opencbr.model.root_image import KIND, RootImage
from opencbr.model.times import wire_time

LOST = "lost"
"""Key of the sentence that says what of a finished backup the cloud has lost; the backup is in `error` then."""

RESTORE_TESTED = "restore_tested"
"""Key of what the newest drill has shown, as long as it came up: when, with which verdict, and how long the recovery took."""


def is_lost(backup: Backup) -> bool:
    """Say whether a finished backup is in `error` for what the cloud has lost of it; its record is here all the same."""
    return backup.status == statuses.ERROR and LOST in backup.extend_info


_CRASH_CONSISTENT = {
    "app_consistency": "0",
    "app_consistency_status": "0",
    "app_consistency_error_code": "0",
    "app_consistency_error_message": "",
}
"""No agent in the guest takes part, so an app-consistent vault gets crash-consistent backups, and they say so
(contract 5.1).
"""


def server_info(parent: Backup, disks: tuple[Disk, ...]) -> dict[str, Any]:
    """Return the extend_info of a server backup."""
    return {
        "auto_trigger": bool(parent.extend_info.get("auto_trigger", False)),
        "bootable": None,
        "snapshot_id": None,
        "support_lld": True,
        "supported_restore_mode": "backup",
        "os_images_data": None,
        "contain_system_disk": any(is_system(disk) for disk in disks),
        "system_disk": False,
        "is_multi_az": False,
        "progress": None,
        "app_consistency": dict(_CRASH_CONSISTENT),
    }


def disk_info(top: Backup, disk: Disk, *, child: bool) -> dict[str, Any]:
    """Return the extend_info of a backup of one disk; `snapshot_id` is filled in once there is one."""
    return {
        "auto_trigger": bool(top.extend_info.get("auto_trigger", False)),
        "bootable": disk.bootable,
        "snapshot_id": None,
        "support_lld": True,
        "supported_restore_mode": None,
        "os_images_data": None,
        "encrypted": disk.encrypted,
        "system_disk": child and is_system(disk),
        "is_multi_az": False,
        "progress": None if child else 0,
    }


def with_root_image(info: Mapping[str, Any], image: RootImage) -> dict[str, Any]:
    """Return a server's extend_info with the image of its root disk, which is a system disk too."""
    return {**info, "contain_system_disk": True, KIND: {"id": image.id, "size": image.size_bytes}}


def root_image_of(backup: Backup) -> RootImage | None:
    """Give the image that a backup says it has of a root disk that is no volume."""
    told = backup.extend_info.get(KIND)
    return None if told is None else RootImage(told["id"], told["size"])


def is_system(disk: Disk) -> bool:
    """Say whether a server boots from this disk: it is the first one and bootable."""
    return disk.position == 0 and disk.bootable


def restore_tested(drill: Drill, at: datetime) -> dict[str, Any]:
    """Say that a drill of the backup has come up at a time."""
    return {
        "drill_id": drill.id,
        "verdict": drill.verdict,
        "tested_at": wire_time(at),
        "duration_seconds": drill.duration_seconds,
    }
