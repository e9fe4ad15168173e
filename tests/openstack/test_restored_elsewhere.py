"""A server comes back in another project: its disks are handed over with every byte, and nothing is left behind."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from disk_bytes import digest, disk_of, expected
from restoring import backed_up, carried_out, ended

from democloud.client import Client
from sdk.installation import eventually
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough

Json = dict[str, Any]


def test_a_server_is_restored_into_another_project(stack: FullStack):
    objects, other = stack.cloud_objects, stack.other
    content = {name: secrets.token_bytes(1 << 20) for name in ("root", "data")}
    disks = {disk_of(stack, name, bytes_): bytes_ for name, bytes_ in content.items()}
    server = objects.server("elsewhere", volumes=[*disks], ports=[objects.port("front")])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "before")
        path = f"backups/{backup['id']}/restore-plans"
        wanted = {"project_id": other.project_id}
        refused = stack.member.call("POST", path, asked(wanted))
        assert refused.status_code == 404, refused.text
        with member_of_both(stack), emptied(other):
            first = stack.member.call("POST", path, asked(wanted)).json()["restore_plan"]
            plan = stack.member.call("POST", path, asked(chosen(first))).json()["restore_plan"]
            assert plan["status"] == "ready", (plan["problems"], plan["choices"])
            answer = stack.member.call("POST", f"restore-plans/{plan['id']}/restore")
            assert answer.status_code == 202, answer.text
            log = ended(stack, answer.json()["job_id"])
            assert (log["status"], log["error_info"]["message"]) == ("success", "")
            made = str(log["extra_info"]["restore"]["target_resource_id"])
            assert other.get("compute", f"/servers/{made}")["server"]["status"] == "ACTIVE"
            assert stack.tenant.call("GET", "compute", f"/servers/{made}").status_code == 404
            rows = other.get("compute", f"/servers/{made}/os-volume_attachments")["volumeAttachments"]
            volumes = [row["volumeId"] for row in sorted(rows, key=lambda row: row["device"])]
            orphans = stack.opencbr("orphans", "list")
            assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr
            assert other.call("DELETE", "compute", f"/servers/{made}").status_code == 204
            told = []
            for volume in volumes:
                other.states(f"/volumes/{volume}", "volume", {"available"})
                told.append(digest(stack, volume, 1, other))
            assert told == [expected(bytes_, 1) for bytes_ in disks.values()]


def test_a_whole_checkpoint_is_restored_into_another_project(stack: FullStack):
    """Two servers on one network, which is made there once; each has the bytes of its own disk."""
    objects, other = stack.cloud_objects, stack.other
    content = {name: secrets.token_bytes(1 << 20) for name in ("one", "two")}
    servers = [
        objects.server(name, volumes=[disk_of(stack, name, bytes_)], ports=[objects.port(name)])
        for name, bytes_ in content.items()
    ]
    with stack.protected(servers[0]) as vault:
        more = {"resources": [{"id": servers[1], "type": "OS::Nova::Server"}]}
        assert stack.member.call("POST", f"vaults/{vault['id']}/addresources", more).status_code == 200
        backups = backed_up(stack, vault)
        path = f"checkpoints/{backups[0]['checkpoint_id']}/restore-plans"
        wanted = {"restore_plan": {"mapping": {"project_id": other.project_id}}}
        assert stack.member.call("POST", path, wanted).status_code == 404
        with member_of_both(stack), emptied(other):
            before = things(other)
            first = stack.member.call("POST", path, wanted).json()["restore_plan"]
            again = {"restore_plan": {"mapping": chosen(first)}}
            log = carried_out(stack, stack.member.call("POST", path, again).json()["restore_plan"])
            since = {where[1]: ids - before[where] for where, ids in things(other).items()}
            assert {where: len(since[where]) for where in ("/servers", "/volumes", "/v2.0/networks")} == {
                "/servers": 2,
                "/volumes": 2,
                "/v2.0/networks": 1,
            }
            made = {
                one["resource_name"].rpartition("-")[2]: str(one["target_resource_id"])
                for one in log["extra_info"]["restore"]["resources"]
            }
            disks = {}
            for name, server in made.items():
                assert other.get("compute", f"/servers/{server}")["server"]["status"] == "ACTIVE"
                (row,) = other.get("compute", f"/servers/{server}/os-volume_attachments")["volumeAttachments"]
                disks[name] = row["volumeId"]
                assert other.call("DELETE", "compute", f"/servers/{server}").status_code == 204
            for name, volume in disks.items():
                other.states(f"/volumes/{volume}", "volume", {"available"})
                assert digest(stack, volume, 1, other) == expected(content[name], 1)
            orphans = stack.opencbr("orphans", "list")
            assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr


def asked(mapping: Json) -> Json:
    return {"restore_plan": {"as": "new_server", "mapping": mapping}}


def chosen(plan: Json) -> Json:
    """The mapping with the choices that are left: networks and groups are made again."""
    mapping: Json = plan["mapping"]
    members = [choice["member"].partition(".") for choice in plan["choices"]]
    groups = [
        {"security_group_id": key, "target": "new"} for what, _, key in members if what == "security_groups"
    ]
    ports = [{**port, "network": "new"} for port in mapping["ports"]]
    return {**mapping, "ports": ports, "security_groups": mapping["security_groups"] + groups}


@contextmanager
def member_of_both(stack: FullStack) -> Iterator[None]:
    """Let the tenant's user have its role in the other project too."""
    admin = stack.admin.user
    (role,) = admin.get("identity", "/roles?name=member")["roles"]
    path = f"/projects/{stack.other.project_id}/users/{stack.tenant.user_id}/roles/{role['id']}"
    assert admin.call("PUT", "identity", path).status_code == 204
    try:
        yield
    finally:
        assert admin.call("DELETE", "identity", path).status_code == 204


@contextmanager
def emptied(other: Client) -> Iterator[None]:
    """Remove what was made in the other project, whatever came of it."""
    before = things(other)
    try:
        yield
    finally:
        for (service, path), ids in things(other).items():
            for one in ids - before[service, path]:
                eventually(
                    lambda one=one, where=path, by=service: gone(other, by, f"{where}/{one}"), one, 240
                )


def things(other: Client) -> dict[tuple[str, str], set[str]]:
    """What the project has of all that a restore makes, in the order in which it can go."""
    places = [("compute", "/servers"), ("volumev3", "/volumes")]
    places += [("network", f"/v2.0/{kind}") for kind in ("ports", "networks", "security-groups")]
    found = {}
    for service, path in places:
        query = f"?project_id={other.project_id}" if service == "network" else ""
        (rows,) = [one for one in other.get(service, path + query).values() if isinstance(one, list)]
        found[service, path] = {row["id"] for row in rows}
    return found


def gone(other: Client, service: str, path: str) -> bool:
    answer = other.call("DELETE", service, path)
    assert answer.status_code in {202, 204, 404, 400, 409}, answer.text
    return answer.status_code == 404
