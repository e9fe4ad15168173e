"""Writes the examples of the OpenAPI document: what the service answers when it runs on the embedded cloud (`make examples`).

Ids, addresses and hashes of the run are exchanged for stable ones: a second run differs from it by seconds of times only.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
import yaml

from opencbr.api.openapi import examples
from opencbr.api.routes import ROUTES
from opencbr.democloud import DemoCloud, Timing
from opencbr.model.freshness import age_seconds
from opencbr.model.schedule import next_runs
from opencbr.model.times import parse_time, wire_time
from sdk.installation import Key, eventually, installed

from .stable_texts import EPOCH, stable

FILE = Path(examples.__file__).with_name("examples.json")
_ROUTES = {route.operation.name: route.operation for route in ROUTES}
_SERVER, _DISK = "OS::Nova::Server", "OS::Cinder::Volume"


@dataclass
class Run:
    """A client that remembers what it was answered."""

    url: str
    project_id: str
    token: str
    manager_token: str
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def call(
        self,
        operation: str,
        title: str = "",
        body: Any = None,
        query: dict[str, str] | None = None,
        *,
        as_manager: bool = False,
        **path: str,
    ) -> Any:
        """Ask, and return the decoded answer; one with a title becomes an example."""
        route = _ROUTES[operation]
        path = {"project_id": self.project_id, **path}
        answer = requests.request(
            route.method,
            f"{self.url}{route.path.format(**path)}?{urlencode(query or {})}",
            headers={"X-Auth-Token": self.manager_token if as_manager else self.token},
            json=body,
            timeout=60,
        )
        assert answer.status_code == route.success, f"{operation}: {answer.status_code} {answer.text}"
        decoded = answer.json() if answer.content else None
        if title:
            name, _, summary = title.partition(": ")
            shown = {"name": name, "summary": summary, "path": path, "query": query or {}, "body": body}
            self.examples.setdefault(operation, []).append(shown | {"answer": decoded})
        return decoded


def made() -> dict[str, list[dict[str, Any]]]:
    """Run the service on an embedded cloud of its own and return the examples, by operation."""
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as run:
        _protect(run)
        _schedule(run)
        _look(run)
        _restore(run)
        _plan(run)
        _drill(run)
        _run_policy(run)
        _be_fresh(run)
        _remove(run)
        ordered = {name: run.examples[name] for name in _ROUTES}
    found: dict[str, list[dict[str, Any]]] = json.loads(stable(json.dumps(ordered, ensure_ascii=False)))
    for operation in ("ListPolicies", "CreatePolicy", "ShowPolicy", "UpdatePolicy"):
        for example in found[operation]:
            _in_order(example["answer"])
    for operation in ("ShowFreshness", "ListVaultFreshness", "ListResourceFreshness"):
        for example in found[operation]:
            answer = example["answer"].get("freshness", example["answer"])
            _aged(answer, parse_time(answer["counted_at"]))
    return found


def _aged(told: Any, now: datetime) -> None:
    """Give ages that fit the times that the examples tell."""
    if isinstance(told, list):
        for one in told:
            _aged(one, now)
    if not isinstance(told, dict):
        return
    for age, since in (
        ("age_seconds", "created_at"),
        ("unprotected_seconds", "unprotected_since"),
        ("oldest_unprotected_seconds", "oldest_unprotected_since"),
    ):
        if age in told:
            told[age] = age_seconds(parse_time(told[since]), now)
    for one in told.values():
        _aged(one, now)


def _in_order(answer: dict[str, Any]) -> None:
    """Give policies runs that follow the time at which the examples were made."""
    for policy in answer.get("policies", [answer.get("policy")]):
        properties = policy["trigger"]["properties"]
        properties["start_time"] = f"{EPOCH:%Y-%m-%d %H:%M:%S}"
        zone, now = properties["time_zone"], EPOCH.replace(tzinfo=UTC)
        runs = next_runs(properties["pattern"], now, start=now, time_zone=zone) if policy["enabled"] else []
        policy["next_runs"] = [wire_time(run) for run in runs]


@contextmanager
def _running(folder: Path) -> Iterator[Run]:
    timing = Timing(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    with DemoCloud(folder / "cloud", timing=timing) as cloud:
        clouds = folder / "clouds.yaml"
        clouds.touch(mode=0o600)
        clouds.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        who = cloud.account("demo")
        key = Key(*cloud.access_key("demo"), who["project_id"])
        with installed(folder, clouds, key, "db1") as installation:
            tokens = (_token(cloud, cloud.account(name)) for name in ("demo", "demo-admin"))
            yield Run(installation.url, who["project_id"], *tokens)


def _token(cloud: DemoCloud, who: dict[str, Any]) -> str:
    user = {"name": who["user_name"], "password": who["password"], "domain": {"id": "default"}}
    scope = {"project": {"id": who["project_id"]}}
    auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
    answer = requests.post(f"{cloud.auth_url}/auth/tokens", json={"auth": auth}, timeout=30)
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]


def _protect(run: Run) -> None:
    """Find the project by the region, make a vault for servers and one for disks, and back both up."""
    run.call(
        "KeystoneListProjects", "region: The project of a key, by the region", query={"name": "RegionOne"}
    )
    run.call("KeystoneListAuthDomains", "domain: The domain of a key")
    found = run.call(
        "ListProtectable", "server: The server called db1", query={"name": "db1"}, protectable_type="server"
    )
    db1 = found["instances"][0]["id"]
    run.call(
        "ListProtectable",
        "disks: The disks of that server",
        query={"server_id": db1},
        protectable_type="disk",
    )
    run.call("ShowProtectable", "server: A server with its disks", protectable_type="server", instance_id=db1)
    web1 = run.call("ListProtectable", query={"name": "web1"}, protectable_type="server")["instances"][0][
        "id"
    ]
    disk = run.call("ListProtectable", query={"name": "café-文-root"}, protectable_type="disk")["instances"][
        0
    ]["id"]
    run.call("ShowProtectable", "disk: A disk", protectable_type="disk", instance_id=disk)

    server_vault = {
        "name": "production",
        "description": "Servers of the shop",
        "billing": _billing("server", 500),
        "resources": [{"id": db1, "type": _SERVER, "name": "db1"}],
        "tags": [{"key": "stage", "value": "production"}],
    }
    vault = run.call("CreateVault", "servers: A vault with a server in it", {"vault": server_vault})["vault"][
        "id"
    ]
    run.call(
        "AddVaultResource",
        "server: Bind a server",
        {"resources": [{"id": web1, "type": _SERVER}]},
        vault_id=vault,
    )
    disk_vault = {
        "name": "single-disks",
        "billing": _billing("disk", 100),
        "resources": [{"id": disk, "type": _DISK}],
    }
    disks = run.call("CreateVault", "disks: A vault with a disk in it", {"vault": disk_vault})["vault"]["id"]

    asked = {"vault_id": vault, "parameters": {"name": "before-upgrade", "description": "Before release 12"}}
    asked["parameters"]["resources"] = [db1]
    _back_up(run, "one: Back up one server of a vault", asked)
    _back_up(
        run, "all: Back up all that a vault holds", {"vault_id": disks, "parameters": {"name": "nightly"}}
    )


def _billing(object_type: str, size: int) -> dict[str, Any]:
    wanted = {"object_type": object_type, "protect_type": "backup", "consistent_level": "crash_consistent"}
    return wanted | {"size": size}


def _back_up(run: Run, title: str, wanted: dict[str, Any]) -> None:
    name, _, _ = title.partition(": ")
    checkpoint = run.call("CreateCheckpoint", title, {"checkpoint": wanted})["checkpoint"]["id"]

    def ended() -> bool:
        shown = run.call("ShowCheckpoint", checkpoint_id=checkpoint)["checkpoint"]
        assert shown["status"] in {"protecting", "available"}, shown
        return bool(shown["status"] == "available")

    eventually(ended, f"{title} has ended")
    if name == "one":
        run.call("ShowCheckpoint", "ended: A checkpoint whose backups have ended", checkpoint_id=checkpoint)


def _schedule(run: Run) -> None:
    """Make policies, and give one to a vault."""
    daily = _policy("daily", ["FREQ=DAILY;INTERVAL=1;BYHOUR=22;BYMINUTE=00"], {"retention_duration_days": 30})
    title = "daily: Every day at 22:00 UTC, kept for thirty days"
    other = run.call("CreatePolicy", title, daily)["policy"]["id"]
    weekly = ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=02;BYMINUTE=30"]
    kept = {"max_backups": 14, "week_backups": 4, "timezone": "UTC+01:00", "full_backup_interval": 7}
    wanted = _policy("workdays", weekly, kept, time_zone="Europe/Berlin")
    title = "workdays: Each working night in local time; fourteen backups and the last of four weeks are kept"
    policy = run.call("CreatePolicy", title, wanted)["policy"]["id"]
    drills = _policy("drills", ["FREQ=WEEKLY;BYDAY=SU;BYHOUR=03;BYMINUTE=00"], {"drill_sample": 3})
    drills["policy"]["operation_type"] = "drill"
    title = "drills: Each Sunday the newest backups of three servers of each vault are tried; opencbr's own"
    drilling = run.call("CreatePolicy", title, drills)["policy"]["id"]
    vaults = {row["name"]: row["id"] for row in run.call("ListVault")["vaults"]}
    vault = vaults["production"]
    run.call("AssociateVaultPolicy", "policy: Give a vault a policy", {"policy_id": policy}, vault_id=vault)
    run.call("ShowPolicy", "workdays: A policy that a vault has", policy_id=policy)
    some = {"vault_id": vault, "limit": "10"}
    title = "vault: What a policy keeps in one of its vaults"
    run.call("ShowRetentionPreview", title, query=some, policy_id=policy)
    asked = {"vault_id": vault, "operation_definition": {"max_backups": 7}, "limit": 10}
    title = "seven: What a policy that keeps seven backups would delete in a vault"
    run.call("PreviewRetention", title, {"retention_preview": asked})
    run.call("ListPolicies", "all: Two policies, one of which a vault has")
    run.call("ListPolicies", "vault: The policy of a vault", query={"vault_id": vault})
    changed = {"policy": {"enabled": False, "operation_definition": {"max_backups": 30}}}
    run.call("UpdatePolicy", "pause: Keep more, and make no backups for now", changed, policy_id=policy)
    taken = {"policy_id": policy}
    run.call("DisassociateVaultPolicy", "policy: Take a policy from a vault", taken, vault_id=vault)
    run.call("DeletePolicy", "daily: Delete a policy", policy_id=other)
    run.call("DeletePolicy", policy_id=drilling)


def _run_policy(run: Run) -> None:
    """Run a policy that a vault has, and follow it."""
    vaults = {row["name"]: row["id"] for row in run.call("ListVault")["vaults"]}
    [policy] = [row["id"] for row in run.call("ListPolicies")["policies"]]
    run.call("AssociateVaultPolicy", "", {"policy_id": policy}, vault_id=vaults["production"])
    run.call("RunPolicy", "now: A policy whose vault has two servers", policy_id=policy)

    def ended() -> bool:
        rows = run.call("ListPolicyRuns", policy_id=policy)["runs"]
        return all(row["ended_at"] for row in rows)

    eventually(ended, "the runs have ended")
    run.call("ListPolicyRuns", "ended: What has come of them", policy_id=policy)


def _be_fresh(run: Run) -> None:
    """Ask how fresh the backups are."""
    run.call("ShowFreshness", "project: All that is bound in a project")
    run.call("ListVaultFreshness", "named: The vault of a name", query={"name": "production"})
    vaults = {row["name"]: row["id"] for row in run.call("ListVault")["vaults"]}
    title = "vault: What is bound to a vault, the longest unprotected first"
    told = run.call("ListResourceFreshness", title, query={"vault_id": vaults["production"]})
    # Two that were backed up at once come by their ids, which each run draws anew.
    told["resources"].sort(key=lambda one: (one["unprotected_since"], one["name"]))


def _policy(name: str, pattern: list[str], kept: dict[str, Any], **properties: Any) -> dict[str, Any]:
    trigger = {"properties": {"pattern": pattern, **properties}}
    policy = {"name": name, "operation_type": "backup", "operation_definition": kept, "trigger": trigger}
    return {"policy": policy}


def _look(run: Run) -> None:
    """Ask for everything that can be read."""
    vaults = {row["name"]: row["id"] for row in run.call("ListVault")["vaults"]}
    vault = vaults["production"]
    run.call("ListVault", "named: The vault of a name", query={"name": "production"})
    run.call("ShowVault", "servers: A vault with two servers", vault_id=vault)
    run.call("ShowSummary", "project: Two vaults together")
    run.call("ShowVaultTag", "servers: The tags of a vault", vault_id=vault)
    run.call("ShowVaultProjectTag", "project: The tags of all vaults")
    wanted = {"tags": [{"key": "stage", "values": ["production", "test"]}], "object_type": "server"}
    found = {"action": "filter", **wanted, "limit": "10", "offset": "0"}
    run.call("ShowVaultResourceInstances", "filter: Vaults of servers with one of two values", found)
    counted = {"action": "count", "without_any_tag": True}
    run.call("ShowVaultResourceInstances", "count: How many vaults bear no tag", counted)
    of_vault = {"vault_id": vault, "limit": "10"}
    backup = run.call("ListBackups", "vault: The newest backups of a vault", query=of_vault)["backups"][0][
        "id"
    ]
    run.call("ShowBackup", "server: The backup of a server with three disks", backup_id=backup)
    run.call(
        "ShowMetadata", "server: The backup of a server, as a member of the project sees it", backup_id=backup
    )
    disk = run.call("ListBackups", query={"vault_id": vaults["single-disks"]})["backups"][0]["id"]
    run.call("ShowMetadata", "disk: The backup of a disk", backup_id=disk)
    run.call("ShowRecord", "disk: The record of a disk's backup, its hashes made up", backup_id=disk)
    report = run.call("ShowReport", "server: How a server's record was read", backup_id=backup)["report"]
    places = next(one["places"] for one in report["documents"] if one["name"] == "server")
    offset = next(one["offset"] for one in places if one["class"] == "infrastructure")
    run.call(
        "ShowMaskedValue",
        "host: A value that a member of the project sees masked",
        query={"document": "server", "offset": str(offset)},
        as_manager=True,
        backup_id=backup,
    )
    of_vault = {"vault_id": vault, "operation_type": "backup"}
    log = run.call("ListOpLogs", "vault: The backups that were made in a vault", query=of_vault)
    run.call(
        "ShowOpLog",
        "backup: A backup that has ended well",
        operation_log_id=log["operation_logs"][0]["id"],
    )
    renamed = {"backup": {"name": "release-11"}}
    run.call("UpdateBackup", "rename: Give a backup another name", renamed, backup_id=backup)
    run.call("PinBackup", "pin: Keep a backup from what would remove it by itself", backup_id=backup)
    run.call("UnpinBackup", "unpin: Let it go by itself again", backup_id=backup)


def _restore(run: Run) -> None:
    """Restore the server's backup, whole and one disk of it."""
    vaults = {row["name"]: row["id"] for row in run.call("ListVault")["vaults"]}
    backup = run.call("ListBackups", query={"vault_id": vaults["production"]})["backups"][0]["id"]
    disk = run.call("ShowBackup", backup_id=backup)["backup"]["children"][1]
    mapping = {"backup_id": disk["id"], "volume_id": disk["resource_id"]}
    logs = []
    for title, wanted in (
        ("server: All disks of a server to where they came from", {}),
        ("disk: One disk of a server, which is left shut off", {"mappings": [mapping], "power_on": False}),
    ):
        log = run.call("RestoreBackup", title, {"restore": wanted}, backup_id=backup)["job_id"]

        def ended(log: str = log) -> bool:
            shown = run.call("ShowOpLog", operation_log_id=log)["operation_log"]
            assert shown["status"] in {"waiting", "running", "success"}, shown
            return bool(shown["status"] == "success")

        eventually(ended, f"{title} has ended")
        logs.append(log)
    run.call("ShowOpLog", "restore: A restore that has ended well", operation_log_id=log)
    run.call("ShowRestoreWayBack", "kept: A restore that can be undone", restore_job_id=log)
    undo = run.call("UndoRestore", "disk: Undo the restore of a disk", restore_job_id=log)["job_id"]

    def undone() -> bool:
        shown = run.call("ShowOpLog", operation_log_id=undo)["operation_log"]
        assert shown["status"] in {"waiting", "running", "success"}, shown
        return bool(shown["status"] == "success")

    eventually(undone, "the undoing has ended")
    run.call("ConfirmRestore", "server: Let the way back of a restore go", restore_job_id=logs[0])


