"""Protect a server, and answer exactly what was backed up: every document as the cloud sent it.

OPENCBR_TEST_SERVER (default db1) is a server of the test project that boots from a volume.
"""

import base64
import json
import os
import secrets
from typing import Any

from opencbr.records.offline_verification import verify_export
from support.full_stack import TYPES, FullStack

NO_FLOATING_IPS = '{"floatingips":null}'
Json = dict[str, Any]


def in_clear(stack: FullStack, backup: Json) -> tuple[Json, Json]:
    """Return ShowMetadata and the record as an admin of the project sees them, checked against the wire."""
    record = stack.admin.get(f"backups/{backup['id']}/record")
    assert verify_export(record, record["public_key"]) == []
    documents = {one["name"]: one["body"] for one in record["documents"]}
    heard = stack.recorder.reads()
    for page in record["manifest"]["documents"]:
        exchange = heard[page["request_id"]]
        assert exchange.path.endswith(page["path"]), page["name"]
        assert (exchange.status, exchange.microversion) == (page["status"], page["microversion"]), page[
            "name"
        ]
        assert documents.pop(page["name"]).encode() == exchange.body, page["name"]
    assert documents == {}
    metadata = stack.admin.get(f"backups/{backup['id']}/metadata")
    as_recorded(metadata, record)
    return metadata, record


def as_recorded(metadata: Json, record: Json) -> None:
    """Check that each text in the answer is a document of the record, and which one."""
    documents = {one["name"]: one["body"] for one in record["documents"]}
    if record["manifest"]["resource"]["type"] == TYPES["disk"]:
        of_a_server = ("server", "interface", "flavor", "ports", "floatingips")
        assert [metadata[name] for name in of_a_server] == [None, None, None, [], []]
        (disk,) = record["manifest"]["disks"]
        assert metadata["volumes"] == [documents[f"volume/{disk['volume_id']}"]]
        return
    assert metadata["server"] == documents["server"]
    assert metadata["interface"] == documents["interface"]
    assert metadata["flavor"] == documents["flavor"]
    disks = sorted(record["manifest"]["disks"], key=lambda disk: disk["position"])
    assert metadata["volumes"] == [documents[f"volume/{disk['volume_id']}"] for disk in disks]
    ports = [name for name in documents if name.startswith("port/")]
    assert sorted(metadata["ports"]) == sorted(documents[name] for name in ports)
    for port, addresses in zip(metadata["ports"], metadata["floatingips"], strict=False):
        sent = documents[f"floatingips/{json.loads(port)['port']['id']}"]
        assert addresses == (sent if json.loads(sent)["floatingips"] else NO_FLOATING_IPS)
    if not ports:
        assert metadata["floatingips"] == [NO_FLOATING_IPS]


def test_a_standing_server_is_kept_byte_for_byte(stack: FullStack):
    name = os.environ.get("OPENCBR_TEST_SERVER", "db1")
    (server,) = [s for s in stack.tenant.get("compute", "/servers")["servers"] if s["name"] == name]
    with stack.protected(server["id"]) as vault:
        backup = stack.back_up(vault, "standing")
        metadata, record = in_clear(stack, backup)
        assert json.loads(metadata["server"])["server"]["id"] == server["id"]
        assert record["manifest"]["verdict"] == "complete"
        assert {"port", "flavor@newest", "image", "keypair", "security_group", "network", "export"} <= {
            page["name"].partition("/")[0] for page in record["manifest"]["documents"]
        }
        # The tenant itself sees its backups in Cinder, one for each disk, and none of the snapshots any more.
        made = stack.upstream("backups")
        assert {stack.prefix + child["id"] for child in backup["children"]} == made.keys()
        assert {one["status"] for one in made.values()} == {"available"}
        assert {c["volume_id"] for c in made.values()} == {c["resource_id"] for c in backup["children"]}
        assert stack.upstream("snapshots") == {}
    assert stack.upstream("backups") == {}


