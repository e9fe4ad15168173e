"""A server comes back in another project: its disks are handed over with every byte, and nothing is left behind."""

import secrets

import pytest
from disk_bytes import disk_of, expected
from elsewhere import chosen, digests_there, member_of_both, planned_elsewhere
from made_things import emptied, made_since
from restoring import carried_out, planned_whole

from support.full_stack import FullStack

pytestmark = pytest.mark.thorough


def test_a_server_is_restored_into_another_project(stack: FullStack):
    objects, other = stack.cloud_objects, stack.other
    content = {name: secrets.token_bytes(1 << 20) for name in ("root", "data")}
    disks = {disk_of(stack, name, bytes_): bytes_ for name, bytes_ in content.items()}
    server = objects.server("elsewhere", volumes=[*disks], ports=[objects.port("front")])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "before")
        wanted = {"restore_plan": {"as": "new_server", "mapping": {"project_id": other.project_id}}}
        refused = stack.member.call("POST", f"backups/{backup['id']}/restore-plans", wanted)
        assert refused.status_code == 404, refused.text
        with member_of_both(stack), emptied(other):
            told = carried_out(stack, planned_elsewhere(stack, backup["id"]))["extra_info"]["restore"]
            assert told["target_project_id"] == other.project_id
            made = str(told["target_resource_id"])
            assert other.get("compute", f"/servers/{made}")["server"]["status"] == "ACTIVE"
            assert stack.tenant.call("GET", "compute", f"/servers/{made}").status_code == 404
            orphans = stack.opencbr("orphans", "list")
            assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr
            assert digests_there(stack, made) == [expected(bytes_, 1) for bytes_ in disks.values()]


def test_a_whole_checkpoint_is_restored_into_another_project(stack: FullStack):
    """Two servers on one network, which is made there once; each has the bytes of its own disk."""
    objects, other = stack.cloud_objects, stack.other
    content = {name: secrets.token_bytes(1 << 20) for name in ("one", "two")}
    servers = [
        objects.server(name, volumes=[disk_of(stack, name, bytes_)], ports=[objects.port(name)])
        for name, bytes_ in content.items()
    ]
    with stack.protected(*servers) as vault:
        checkpoint = stack.back_up_all(vault, "before")[0]["checkpoint_id"]
        wanted = {"project_id": other.project_id}
        body = {"restore_plan": {"mapping": wanted}}
        assert stack.member.call("POST", f"checkpoints/{checkpoint}/restore-plans", body).status_code == 404
        with member_of_both(stack), emptied(other) as before:
            first = planned_whole(stack, checkpoint, wanted)
            told = carried_out(stack, planned_whole(stack, checkpoint, chosen(first)))["extra_info"][
                "restore"
            ]
            assert told["target_project_id"] == other.project_id
            made = made_since(other, before)
            assert (made["servers"], made["volumes"], made["networks"]) == (2, 2, 1)
            orphans = stack.opencbr("orphans", "list")
            assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr
            for one in told["resources"]:
                server, name = str(one["target_resource_id"]), one["resource_name"].rpartition("-")[2]
                assert other.get("compute", f"/servers/{server}")["server"]["status"] == "ACTIVE"
                assert digests_there(stack, server) == [expected(content[name], 1)]