def _plan(run: Run) -> None:
    """Plan the restore of the server as a new one beside it, and carry the plan out."""
    vaults = {row["name"]: row["id"] for row in run.call("ListVault")["vaults"]}
    backup = run.call("ListBackups", query={"vault_id": vaults["production"]})["backups"][0]["id"]
    plan: dict[str, Any] = run.call(
        "CreateRestorePlan", body={"restore_plan": {"as": "new_server"}}, backup_id=backup
    )["restore_plan"]
    ports = [port | {"network": "keep", "address": "new", "mac": "new"} for port in plan["mapping"]["ports"]]
    floating = [
        {"floating_ip_id": choice["member"].partition(".")[2], "address": "drop"}
        for choice in plan["choices"]
        if choice["member"].startswith("floating_ips.")
    ]
    mapping = {"name": "db1-restored", "user_data": "drop", "ports": ports, "floating_ips": floating}
    wanted = {"restore_plan": {"as": "new_server", "mapping": mapping}}
    title = "beside: A new server beside the old one, with addresses of its own; the rows are shortened"
    made = run.call("CreateRestorePlan", title, wanted, backup_id=backup)["restore_plan"]
    assert made["status"] == "ready", made["problems"]
    disk = {"restore_plan": {"as": "new_volume"}}
    several = run.call("CreateRestorePlan", body=disk, backup_id=backup)["restore_plan"]["choices"][0]
    disk["restore_plan"]["mapping"] = {"volume_id": several["options"][-1]}
    title = "volume: One disk of a server's backup as a new volume; the rows are shortened"
    assert run.call("CreateRestorePlan", title, disk, backup_id=backup)["restore_plan"]["status"] == "ready"
    place = {"restore_plan": {"as": "in_place"}}
    title = "place: The disks of a server written over, as RestoreBackup does; the rows are shortened"
    assert run.call("CreateRestorePlan", title, place, backup_id=backup)["restore_plan"]["status"] == "ready"
    run.call("ShowRestorePlan", "ready: A plan that is ready, its rows shortened", plan_id=made["id"])
    run.call("ListRestorePlans", "backup: The plans of one backup", query={"backup_id": backup})
    _plan_checkpoint(run, backup)
    for example in (*run.examples["CreateRestorePlan"], *run.examples["ShowRestorePlan"]):
        shown = example["answer"]["restore_plan"]
        shown["rows"] = [next(row for row in shown["rows"] if row["fate"] == fate) for fate in _fates(shown)]
    log = run.call("ApplyRestorePlan", "ready: Carry a plan out", plan_id=made["id"])["job_id"]

    def ended() -> bool:
        seen = run.call("ShowOpLog", operation_log_id=log)["operation_log"]
        assert seen["status"] in {"waiting", "running", "success"}, seen
        return bool(seen["status"] == "success")

    eventually(ended, "the restore as a new server has ended")


