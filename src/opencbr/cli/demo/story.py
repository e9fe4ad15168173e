"""What the demo does as a client: a vault, a server bound to it, a policy that is run now, and the metadata of its backup."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opencbr.cli.app import Failure
from opencbr.cli.demo.client import Client
from opencbr.model import statuses

VAULT = "demo"
POLICY = "nightly"
SERVER = "db1"

_POLL_SECONDS = 0.15
_PATIENCE_SECONDS = 600.0
_RUNNING = (statuses.PROTECTING, statuses.WAITING_PROTECT)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backup is: per cent, and what happens now, in words."""

    percent: int
    words: str


NOW = {
    "": "a worker reads server, flavor, ports, addresses and disks",
    "capture": "all documents are read; Cinder takes a snapshot of each of {disks}",
    "snapshots": "{disks} stand in snapshots of one moment; the documents are read once more",
    "recapture": "what moved meanwhile is known; Cinder begins to copy {size} from the snapshots",
    "image": "Nova is asked for an image where the root disk is no volume; Cinder copies {size}",
    "saved": "such an image stands; Cinder copies {size}",
    "wait": "Cinder copies {size} of {disks}",
    "export": "{size} are copied; the snapshots are removed",
    "release": "the record is closed: compressed, encrypted, signed",
    statuses.AVAILABLE: "done: {disks}, {size}",
}
"""What happens after the step that a backup's operation log names as the last one done."""


Told = Callable[[Progress], None]


def ensure_vault(client: Client, tell: Callable[[str], None]) -> str:
    """Return the id of the demo's vault with the demo's server bound to it; what exists is used."""
    found = client.get("/vaults", name=VAULT)["vaults"]
    vault = found[0] if found else _create_vault(client)
    tell(f"{'found' if found else 'created'} vault {VAULT}")
    if not vault["resources"]:
        servers = client.get("/protectables/server/instances", name=SERVER)["instances"]
        if not servers:
            raise Failure(f"the embedded cloud has no server {SERVER}; start with a fresh --state folder")
        resource = {"id": servers[0]["id"], "type": "OS::Nova::Server"}
        client.post(f"/vaults/{vault['id']}/addresources", {"resources": [resource]})
        tell(f"bound server {SERVER}")
    return str(vault["id"])


def ensure_policy(client: Client, vault_id: str, tell: Callable[[str], None]) -> str:
    """Return the id of the policy that the vault has; it is given the demo's where it has none."""
    found = client.get("/policies", vault_id=vault_id)["policies"]
    if found:
        return str(found[0]["id"])
    named = [one for one in client.get("/policies")["policies"] if one["name"] == POLICY]
    policy = named[0] if named else _create_policy(client)
    client.post(f"/vaults/{vault_id}/associatepolicy", {"policy_id": policy["id"]})
    tell(
        f"{'found' if named else 'created'} policy {POLICY}: every day at 02:00 UTC, the newest 7 backups stay"
    )
    return str(policy["id"])


def earlier_backups(client: Client, vault_id: str) -> list[dict[str, Any]]:
    """Return the vault's backups, newest first, running ones too."""
    found: list[dict[str, Any]] = client.get("/backups", vault_id=vault_id)["backups"]
    return found


def request_backup(client: Client, policy_id: str, check: Callable[[], None]) -> str:
    """Run the policy now and return the id of the backup that a worker begins; `check` as in `await_backup`. Raises Failure."""
    run_id = client.post(f"/policies/{policy_id}/run", None)["runs"][0]["id"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        check()
        run = next(one for one in client.get(f"/policies/{policy_id}/runs")["runs"] if one["id"] == run_id)
        if run["backup_id"]:
            return str(run["backup_id"])
        if run["ended_at"]:
            raise Failure(f"the run of the policy ended as {run['status']}: {run['reason']}")
        time.sleep(_POLL_SECONDS)
    raise Failure(f"the run of the policy did not begin within {_PATIENCE_SECONDS:.0f} seconds")


def is_running(backup: dict[str, Any]) -> bool:
    """Say whether a backup is still being made."""
    return backup["status"] in _RUNNING


def await_backup(client: Client, backup_id: str, tell: Told, check: Callable[[], None]) -> None:
    """Follow a backup to its end; `check` raises when the demo cannot go on. Raises Failure when it fails."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        check()
        backup = client.get(f"/backups/{backup_id}")["backup"]
        log = _log_of(client, backup)
        if not is_running(backup):
            if backup["status"] != statuses.AVAILABLE:
                raise Failure(f"the backup ended as {backup['status']}: {log['error_info']['message']}")
            tell(Progress(100, _now(statuses.AVAILABLE, backup)))
            return
        tell(Progress(log["extra_info"]["common"]["progress"], _now(log["step"] or "", backup)))
        time.sleep(_POLL_SECONDS)
    raise Failure(f"the backup did not end within {_PATIENCE_SECONDS:.0f} seconds")


def _now(step: str, backup: dict[str, Any]) -> str:
    disks = len(backup["children"])
    return NOW.get(step, step).format(disks=f"{disks} disks", size=f"{backup['resource_size']} GiB")


def _create_vault(client: Client) -> dict[str, Any]:
    billing = {
        "object_type": "server",
        "protect_type": "backup",
        "consistent_level": "crash_consistent",
        "size": 1000,
    }
    vault: dict[str, Any] = client.post(
        "/vaults", {"vault": {"name": VAULT, "resources": [], "billing": billing}}
    )["vault"]
    return vault


def _create_policy(client: Client) -> dict[str, Any]:
    wanted = {
        "name": POLICY,
        "operation_type": "backup",
        "operation_definition": {"max_backups": 7},
        "trigger": {"properties": {"pattern": ["FREQ=DAILY;BYHOUR=02;BYMINUTE=00"]}},
    }
    policy: dict[str, Any] = client.post("/policies", {"policy": wanted})["policy"]
    return policy


def _log_of(client: Client, backup: dict[str, Any]) -> dict[str, Any]:
    """Return the operation log of the backup's making."""
    logs: list[dict[str, Any]] = client.get(
        "/operation-logs", resource_id=backup["resource_id"], operation_type="backup"
    )["operation_logs"]
    return next(log for log in logs if log["checkpoint_id"] == backup["checkpoint_id"])
