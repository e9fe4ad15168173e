"""What disks of a test hold: random bytes brought there, written over, and read back whole."""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from democloud.client import Client
from support.full_stack import FullStack

GIB = 1 << 30
_SECONDS = 900
Json = dict[str, Any]


@contextmanager
def image_of(stack: FullStack, content: bytes) -> Iterator[str]:
    """A raw image of these bytes, in the tenant's project for a while."""
    tenant, name = stack.tenant, f"{stack.cloud_objects.prefix}-bytes"
    fields = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "private"}
    image = tenant.call("POST", "image", "/v2/images", fields).json()["id"]
    try:
        answer = tenant.session.put(
            f"/v2/images/{image}/file",
            data=content,
            headers={"Content-Type": "application/octet-stream"},
            endpoint_filter={"service_type": "image", "interface": "public"},
        )
        assert answer.status_code == 204, answer.text
        yield image
    finally:
        assert tenant.call("DELETE", "image", f"/v2/images/{image}").status_code == 204


def disk_of(stack: FullStack, name: str, content: bytes) -> str:
    """A volume that begins with these bytes and has nothing else; Nova boots from it."""
    with image_of(stack, content) as image:
        return stack.cloud_objects.volume(name, imageRef=image)


def cinder_backup(stack: FullStack, volume: str) -> str:
    """Back a volume up as a tenant does without this service."""
    body = {"backup": {"volume_id": volume, "name": f"{stack.cloud_objects.prefix}-other"}}
    answer = stack.tenant.call("POST", "volumev3", "/backups", body)
    assert answer.status_code == 202, answer.text
    made = str(answer.json()["backup"]["id"])
    stack.tenant.states(f"/backups/{made}", "backup", {"available"})
    return made


def overwrite(stack: FullStack, volume: str, cinder: str) -> None:
    """Write a Cinder backup over a volume on a server, which an admin makes possible: no guest of a test cloud writes."""
    set_status(stack, volume, "available")
    answer = stack.tenant.call(
        "POST", "volumev3", f"/backups/{cinder}/restore", {"restore": {"volume_id": volume}}
    )
    assert answer.status_code == 202, answer.text
    stack.tenant.states(f"/volumes/{volume}", "volume", {"available"})
    stack.tenant.states(f"/backups/{cinder}", "backup", {"available"})
    set_status(stack, volume, "in-use")


def set_status(stack: FullStack, volume: str, status: str) -> None:
    """Set a volume's status as an admin."""
    body = {"os-reset_status": {"status": status}}
    answer = stack.admin.user.call("POST", "volumev3", f"/volumes/{volume}/action", body)
    assert answer.status_code == 202, answer.text


def extend(stack: FullStack, server: str, volume: str, device: str | None = None) -> None:
    """Make a disk a GiB larger: taken off its server meanwhile, as every Cinder allows."""
    tenant, path = stack.tenant, f"/servers/{server}/os-volume_attachments"
    assert tenant.call("DELETE", "compute", f"{path}/{volume}").status_code == 202
    tenant.states(f"/volumes/{volume}", "volume", {"available"})
    answer = tenant.call("POST", "volumev3", f"/volumes/{volume}/action", {"os-extend": {"new_size": 2}})
    assert answer.status_code == 202, answer.text
    end = time.monotonic() + _SECONDS
    while (shown := tenant.get("volumev3", f"/volumes/{volume}")["volume"])["size"] != 2:
        assert shown["status"] in {"available", "extending"}, shown
        assert time.monotonic() < end, shown
        time.sleep(0.2)
    tenant.states(f"/volumes/{volume}", "volume", {"available"})
    body = {"volumeAttachment": {"volumeId": volume} | ({"device": device} if device else {})}
    answer = tenant.call("POST", "compute", path, body)
    assert answer.status_code == 200, answer.text
    tenant.states(f"/volumes/{volume}", "volume", {"in-use"})


def digests_of(stack: FullStack, sizes: dict[str, int]) -> dict[str, str]:
    """Say the SHA-256 of volumes on a server, given with their sizes in GiB; side by side."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda volume: bytes_of(stack, sizes[volume], source_volid=volume), sizes)
        return dict(zip(sizes, found, strict=True))


def bytes_of(stack: FullStack, size: int = 1, **source: str) -> str:
    """Say the SHA-256 of what a snapshot, or a volume on a server, holds: of a volume made of it for that."""
    body = {"size": size, "name": f"{stack.cloud_objects.prefix}-look", **source}
    answer = stack.tenant.call("POST", "volumev3", "/volumes", {"volume": body})
    assert answer.status_code == 202, answer.text
    made = str(answer.json()["volume"]["id"])
    stack.tenant.states(f"/volumes/{made}", "volume", {"available"})
    try:
        return digest(stack, made, size)
    finally:
        remove(stack, f"/volumes/{made}", "volume")


def remove(stack: FullStack, path: str, key: str) -> None:
    """Delete a thing of Cinder's, and wait until it is gone."""
    answer = stack.tenant.call("DELETE", "volumev3", path)
    assert answer.status_code in {202, 404}, answer.text
    stack.tenant.states(path, key, {404})


def expected(content: bytes, size: int) -> str:
    """Say the SHA-256 of a disk of `size` GiB that begins with `content` and has nothing else."""
    whole = hashlib.sha256(content)
    left = size * GIB - len(content)
    zeros = bytes(1 << 20)
    while left:
        whole.update(zeros[:left])
        left -= min(left, len(zeros))
    return whole.hexdigest()


def digest(stack: FullStack, volume: str, size: int, owner: Client | None = None) -> str:
    """Say the SHA-256 of the bytes of a volume that its owner has, the tenant if none is named; a real cloud gives them as an
    image.
    """
    whole = hashlib.sha256()
    if stack.demo is not None:
        for at in range(0, size * GIB, 1 << 24):
            whole.update(stack.demo.read(volume, offset=at, length=1 << 24))
        return whole.hexdigest()
    tenant = owner or stack.tenant
    upload = {
        "image_name": f"{stack.cloud_objects.prefix}-read",
        "disk_format": "raw",
        "container_format": "bare",
    }
    answer = tenant.call("POST", "volumev3", f"/volumes/{volume}/action", {"os-volume_upload_image": upload})
    assert answer.status_code == 202, answer.text
    image = answer.json()["os-volume_upload_image"]["image_id"]
    try:
        tenant.states(f"/volumes/{volume}", "volume", {"available"})
        answer = tenant.session.get(
            f"/v2/images/{image}/file",
            stream=True,
            endpoint_filter={"service_type": "image", "interface": "public"},
        )
        for part in answer.iter_content(1 << 20):
            whole.update(part)
    finally:
        assert tenant.call("DELETE", "image", f"/v2/images/{image}").status_code == 204
    return whole.hexdigest()
