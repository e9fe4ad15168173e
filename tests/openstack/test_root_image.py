"""A server that boots from an image, on both clouds: its root disk is backed up as an image and comes back from that.

Nova's fake driver, on which the real cloud of the tests runs its guests, makes images without bytes: the first backup there is
one without its root disk. For the second the test gives the image its bytes, as a hypervisor would.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from disk_bytes import remove
from restoring import asked, ended, how_it_is, restored_as_new

from sdk.installation import eventually
from support.full_stack import FullStack
from support.recording import Exchange

Json = dict[str, Any]


def test_the_root_disk_comes_back_in_a_new_server(stack: FullStack) -> None:
    objects = stack.cloud_objects
    volume, port = objects.volume("data"), objects.port("front")
    server = objects.server("imaged", volumes=[volume], image=True, ports=[port])
    original = stack.tenant.get("compute", f"/servers/{server}", mv="2.79")["server"]["image"]["id"]
    with stack.protected(server) as vault:
        if stack.demo is None:
            _without_bytes(stack, vault, original)
        content = secrets.token_bytes(1 << 20)
        if stack.demo:
            stack.demo.write(server, content)
        with hypervisor(stack, content):
            backup = stack.back_up(vault, "with-root")
        assert backup["extend_info"]["contain_system_disk"]
        assert report(stack, backup)["verdict"] == "complete", report(stack, backup)["gaps"]
        image = backup["extend_info"]["root_image"]["id"]
        if stack.demo is None:
            assert backup["extend_info"]["root_image"]["size"] == len(content)
        _restore_and_undo(stack, server, backup, content)
        _delete(stack, server, [volume], port)
        made = restored_as_new(stack, backup["id"], network="keep")
        rows = stack.tenant.get("compute", f"/servers/{made}/os-volume_attachments")["volumeAttachments"]
        try:
            shown = stack.tenant.get("compute", f"/servers/{made}", mv="2.79")["server"]
            assert (shown["status"], shown["image"]["id"], len(rows)) == ("ACTIVE", image, 1)
            assert bytes_of(stack, image)[: len(content)] == content
        finally:
            new_port = stack.tenant.get("network", f"/v2.0/ports?device_id={made}")["ports"][0]["id"]
            _delete(stack, made, [row["volumeId"] for row in rows], new_port)
    assert images(stack) == []
    assert "no orphans" in stack.opencbr("orphans", "list").stdout


def _restore_and_undo(stack: FullStack, server: str, backup: Json, content: bytes) -> None:
    """Restore in place, and take it back: the same server with the same disk and port, rebuilt from one image and the other."""
    image, since = backup["extend_info"]["root_image"]["id"], secrets.token_bytes(1 << 20)
    was = how_it_is(stack, server)
    if stack.demo:
        stack.demo.write(server, since)
    with hypervisor(stack, since):
        job = asked(stack, f"backups/{backup['id']}/restore", {"restore": {}})
        log = ended(stack, job)
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    assert how_it_is(stack, server) == was
    assert stack.tenant.get("compute", f"/servers/{server}", mv="2.79")["server"]["image"]["id"] == image
    (kept,) = [one["id"] for one in images(stack) if one["id"] != image]
    assert bytes_of(stack, kept)[: len(since)] == since
    if stack.demo:
        assert stack.demo.read(server, length=len(content)) == content
    log = ended(stack, asked(stack, f"restores/{job}/undo"))
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    assert how_it_is(stack, server) == was
    assert stack.tenant.get("compute", f"/servers/{server}", mv="2.79")["server"]["image"]["id"] == kept
    if stack.demo:
        assert stack.demo.read(server, length=len(since)) == since
    assert [one["id"] for one in images(stack)] == [image]


def _without_bytes(stack: FullStack, vault: Json, original: str) -> None:
    """What such a backup says, and what its plan makes of it."""
    backup = stack.back_up(vault, "without-root")
    (gap,) = report(stack, backup)["gaps"]
    assert gap.endswith("queued, without bytes")
    assert "root_image" not in backup["extend_info"]
    assert images(stack) == []
    body = {"restore_plan": {"as": "new_server"}}
    plan = stack.member.call("POST", f"backups/{backup['id']}/restore-plans", body).json()["restore_plan"]
    (row,) = [row for row in plan["rows"] if row["field"] == "server.image.id"]
    assert (row["value"], row["fate"]) == (original, "kept")
    assert row["reason"].startswith("original image only")


def _delete(stack: FullStack, server: str, volumes: list[str], port: str) -> None:
    tenant = stack.tenant
    assert tenant.call("DELETE", "compute", f"/servers/{server}").status_code == 204
    path = f"/servers/{server}"
    eventually(lambda: tenant.call("GET", "compute", path).status_code == 404, "the server is gone", 240)
    for volume in volumes:
        tenant.states(f"/volumes/{volume}", "volume", {"available"})
        remove(stack, f"/volumes/{volume}", "volume")
    assert tenant.call("DELETE", "network", f"/v2.0/ports/{port}").status_code == 204
    stack.cloud_objects.forget(server, *volumes, port)


def report(stack: FullStack, backup: Json) -> Json:
    found: Json = stack.member.get(f"backups/{backup['id']}/record/report")["report"]
    return found


def images(stack: FullStack) -> list[Json]:
    """The images of ours in Glance."""
    installation = stack.prefix.split("-")[1]
    found: list[Json] = stack.tenant.get("image", f"/v2/images?opencbr={installation}")["images"]
    return found


def bytes_of(stack: FullStack, image: str) -> bytes:
    content: bytes = stack.tenant.call("GET", "image", f"/v2/images/{image}/file").content
    return content


@contextmanager
def hypervisor(stack: FullStack, content: bytes) -> Iterator[None]:
    """Give each image its bytes before the service hears of it: Nova's fake driver does not, the embedded cloud does."""

    def fill(exchange: Exchange) -> None:
        if exchange.method == "POST" and exchange.path.endswith("/action") and b"image_id" in exchange.body:
            _fill(stack, json.loads(exchange.body)["image_id"], content)

    if stack.demo is None:
        stack.recorder.before_answer = fill
    try:
        yield
    finally:
        stack.recorder.before_answer = lambda _: None


def _fill(stack: FullStack, image: str, content: bytes) -> None:
    session = stack.tenant.session
    where: Json = {"endpoint_filter": {"service_type": "image", "interface": "public"}, "raise_exc": False}
    changes = [
        {"op": "replace", "path": f"/{name}", "value": value}
        for name, value in {"disk_format": "raw", "container_format": "bare"}.items()
    ]
    kind = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    answer = session.request(f"/v2/images/{image}", "PATCH", json=changes, headers=kind, **where)
    assert answer.status_code == 200, answer.text
    kind = {"Content-Type": "application/octet-stream"}
    answer = session.request(f"/v2/images/{image}/file", "PUT", data=content, headers=kind, **where)
    assert answer.status_code == 204, answer.text
