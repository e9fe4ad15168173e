"""A server whose disk grew between two backups: the bytes of both come back with plain Cinder."""

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from test_story import in_clear

from democloud.client import Client
from support.full_stack import FullStack

GIB = 1 << 30
_SECONDS = 300
Json = dict[str, Any]


def test_the_bytes_of_a_disk_before_and_after_it_was_extended(stack: FullStack):
    objects = stack.cloud_objects
    content = secrets.token_bytes(1 << 20)
    with image_of(stack, content) as image:
        data = objects.volume("grows", imageRef=image)
    root = objects.volume("root", bootable=True)
    server = objects.server("grows", volumes=[root, data])
    with stack.protected(server) as vault:
        first = stack.back_up(vault, "small")
        extend(stack, server, data)
        second = stack.back_up(vault, "large")
        sizes = [child_of(backup, data)["resource_size"] for backup in (first, second)]
        assert sizes == [1, 2]
        _, record = in_clear(stack, second)
        assert record["manifest"]["verdict"] == "complete"
        made = stack.upstream("backups")
        grown = made[stack.prefix + child_of(second, data)["id"]]
        assert grown["is_incremental"] is False, (
            "a full one in place of an incremental that Cinder cannot make"
        )
        assert made[stack.prefix + child_of(second, root)["id"]]["is_incremental"] is True
        for backup, size in ((first, 1), (second, 2)):
            restored = restore(stack, made[stack.prefix + child_of(backup, data)["id"]]["id"])
            assert restored["size"] == size
            assert digest(stack, restored["id"], size) == expected(content, size)


def child_of(backup: Json, volume: str) -> Json:
    (child,) = [one for one in backup["children"] if one["resource_id"] == volume]
    return child


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


def extend(stack: FullStack, server: str, volume: str) -> None:
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
    answer = tenant.call("POST", "compute", path, {"volumeAttachment": {"volumeId": volume}})
    assert answer.status_code == 200, answer.text
    tenant.states(f"/volumes/{volume}", "volume", {"in-use"})


def restore(stack: FullStack, cinder_backup: str) -> Json:
    """Restore a Cinder backup into a new volume, as a tenant does without this service."""
    tenant = stack.tenant
    body = {"restore": {"name": f"{stack.cloud_objects.prefix}-restored"}}
    answer = tenant.call("POST", "volumev3", f"/backups/{cinder_backup}/restore", body)
    assert answer.status_code == 202, answer.text
    volume = answer.json()["restore"]["volume_id"]
    stack.cloud_objects.adopt("volumev3", f"/volumes/{volume}", "volume")
    tenant.states(f"/volumes/{volume}", "volume", {"available"})
    tenant.states(f"/backups/{cinder_backup}", "backup", {"available"})
    found: Json = tenant.get("volumev3", f"/volumes/{volume}")["volume"]
    return found


def expected(content: bytes, size: int) -> str:
    """Say the SHA-256 of a disk of `size` GiB that begins with `content` and has nothing else."""
    whole = hashlib.sha256(content)
    left = size * GIB - len(content)
    zeros = bytes(1 << 20)
    while left:
        whole.update(zeros[:left])
        left -= min(left, len(zeros))
    return whole.hexdigest()


def digest(stack: FullStack, volume: str, size: int, by: Client | None = None) -> str:
    """Say the SHA-256 of a volume's bytes; a real cloud gives them as an image, to whoever has it: the tenant, or `by`."""
    whole = hashlib.sha256()
    if stack.demo is not None:
        for at in range(0, size * GIB, 1 << 24):
            whole.update(stack.demo.read(volume, offset=at, length=1 << 24))
        return whole.hexdigest()
    tenant = by or stack.tenant
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
