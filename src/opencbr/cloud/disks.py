"""The disks of a server in their order, as far as Nova and Cinder tell it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opencbr.cloud.references import Known, attached_volumes
from opencbr.model.document import Disk

Json = Mapping[str, Any]


def ordered_volumes(known: Known) -> list[tuple[int, str, str | None]]:
    """Return (position, volume id, device) of every attached volume.

    The root disk comes first, the others follow by device name (sdb before sdaa), those without one last.
    Position 0 is the boot disk of a server booted from a volume; one booted from an image begins at 1.
    """
    server = (known.get("server") or {}).get("server") or {}
    rows = (known.get("attachments") or {}).get("volumeAttachments") or ()
    devices = {row["volumeId"]: row.get("device") for row in rows}
    root = server.get("OS-EXT-SRV-ATTR:root_device_name")
    ids = attached_volumes(known)
    told = {volume_id: number for number, volume_id in enumerate(ids)}

    def rank(volume_id: str) -> tuple[bool, bool, int, str, int]:
        device = devices.get(volume_id) or ""
        return (not device or device != root, not device, len(device), device, told[volume_id])

    first = 1 if server.get("image") else 0
    return [(first + n, volume, devices.get(volume)) for n, volume in enumerate(sorted(ids, key=rank))]


def root_volume(server: Json, attachments: Sequence[Json]) -> str | None:
    """Return the id of the volume that a server boots from, None where that is an image.

    `server` is Nova's as an administrator sees it, `attachments` are the rows of its volumes.
    """
    known: Known = {"server": {"server": server}, "attachments": {"volumeAttachments": attachments}}
    return next((volume for position, volume, _ in ordered_volumes(known) if position == 0), None)


def disk_of(volume: Json, position: int, device: str | None) -> Disk:
    """Make a Disk of Cinder's volume object."""
    return Disk(
        volume_id=volume["id"],
        position=position,
        size_gb=int(volume["size"]),
        name=volume.get("name") or "",
        device=device,
        bootable=volume.get("bootable") in ("true", True),
        encrypted=bool(volume.get("encrypted")),
        availability_zone=volume.get("availability_zone"),
    )


def chooser(exclude: frozenset[str], include: frozenset[str]) -> Callable[[str], bool]:
    """Return the rule which volumes are wanted: not excluded, and included where anything is."""
    return lambda volume_id: volume_id not in exclude and (not include or volume_id in include)
