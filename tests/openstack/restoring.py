"""Restores as a member of the project asks for them, and how a server is before and after one."""

from typing import Any

from democloud.client import Client
from sdk.installation import eventually
from support.fidelity import difference, told_by
from support.full_stack import FullStack

Json = dict[str, Any]
_DOCUMENTED = {"keypair"}
"""Kinds of documents that a new server cannot have as the old one had them (docs/api.md, restore plans): the pair was the
user's; the new server is the service's, and has the pair's name and key alone."""


def act(stack: FullStack, server: str, action: str, given: Any = None) -> None:
    """Ask Nova for an action on a server."""
    answer = stack.tenant.call("POST", "compute", f"/servers/{server}/action", {action: given}, mv="2.79")
    assert answer.status_code == 202, answer.text


def how_it_is(stack: FullStack, server: str) -> Json:
    """What a restore must give back."""
    shown = stack.tenant.get("compute", f"/servers/{server}", mv="2.79")["server"]
    rows = stack.tenant.get("compute", f"/servers/{server}/os-volume_attachments", mv="2.79")
    places = sorted(rows["volumeAttachments"], key=lambda row: row["device"])
    fields = ("volumeId", "device", "tag", "delete_on_termination")
    return {
        "server": [shown[name] for name in ("status", "locked", "locked_reason", "OS-EXT-STS:task_state")],
        "disks": [[row[name] for name in fields] for row in places],
        "statuses": [
            stack.tenant.get("volumev3", f"/volumes/{row['volumeId']}")["volume"]["status"] for row in places
        ],
    }


def in_order_of_devices(owner: Client, server: str) -> list[str]:
    """Name the volumes on a server."""
    rows = owner.get("compute", f"/servers/{server}/os-volume_attachments")["volumeAttachments"]
    return [str(row["volumeId"]) for row in sorted(rows, key=lambda row: row["device"])]


def asked(stack: FullStack, path: str, body: Json | None = None) -> str:
    """Ask for a job; its id."""
    answer = stack.member.call("POST", path, body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def ended(stack: FullStack, log_id: str) -> Json:
    """Wait until an operation has ended; its log."""

    def look() -> Json | None:
        log: Json = stack.member.get(f"operation-logs/{log_id}")["operation_log"]
        return log if log["ended_at"] else None

    return eventually(look, "the restore has ended", 600)


def restored_as_new(
    stack: FullStack, backup_id: str, *, network: str, beside: bool = False, **chosen: Any
) -> str:
    """Restore a backup as a new server by a plan, with all as it was but for what is chosen; its id.

    `beside` the old one it gets other addresses.
    """
    mapping = planned(stack, backup_id, {})["mapping"]
    own = {"mac": "new", "address": "new"} if beside else {}
    ports = [{**port, "network": network, **own} for port in mapping["ports"]]
    plan = planned(stack, backup_id, {**mapping, "ports": ports, "user_data": "run", **chosen})
    return str(carried_out(stack, plan)["extra_info"]["restore"]["target_resource_id"])


def carried_out(stack: FullStack, plan: Json) -> Json:
    """Apply a plan, and wait until it is carried out; its log."""
    assert plan["status"] == "ready", (plan["problems"], plan["choices"])
    assert plan["counts"]["unhandled"] == 0, [r for r in plan["rows"] if r["fate"] == "unhandled"]
    log = ended(stack, asked(stack, f"restore-plans/{plan['id']}/restore"))
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    return log


def planned(stack: FullStack, backup_id: str, mapping: Json, as_: str = "new_server") -> Json:
    """Plan a restore with these choices."""
    body = {"restore_plan": {"as": as_, "mapping": mapping}}
    answer = stack.member.call("POST", f"backups/{backup_id}/restore-plans", body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["restore_plan"]
    return found


def planned_whole(stack: FullStack, checkpoint_id: str, mapping: Json) -> Json:
    """Plan a restore of a whole checkpoint with these choices."""
    body = {"restore_plan": {"mapping": mapping}}
    answer = stack.member.call("POST", f"checkpoints/{checkpoint_id}/restore-plans", body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["restore_plan"]
    return found


def compare(stack: FullStack, backup: Json, made: str, *, least: int) -> None:
    """Back a restored server up, and compare its record with that of the backup it was made of, `least` fields of it."""
    with stack.protected(made) as vault:
        again = stack.back_up(vault, "after")
        before, after = (told_by(stack.admin.get(f"backups/{one['id']}/record")) for one in (backup, again))
    others = {
        key: both
        for key, both in difference(before, after).items()
        if key[0].partition("/")[0] not in _DOCUMENTED
    }
    assert others == {}, others
    print(f"{len(before)} fields compared")
    assert len(before) >= least
