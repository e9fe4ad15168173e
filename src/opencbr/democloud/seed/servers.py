"""Servers that run and disks that hold bytes, made at once instead of by calls."""

import random

from opencbr.democloud.backend import Backend
from opencbr.democloud.compute.attachments import attach
from opencbr.democloud.compute.new_server import make_root_disk, server_document
from opencbr.democloud.disks import GIB
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.types import default_type
from opencbr.democloud.volume.volumes import image_metadata, make_volume


def tiny_image(backend: Backend) -> Doc:
    """Return the image that every cloud has."""
    image = backend.state.find("image", name="tiny")
    assert image is not None
    return image


def make_disk(backend: Backend, owner: Doc, name: str, size: int, *, boot: bool = False) -> Doc:
    """Store a volume of `size` GiB with 4 MiB of bytes in each; `boot` makes it one to boot from."""
    fields: Doc = {"name": name, "metadata": {} if boot else {"purpose": "data"}}
    if boot:
        fields |= {"bootable": "true", "volume_image_metadata": image_metadata(tiny_image(backend))}
    volume = make_volume(
        backend,
        project_id=owner["project_id"],
        user_id=owner["user_id"],
        size=size,
        volume_type=default_type(backend.state),
        **fields,
    )
    noise = random.Random(name)  # noqa: S311 - bytes to back up, no secret
    for at in range(0, size * GIB, GIB // 4):
        backend.disks.write(volume["id"], at, noise.randbytes(1 << 20))
    return set_status(backend, "volume", volume["id"], "available") or volume


def make_server(
    backend: Backend, owner: Doc, name: str, *, image: Doc | None, disks: list[Doc], **fields: object
) -> Doc:
    """Store a running server of the flavor m1.tiny that boots from `image`, or from the first of `disks`."""
    flavor = backend.state.get("flavor", "1")
    assert flavor is not None
    running: Doc = {"status": "ACTIVE", "task_state": None, "launched_at": backend.clock.long_time()}
    running["image_id"] = image["id"] if image else ""
    doc = server_document(
        backend,
        project_id=owner["project_id"],
        user_id=owner["user_id"],
        name=name,
        flavor=flavor,
        **running | fields,
    )
    backend.state.put("server", doc)
    make_root_disk(backend, doc)
    for number, volume in enumerate(disks):
        device = "/dev/sd" + "abcdefgh"[number + (1 if image else 0)]
        attach(backend, doc, volume, device, delete_on_termination=False, tag=None)
    return doc