def test_three_disks_two_ports_and_a_secret(stack: FullStack):
    cloud_objects, canary = stack.cloud_objects, f"canary-{secrets.token_hex(8)}"
    user_data = base64.b64encode(f"#cloud-config\nchpasswd: {canary}\n".encode()).decode()
    disks = [
        cloud_objects.volume("root", bootable=True),
        cloud_objects.volume("daten-文"),
        cloud_objects.volume("log"),
    ]
    server = cloud_objects.server(
        "café-文",
        volumes=disks,
        ports=[cloud_objects.port("front"), cloud_objects.port("back")],
        user_data=user_data,
        metadata={"admin_password": canary},
    )
    with stack.protected(server) as vault:
        first = stack.back_up(vault, "first")
        assert [child["resource_id"] for child in first["children"]] == disks
        metadata, _ = in_clear(stack, first)
        told = json.loads(metadata["server"])["server"]
        assert told["name"] == f"{cloud_objects.prefix}-café-文"
        assert told["OS-EXT-SRV-ATTR:user_data"] == user_data
        assert [json.loads(text)["volume"]["id"] for text in metadata["volumes"]] == disks
        assert len(metadata["ports"]) == 2
        a_member_sees_no_secret(stack, first, (canary, user_data))

        before = [user.call("GET", f"backups/{first['id']}/metadata").content for user in users(stack)]
        answer = stack.tenant.call(
            "PUT", "compute", f"/servers/{server}", {"server": {"name": "opencbr-test-renamed"}}
        )
        assert answer.status_code == 200, answer.text
        after = [user.call("GET", f"backups/{first['id']}/metadata").content for user in users(stack)]
        assert before == after

        second = stack.back_up(vault, "second")
        assert json.loads(in_clear(stack, second)[0]["server"])["server"]["name"] == "opencbr-test-renamed"
        full = {stack.prefix + child["id"] for child in first["children"]}
        increments = {stack.prefix + child["id"] for child in second["children"]}
        made = stack.upstream("backups")
        assert {name for name, one in made.items() if not one["is_incremental"]} == full
        assert {name for name, one in made.items() if one["is_incremental"]} == increments

        stack.delete(first)
        listed = stack.member.get(f"backups?vault_id={vault['id']}")
        assert ([row["id"] for row in listed["backups"]], listed["count"]) == ([second["id"]], 1)
        assert stack.upstream("backups").keys() == full | increments, "Cinder needs the full ones still"
        in_clear(stack, second)
        stack.delete(second)
        assert stack.upstream("backups") == {}
    nowhere(stack, (canary, user_data))


def users(stack: FullStack) -> list[Any]:
    return [stack.admin, stack.member]


def a_member_sees_no_secret(stack: FullStack, backup: Json, secret: tuple[str, ...]) -> None:
    """Check a plain member's view: the same documents, whole and readable, without what is masked."""
    for path in ("metadata", "record"):
        text = stack.member.call("GET", f"backups/{backup['id']}/{path}").text
        assert all(word not in text for word in secret)
        assert "(masked secret " in text
        assert "(masked infrastructure " in text
    masked = stack.member.get(f"backups/{backup['id']}/metadata")
    as_recorded(masked, stack.member.get(f"backups/{backup['id']}/record"))
    clear = json.loads(stack.admin.get(f"backups/{backup['id']}/metadata")["server"])["server"]
    shown = json.loads(masked["server"])["server"]
    assert shown.keys() == clear.keys()
    assert shown["metadata"].keys() == clear["metadata"].keys()
    differing = {name for name in clear if clear[name] != shown[name]}
    assert {"OS-EXT-SRV-ATTR:user_data", "metadata", "OS-EXT-SRV-ATTR:host"} <= differing
    assert not differing & {"id", "name", "status", "flavor", "addresses", "security_groups"}


def nowhere(stack: FullStack, secret: tuple[str, ...]) -> None:
    """Check that the secrets are in no file of the service: not in its logs, not in its database."""
    files = [file for file in stack.folder.iterdir() if file.is_file()]
    assert any(file.name == "service.log" for file in files)
    for file in files:
        content = file.read_bytes()
        assert all(word.encode() not in content for word in secret), file.name


def test_a_server_booted_from_an_image(stack: FullStack):
    disk = stack.cloud_objects.volume("data")
    server = stack.cloud_objects.server(
        "image",
        image=True,
        volumes=[disk],
        ports=[stack.cloud_objects.port("only")],
        metadata={"tier": "web"},
    )
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "image")
        metadata, record = in_clear(stack, backup)
        assert json.loads(metadata["server"])["server"]["image"]["id"] == stack.cloud_objects.image["id"]
        assert [json.loads(text)["volume"]["id"] for text in metadata["volumes"]] == [disk]
        report = stack.member.get(f"backups/{backup['id']}/record/report")["report"]
        # The guests of a test's cloud make no image data; those of the embedded one do.
        has_image = stack.demo is not None
        wanted = "complete" if has_image else "partial"
        assert report["verdict"] == record["manifest"]["verdict"] == wanted
        missing = [gap for gap in record["manifest"]["gaps"] if "root disk is not a volume" in gap]
        assert (missing == []) is has_image, missing