def _plan_checkpoint(run: Run, backup: str) -> None:
    """Plan the restore of all that was backed up with the server; of a checkpoint's backups one may be left out."""
    checkpoint = run.call("ShowBackup", backup_id=backup)["backup"]["checkpoint_id"]
    title = "all: Everything of a checkpoint; networks and groups that are gone are made again, once. The rows are shortened"
    run.call("CreateCheckpointRestorePlan", title, {"restore_plan": {}}, checkpoint_id=checkpoint)
    for example in run.examples["CreateCheckpointRestorePlan"]:
        plan = example["answer"]["restore_plan"]
        plan["rows"] = plan["rows"][:2]
        for one in plan["backups"]:
            one["rows"] = one["rows"][:2]


def _drill(run: Run) -> None:
    """Try the server's backup."""
    server = next(
        row for row in run.call("ListBackups")["backups"] if row["resource_type"].endswith("Server")
    )["resource_id"]
    title = "newest: Try the newest backup of a server"
    made = run.call("CreateDrill", title, {"drill": {"resource_id": server}})["drill"]["id"]

    def ended() -> bool:
        return bool(run.call("ShowDrill", drill_id=made)["drill"]["verdict"])

    eventually(ended, "the drill has ended")
    run.call("ShowDrill", "unchecked: A drill that went well, without checks of the operator", drill_id=made)
    run.call("ListDrills", "server: The drills of one server", query={"resource_id": server})


