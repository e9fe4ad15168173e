"""Which disk each backup is restored to, and whether that may be: looked up as the caller's project sees it (contract 5.3)."""

from collections.abc import Iterator, Mapping
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
from opencbr.model.restore_plan.outcome import Overwrite
from opencbr.model.vault import SERVER, VOLUME
from opencbr.service.instances import Source, find_source, own_object
from opencbr.service.root_volumes import is_rebuilt, refusals


@dataclass(frozen=True, slots=True)
class Target:
    """What a restore is to do, and the server or disk that it is for."""

    request: RestoreRequest
    source: Source

    @property
    def overwrite(self) -> Overwrite:
        """What the job is asked for."""
        return Overwrite(request=self.request, target_id=self.source.id, target_name=self.source.name)


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a backup cannot be written over something: the error, and of a disk the volume that was backed up."""

    error: CbrError
    volume_id: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A target, and all that stands against it."""

    target: Target
    unfit: tuple[Unfit, ...]

    def fit(self) -> Target:
        """Give the target. Raises the first CbrError that stands against it."""
        for one in self.unfit:
            raise one.error
        return self.target


def judge_server(
    reader: Reader,
    backup: Backup,
    server_id: str | None,
    disks: Mapping[str, Backup],
    root_image_id: str | None = None,
    *,
    power_on: bool,
) -> Judged:
    """Find the server and check its disks; `disks` are the backups to restore by the volumes that they are written over.

    `root_image_id` is the image to write its root disk anew from, which must be no volume then. Raises CbrError 7100, 2007 (no
    server), 7000 (a disk is not there); CloudError. What stands against it is 2008 (the server's status), 7201 (a disk is not
    on the server), 2013, and as `_check` and `root_volumes.refusals`.
    """
    gone = CbrError("2007", f"{CATALOGUE['2007'].sentence} It was {backup.resource_id}.")
    server = _source(reader, backup, SERVER, server_id, gone)
    unfit: list[Unfit] = []
    doing = server.detail.get("OS-EXT-STS:task_state")
    if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF) or doing:
        sentence = f"Server {server.id} is {doing or server.status}: bring it to ACTIVE or SHUTOFF first."
        unfit.append(Unfit(CbrError(SERVER_UNRESTORABLE, sentence)))
    if root_image_id is not None and not server.detail.get("image"):
        sentence = (
            f"The backup has an image of a root disk that is no volume, and server {server.id} boots from a volume: name the "
            "disks to restore in mappings, or restore it as a new server."
        )
        unfit.append(Unfit(CbrError("2013", sentence)))
    root = root_volume(reader.get_server(server.id), reader.get_attachments(server.id))
    on_server = {disk.id: disk for disk in server.disks}
    for volume_id, child in disks.items():
        errors = (
            _misfits(child, on_server[volume_id], server, root)
            if volume_id in on_server
            else [_not_on(reader, server, child, volume_id)]
        )
        unfit += [Unfit(error, child.resource_id) for error in errors]
    rebuilt = root if root in disks and is_rebuilt(reader) else None
    if rebuilt is not None and rebuilt in on_server:
        found = refusals(reader, rebuilt, encrypted=on_server[rebuilt].encrypted)
        unfit += [Unfit(error, disks[rebuilt].resource_id) for error in found]
    request = _request(disks, server_id=server.id, power_on=power_on)
    request = replace(request, root_image_id=root_image_id, rebuilt_root_id=rebuilt)
    return Judged(Target(request, server), tuple(unfit))


def _misfits(child: Backup, disk: Source, server: Source, root: str | None) -> Iterator[CbrError]:
    yield from _check(child, disk, wanted=CINDER_IN_USE)
    if (child.position == 0) != (disk.id == root):
        yield CbrError(
            "2013",
            f"Backup {child.id} is of a {_rank(child.position == 0)} disk, and disk {disk.id} is a "
            f"{_rank(disk.id == root)} disk of server {server.id}: map system to system and data to data.",
        )


def judge_disk(reader: Reader, backup: Backup, volume_id: str | None) -> Judged:
    """Find the disk that a disk's backup is restored to. Raises CbrError 7000; what stands against it is as `_check` says."""
    gone = CbrError(
        NO_SUCH_DISK,
        f"The disk {backup.resource_id} that was backed up is gone: name another with volume_id.",
    )
    disk = _source(reader, backup, VOLUME, volume_id, gone)
    unfit = [Unfit(error, backup.resource_id) for error in _check(backup, disk, wanted=CINDER_AVAILABLE)]
    return Judged(Target(_request({disk.id: backup}, server_id=None, power_on=False), disk), tuple(unfit))


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


def _not_on(reader: Reader, server: Source, child: Backup, volume_id: str) -> CbrError:
    """Give the error for a disk that is not on the server; 7000 is raised for one that the project does not have."""
    where = "gone"
    if volume_id != child.resource_id or own_object(
        reader, project_id=child.project_id, kind=VOLUME, object_id=volume_id
    ):
        disk = find_source(reader, project_id=child.project_id, kind=VOLUME, source_id=volume_id)
        others = ", ".join(disk.server_ids)
        where = f"on server {others}" if others else "on no server"
    return CbrError(
        NOT_ATTACHED,
        f"Volume {volume_id[:64]} is not attached to server {server.id}: it is {where}. Name disks of this server in mappings.",
    )


def _check(child: Backup, disk: Source, *, wanted: str) -> Iterator[CbrError]:
    """Say why the backup cannot be written over a disk: 2011 (status, shared), 2001 (too small), 2009 (encryption)."""
    if disk.status != wanted or len(disk.server_ids) > 1 or (wanted == CINDER_AVAILABLE and disk.server_ids):
        others = f" ({', '.join(disk.server_ids)})"
        held = f", on {len(disk.server_ids)} servers{others}" if len(disk.server_ids) > 1 else ""
        advice = (
            "detach it first"
            if wanted == CINDER_AVAILABLE
            else "it must be on this server alone, and at rest"
        )
        yield CbrError(DISK_UNRESTORABLE, f"Disk {disk.id} is {disk.status}{held}: {advice}.")
    if disk.size_gb < child.resource_size:
        yield CbrError(
            DISK_TOO_SMALL,
            f"Disk {disk.id} has {disk.size_gb} GiB, and backup {child.id} {child.resource_size} GiB: choose a disk of at "
            "least that size.",
        )
    if disk.encrypted != bool(child.extend_info.get("encrypted")):
        words = ("not encrypted", "encrypted")
        yield CbrError(
            "2009",
            f"Disk {disk.id} is {words[disk.encrypted]}, and what was backed up was {words[not disk.encrypted]}: choose a "
            "disk of the same kind.",
        )


def _rank(is_system: bool) -> str:  # noqa: FBT001 -- one word or the other
    return "system" if is_system else "data"