def test_a_server_without_ports_that_is_deleted_meanwhile(stack: FullStack):
    root = stack.cloud_objects.volume("lonely", bootable=True)
    server = stack.cloud_objects.server("lonely", volumes=[root])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "lonely")
        metadata, _ = in_clear(stack, backup)
        assert json.loads(metadata["interface"])["interfaceAttachments"] == []
        assert (metadata["ports"], metadata["floatingips"]) == ([], [NO_FLOATING_IPS])
        stack.cloud_objects.clear()
        assert stack.tenant.call("GET", "compute", f"/servers/{server}").status_code == 404
        assert stack.admin.get(f"backups/{backup['id']}/metadata") == metadata


def test_a_disk_is_kept_byte_for_byte(stack: FullStack):
    cloud_objects, canary = stack.cloud_objects, f"canary-{secrets.token_hex(8)}"
    disk = cloud_objects.volume("disk-文", metadata={"db_password": canary, "tier": "gold"})
    with stack.protected(disk, kind="disk") as vault:
        first = stack.back_up(vault, "disk")
        assert (first["resource_id"], first["resource_type"]) == (disk, TYPES["disk"])
        assert first["children"] == []
        metadata, record = in_clear(stack, first)
        assert record["manifest"]["verdict"] == "complete"
        # The one document of the answer, and the very bytes of one answer of Cinder's about this disk.
        (shown,) = metadata["volumes"]
        heard = [
            exchange.body
            for exchange in stack.recorder.reads().values()
            if exchange.status == 200 and exchange.path.endswith(f"/volumes/{disk}")
        ]
        assert shown.encode() in heard
        told = json.loads(shown)["volume"]
        assert (told["id"], told["name"]) == (disk, f"{cloud_objects.prefix}-disk-文")
        assert told["metadata"] == {"db_password": canary, "tier": "gold"}
        assert "os-vol-host-attr:host" in told

        for path in ("metadata", "record"):
            assert canary not in stack.member.call("GET", f"backups/{first['id']}/{path}").text
        masked = stack.member.get(f"backups/{first['id']}/metadata")
        as_recorded(masked, stack.member.get(f"backups/{first['id']}/record"))
        shown = json.loads(masked["volumes"][0])["volume"]
        assert shown.keys() == told.keys()
        assert {name for name in told if told[name] != shown[name]} >= {"metadata", "os-vol-host-attr:host"}
        assert shown["metadata"]["db_password"].startswith("(masked secret ")
        assert shown["metadata"]["tier"] == "gold"

        before = [user.call("GET", f"backups/{first['id']}/metadata").content for user in users(stack)]
        answer = stack.tenant.call(
            "PUT", "volumev3", f"/volumes/{disk}", {"volume": {"name": "opencbr-test-renamed"}}
        )
        assert answer.status_code == 200, answer.text
        second = stack.back_up(vault, "again")
        assert (
            json.loads(in_clear(stack, second)[0]["volumes"][0])["volume"]["name"] == "opencbr-test-renamed"
        )
        made = stack.upstream("backups")
        names = [stack.prefix + backup["id"] for backup in (first, second)]
        assert sorted(names) == sorted(made)
        assert [made[name]["is_incremental"] for name in names] == [False, True]
        assert {one["volume_id"] for one in made.values()} == {disk}
        assert stack.upstream("snapshots") == {}
        after = [user.call("GET", f"backups/{first['id']}/metadata").content for user in users(stack)]
        assert before == after
    assert stack.upstream("backups") == {}
    nowhere(stack, (canary,))


def test_nothing_is_left(stack: FullStack):
    listed = stack.opencbr("orphans", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout) == {"orphans": [], "missing": [], "unneeded": []}
    assert stack.ledger() == 0
    assert (stack.upstream("backups"), stack.upstream("snapshots")) == ({}, {})
    assert stack.recorder.troubles == []