def _fates(plan: dict[str, Any]) -> list[str]:
    return [fate for fate, count in plan["counts"].items() if count]


def _remove(run: Run) -> None:
    """Change and delete what was made."""
    vaults = {row["name"]: row for row in run.call("ListVault")["vaults"]}
    vault = vaults["production"]
    _arrange(run, vault, vaults["single-disks"])
    changed = {"vault": {"billing": {"size": 800}, "auto_expand": True}}
    run.call("UpdateVault", "size: Make a vault larger", changed, vault_id=vault["id"])
    owner = {"tag": {"key": "owner", "value": "shop"}}
    run.call("CreateVaultTags", "owner: Give a vault a tag", owner, vault_id=vault["id"])
    for action, title, tags in (
        (
            "create",
            "create: Give a vault two tags",
            [{"key": "stage", "value": "live"}, {"key": "tier", "value": "1"}],
        ),
        (
            "delete",
            "delete: Take two tags off, one whatever its value is",
            [{"key": "tier", "value": "1"}, {"key": "stage"}],
        ),
    ):
        body = {"action": action, "tags": tags}
        run.call("BatchCreateAndDeleteVaultTags", title, body, vault_id=vault["id"])
    run.call("DeleteVaultTag", "owner: Take a tag off a vault", vault_id=vault["id"], key="owner")
    web1 = {"resource_ids": [vault["resources"][1]["id"]]}
    run.call("RemoveVaultResource", "server: Take a server out of its vault", web1, vault_id=vault["id"])
    backup = run.call("ListBackups", query={"vault_id": vault["id"]})["backups"][0]["id"]
    run.call("DeleteBackup", "backup: Delete a backup", backup_id=backup)
    run.call("DeleteVault", "vault: Delete a vault with its backups", vault_id=vaults["single-disks"]["id"])


