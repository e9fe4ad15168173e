"""The server as it was: what its card says."""

from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Documents
from opencbr.console.backup.json_values import (
    Moment,
    flag_of,
    id_of,
    member,
    moment_of,
    number_of,
    rows,
    text_of,
    words,
)
from opencbr.model.root_image import KIND as ROOT_IMAGE


@dataclass(frozen=True, slots=True)
class Flavor:
    """What the server was given; memory in MiB, disk in GiB."""

    name: str | None
    vcpus: int | None
    ram_mib: int | None
    disk_gib: int | None


@dataclass(frozen=True, slots=True)
class Boot:
    """What the server boots from; `kind` is image, volume or "" when nothing tells.

    `kept` is the image that the backup made of a root disk that is no volume, None where it made none.
    """

    kind: str
    name: str | None
    id: str | None
    kept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCard:
    """A server; None and empty where its document says nothing."""

    id: str | None
    name: str | None
    status: str | None
    description: str | None
    created: Moment | None
    availability_zone: str | None
    flavor: Flavor | None
    boot: Boot
    key_pair: str | None
    key_fingerprint: str | None
    user_data: str | None
    locked: bool | None
    tags: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    """Server groups, with their policy."""


def server_card(documents: Documents) -> ServerCard | None:
    """Make the card; None when the backup has no server (a disk's own backup, or the document is missing)."""
    server = documents.thing("server") or documents.thing("server@newest")
    if not isinstance(server, dict):
        return None
    labels = member(server, "metadata")
    return ServerCard(
        id=text_of(server, "id"),
        name=text_of(server, "name"),
        status=text_of(server, "status"),
        description=text_of(server, "description"),
        created=moment_of(server, "created"),
        availability_zone=text_of(server, "OS-EXT-AZ:availability_zone"),
        flavor=_flavor(documents, server),
        boot=_boot(documents, server),
        key_pair=text_of(server, "key_name"),
        key_fingerprint=text_of(documents.thing("keypair"), "fingerprint"),
        user_data=text_of(server, "OS-EXT-SRV-ATTR:user_data"),
        locked=flag_of(server, "locked"),
        tags=tuple(filter(None, map(words, rows(server, "tags")))),
        metadata=tuple((words(key) or '""', words(value) or "") for key, value in labels.items())
        if isinstance(labels, dict)
        else (),
        groups=tuple(_groups(documents)),
    )


def boot_volume(documents: Documents) -> str | None:
    """Return the id of the volume that the server boots from, None for one that boots from an image."""
    server = documents.thing("server")
    if not isinstance(server, dict) or member(server, "image"):
        return None
    root = member(server, "OS-EXT-SRV-ATTR:root_device_name")
    attached = rows(documents.thing("attachments"))
    at_root = [id_of(one, "volumeId") for one in attached if root and member(one, "device") == root]
    bootable = [
        id_of(one, "id")
        for one in rows(server, "os-extended-volumes:volumes_attached")
        if flag_of(documents.thing(f"volume/{member(one, 'id')}"), "bootable")
    ]
    return next(filter(None, (*at_root, *bootable)), None)


def _flavor(documents: Documents, server: Any) -> Flavor | None:
    """Read the flavor's own document, or what Nova puts into the server since 2.47."""
    for told in (
        documents.thing("flavor"),
        member(documents.thing("server@newest"), "flavor"),
        member(server, "flavor"),
    ):
        found = Flavor(
            text_of(told, "name") or text_of(told, "original_name"),
            number_of(told, "vcpus"),
            number_of(told, "ram"),
            number_of(told, "disk"),
        )
        if found != Flavor(None, None, None, None):
            return found
    return None


def _boot(documents: Documents, server: Any) -> Boot:
    if image := id_of(server, "image", "id"):
        kept = next(iter(documents.things(ROOT_IMAGE)), None)
        return Boot("image", text_of(documents.thing(f"image/{image}"), "name"), words(image), kept)
    if volume := boot_volume(documents):
        return Boot("volume", text_of(documents.thing(f"volume/{volume}"), "name"), words(volume))
    return Boot("", None, None)


def _groups(documents: Documents) -> list[str]:
    return [
        f"{text_of(group, 'name') or words(id_)} ({text_of(group, 'policy') or 'no policy'})"
        for id_, group in documents.things("server_group").items()
    ]
