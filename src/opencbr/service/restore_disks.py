"""Which disk each backup is restored to, and whether that may be: looked up as the caller's project sees it (contract 5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from opencbr.cloud.disks import root_volume
from opencbr.cloud.reader import Reader
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_IN_USE, NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.model.backup import Backup
from opencbr.model.errors import (
    CATALOGUE,
    DISK_TOO_SMALL,
    DISK_UNRESTORABLE,
    NO_SUCH_DISK,
    NOT_ATTACHED,
    SERVER_UNRESTORABLE,
    CbrError,
)
from opencbr.model.restore import DiskToRestore, RestoreRequest
from opencbr.model.vault import SERVER, VOLUME
from opencbr.service.instances import Source, find_source


@dataclass(frozen=True, slots=True)
class Target:
    """What a restore is to do, and the server or disk that it is for."""

    request: RestoreRequest
    source: Source


def find_server(
    reader: Reader,
    backup: Backup,
    server_id: str | None,
    disks: Mapping[str, Backup],
    root_image_id: str | None = None,
    *,
    power_on: bool,
) -> Target:
    """Find the server and check its disks; `disks` are the backups to restore by the volumes that they are written over.

    `root_image_id` is the image to write its root disk anew from, which must be no volume then. Raises CbrError 7100,
    2007 (no server), 2008 (its status), 7000, 7201 (a disk is not there, or not on the server), 2013 (system and data), and
    as `_check`; CloudError.
    """
    gone = CbrError("2007", f"{CATALOGUE['2007'].sentence} It was {backup.resource_id}.")
    server = _source(reader, backup, SERVER, server_id, gone)
    found = reader.get_server(server.id)
    if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF) or found.get("OS-EXT-STS:task_state"):
        doing = found.get("OS-EXT-STS:task_state") or server.status
        raise CbrError(
            SERVER_UNRESTORABLE, f"Server {server.id} is {doing}: bring it to ACTIVE or SHUTOFF first."
        )
    if root_image_id is not None and not found.get("image"):
        raise CbrError(
            "2013",
            f"The backup has an image of a root disk that is no volume, and server {server.id} boots from a volume: name "
            "the disks to restore in mappings, or restore it as a new server.",
        )
    root = root_volume(found, reader.get_attachments(server.id))
    on_server = {disk.id: disk for disk in server.disks}
    for volume_id, child in disks.items():
        if volume_id not in on_server:
            _not_on(reader, server, child, volume_id)
        disk = on_server[volume_id]
        _check(child, disk, wanted=CINDER_IN_USE)
        if (child.position == 0) != (disk.id == root):
            raise CbrError(
                "2013",
                f"Backup {child.id} is of a {_rank(child.position == 0)} disk, and disk {disk.id} is a "
                f"{_rank(disk.id == root)} disk of server {server.id}: map system to system and data to data.",
            )
    request = _request(disks, server_id=server.id, power_on=power_on)
    return Target(replace(request, root_image_id=root_image_id), server)


def find_disk(reader: Reader, backup: Backup, volume_id: str | None) -> Target:
    """Find the disk that a disk's backup is restored to. Raises CbrError 7000 and as `_check`; CloudError."""
    gone = CbrError(
        NO_SUCH_DISK,
        f"The disk {backup.resource_id} that was backed up is gone: name another with volume_id.",
    )
    disk = _source(reader, backup, VOLUME, volume_id, gone)
    _check(backup, disk, wanted=CINDER_AVAILABLE)
    return Target(_request({disk.id: backup}, server_id=None, power_on=False), disk)


def _source(reader: Reader, backup: Backup, kind: str, named: str | None, gone: CbrError) -> Source:
    """Find what the caller has named, or else what was backed up; raises `gone` where that is not there any more."""
    try:
        return find_source(
            reader, project_id=backup.project_id, kind=kind, source_id=named or backup.resource_id
        )
    except CbrError as error:
        if named is not None:
            raise
        raise gone from error


def _request(disks: Mapping[str, Backup], *, server_id: str | None, power_on: bool) -> RestoreRequest:
    return RestoreRequest(
        server_id=server_id,
        power_on=power_on,
        disks=tuple(
            DiskToRestore(backup_id=child.id, volume_id=volume_id, size_gb=child.resource_size)
            for volume_id, child in disks.items()
        ),
    )


def _not_on(reader: Reader, server: Source, child: Backup, volume_id: str) -> None:
    """Raise why a disk cannot be the target: 7000 for one that the project does not have, else 7201."""
    if volume_id != child.resource_id:
        find_source(reader, project_id=child.project_id, kind=VOLUME, source_id=volume_id)
    raise CbrError(
        NOT_ATTACHED,
        f"Volume {volume_id[:64]} is not attached to server {server.id}: name disks of this server in mappings.",
    )


def _check(child: Backup, disk: Source, *, wanted: str) -> None:
    """Refuse a disk that the backup cannot be written over: 2011 (status, shared), 2001 (too small), 2009 (encryption)."""
    if disk.status != wanted or len(disk.server_ids) > 1 or (wanted == CINDER_AVAILABLE and disk.server_ids):
        held = f", on {len(disk.server_ids)} servers" if len(disk.server_ids) > 1 else ""
        advice = (
            "detach it first"
            if wanted == CINDER_AVAILABLE
            else "it must be on this server alone, and at rest"
        )
        raise CbrError(DISK_UNRESTORABLE, f"Disk {disk.id} is {disk.status}{held}: {advice}.")
    if disk.size_gb < child.resource_size:
        raise CbrError(
            DISK_TOO_SMALL,
            f"Disk {disk.id} has {disk.size_gb} GiB, and backup {child.id} {child.resource_size} GiB: choose a disk of at "
            "least that size.",
        )
    if disk.encrypted != bool(child.extend_info.get("encrypted")):
        words = ("not encrypted", "encrypted")
        raise CbrError(
            "2009",
            f"Disk {disk.id} is {words[disk.encrypted]}, and what was backed up was {words[not disk.encrypted]}: choose a "
            "disk of the same kind.",
        )


def _rank(is_system: bool) -> str:  # noqa: FBT001 -- one word or the other
    return "system" if is_system else "data"