def _arrange(run: Run, vault: dict[str, Any], disks: dict[str, Any]) -> None:
    """Suspend, move and set the expiry of what a vault holds, and change all vaults."""
    web1 = [vault["resources"][1]["id"]]
    suspended = {"resource_ids": web1, "action": "suspend"}
    run.call(
        "SetVaultResource", "server: Leave a server out of automatic backups", suspended, vault_id=vault["id"]
    )
    staging = {"name": "staging", "billing": _billing("server", 100), "resources": []}
    other = run.call("CreateVault", body={"vault": staging})["vault"]["id"]
    title = "server: Move a server with its backups to another vault"
    there = {"destination_vault_id": other, "resource_ids": web1}
    run.call("MigrateVaultResource", title, there, vault_id=vault["id"])
    back = {"destination_vault_id": vault["id"], "resource_ids": web1}
    run.call("MigrateVaultResource", body=back, vault_id=other)
    run.call("DeleteVault", vault_id=other)
    notice = {"vault": {"threshold": 90, "smn_notify": True}}
    run.call("BatchUpdateVault", "threshold: Another threshold for all vaults", notice)
    day = {"expect_expiration_date": "2099-01-31", "time_zone": "UTC+08:00"}
    title = "day: Keep all backups of a vault until the end of a day"
    run.call("UpdateExpirationTime", title, day, vault_id=disks["id"])
    run.call("ShowStorageUsage", "servers: What the backups of servers use", query={"resource_type": _SERVER})


def main() -> None:
    """Write the file."""
    FILE.write_text(json.dumps(made(), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
