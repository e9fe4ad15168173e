"""For each operation that the server offers a request with real ids, and what must be seen afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from api.api_server import ApiServer
from api.protected_cloud import (
    children_of,
    masked_place,
    new_server,
    new_vault,
    restorable,
    restored,
    server_ref,
)

HOSTILE = 'it\'s "$HOME" `id` $(id) ${x} %s #{c} \\n \\ &?=+/~ 文 😀'
"""As hostile as a description may be."""


@dataclass
class Scenario:
    """`told` stands in the answer, whatever its form; `seen` looks at the server afterwards and says whether it is done."""

    told: str
    path: dict[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, Any], ...] = ()
    body: dict[str, Any] | None = None
    seen: Callable[[], bool] = lambda: True


def shown(cbr: ApiServer, path: str) -> Any:
    answer = cbr.call("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def name() -> str:
    return f"sample-{uuid4().hex[:12]}"


def list_vault(cbr: ApiServer) -> Scenario:
    vault = cbr.vault(name=name())
    return Scenario(vault.id, query=(("id", vault.id), ("name", vault.name), ("limit", 10)))


def show_summary(cbr: ApiServer) -> Scenario:
    return Scenario("used_size")


def create_vault(cbr: ApiServer) -> Scenario:
    called = name()
    billing = {
        "consistent_level": "crash_consistent",
        "object_type": "server",
        "protect_type": "backup",
        "size": 100,
    }
    tags = [{"key": "made_by", "value": "a-sample.文"}]
    vault = {"name": called, "description": HOSTILE, "billing": billing, "resources": [], "tags": tags}

    def seen() -> bool:
        [made] = shown(cbr, f"vaults?name={called}")["vaults"]
        return (made["description"], made["billing"]["size"], made["tags"]) == (HOSTILE, 100, tags)

    return Scenario(called, body={"vault": vault}, seen=seen)


def show_vault(cbr: ApiServer) -> Scenario:
    vault = cbr.vault(name=name())
    return Scenario(vault.name, {"vault_id": vault.id})


def update_vault(cbr: ApiServer) -> Scenario:
    vault, called = cbr.vault(), name()

    def seen() -> bool:
        found = shown(cbr, f"vaults/{vault.id}")["vault"]
        return (found["name"], found["billing"]["size"]) == (called, 200)

    body = {"vault": {"name": called, "billing": {"size": 200}}}
    return Scenario(called, {"vault_id": vault.id}, body=body, seen=seen)


def delete_vault(cbr: ApiServer) -> Scenario:
    vault = cbr.vault()

    def seen() -> bool:
        answer = cbr.call("GET", f"vaults/{vault.id}")
        return answer.status_code == 404 or answer.json()["vault"]["billing"]["status"] == "deleting"

    return Scenario("", {"vault_id": vault.id}, seen=seen)


def add_vault_resource(cbr: ApiServer) -> Scenario:
    vault, server = cbr.vault(), new_server(cbr)

    def seen() -> bool:
        bound = shown(cbr, f"vaults/{vault.id}")["vault"]["resources"]
        return [one["id"] for one in bound] == [server["id"]]

    return Scenario(server["id"], {"vault_id": vault.id}, body={"resources": [server_ref(server)]}, seen=seen)


def remove_vault_resource(cbr: ApiServer) -> Scenario:
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))

    def seen() -> bool:
        [bound] = shown(cbr, f"vaults/{vault['id']}")["vault"]["resources"]
        return bound["protect_status"] == "removing"

    return Scenario("", {"vault_id": vault["id"]}, body={"resource_ids": [server["id"]]}, seen=seen)


def set_vault_resource(cbr: ApiServer) -> Scenario:
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))

    def seen() -> bool:
        [bound] = shown(cbr, f"vaults/{vault['id']}")["vault"]["resources"]
        return bound["auto_protect"] is False

    body = {"resource_ids": [server["id"]], "action": "suspend"}
    return Scenario(server["id"], {"vault_id": vault["id"]}, body=body, seen=seen)


def migrate_vault_resource(cbr: ApiServer) -> Scenario:
    server = new_server(cbr)
    vault, other = new_vault(cbr, server_ref(server)), cbr.vault()

    def seen() -> bool:
        bound = shown(cbr, f"vaults/{other.id}")["vault"]["resources"]
        return [one["id"] for one in bound] == [server["id"]]

    body = {"destination_vault_id": other.id, "resource_ids": [server["id"]]}
    return Scenario(server["id"], {"vault_id": vault["id"]}, body=body, seen=seen)


def batch_update_vault(cbr: ApiServer) -> Scenario:
    vault = cbr.vault()

    def seen() -> bool:
        return bool(shown(cbr, f"vaults/{vault.id}")["vault"]["threshold"] == 90)

    return Scenario(vault.id, body={"vault": {"threshold": 90, "smn_notify": True}}, seen=seen)


def update_expiration_time(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault())

    def seen() -> bool:
        expires = shown(cbr, f"backups/{backup.id}")["backup"]["expired_at"]
        return bool(expires == "2099-01-31T16:00:00.000000")

    body = {"expect_expiration_date": "2099-01-31", "time_zone": "UTC+08:00"}
    return Scenario("2099-01-31", {"vault_id": backup.vault_id}, body=body, seen=seen)


def show_storage_usage(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault())
    return Scenario(backup.resource_id, query=(("resource_id", backup.resource_id), ("limit", 5)))


def keystone_list_projects(cbr: ApiServer) -> Scenario:
    return Scenario(cbr.project(), query=(("name", "RegionOne"),))


def keystone_list_auth_domains(cbr: ApiServer) -> Scenario:
    return Scenario("Default", query=(("name", "Default"),))


TAG = (("made_by", "a-sample.文"),)


def _tags(cbr: ApiServer, vault_id: str) -> Any:
    return {tag["key"]: tag["value"] for tag in shown(cbr, f"vault/{vault_id}/tags")["tags"]}


def show_vault_resource_instances(cbr: ApiServer) -> Scenario:
    vault = cbr.vault(name=name(), tags=TAG)
    wanted = {"action": "filter", "matches": [{"key": "resource_name", "value": vault.name}], "limit": "5"}
    return Scenario(vault.id, body=wanted | {"tags": [{"key": "made_by", "values": ["a-sample.文"]}]})


def show_vault_project_tag(cbr: ApiServer) -> Scenario:
    key = name()
    cbr.vault(tags=((key, "x"),))
    return Scenario(key)


def show_vault_tag(cbr: ApiServer) -> Scenario:
    key = name()
    return Scenario(key, {"vault_id": cbr.vault(tags=((key, "x"),)).id})


def create_vault_tags(cbr: ApiServer) -> Scenario:
    vault = cbr.vault()
    body = {"tag": {"key": "made_by", "value": "a-sample.文"}}
    return Scenario("", {"vault_id": vault.id}, body=body, seen=lambda: _tags(cbr, vault.id) == dict(TAG))


def batch_vault_tags(cbr: ApiServer) -> Scenario:
    vault = cbr.vault(tags=(*TAG, ("stays", "")))
    body = {"action": "delete", "tags": [{"key": "made_by", "value": "a-sample.文"}]}
    return Scenario("", {"vault_id": vault.id}, body=body, seen=lambda: _tags(cbr, vault.id) == {"stays": ""})


def delete_vault_tag(cbr: ApiServer) -> Scenario:
    vault = cbr.vault(tags=(("文_b", "x"),))
    return Scenario("", {"vault_id": vault.id, "key": "文_b"}, seen=lambda: not _tags(cbr, vault.id))


def list_protectable(cbr: ApiServer) -> Scenario:
    server = new_server(cbr)
    return Scenario(server["name"], {"protectable_type": "server"}, (("name", server["name"]), ("limit", 5)))


def show_protectable(cbr: ApiServer) -> Scenario:
    server = new_server(cbr)
    return Scenario(server["name"], {"protectable_type": "server", "instance_id": server["id"]})


def create_checkpoint(cbr: ApiServer) -> Scenario:
    vault, called = new_vault(cbr, server_ref(new_server(cbr))), name()
    parameters = {"name": called, "description": HOSTILE, "incremental": False}

    def seen() -> bool:
        [backup] = shown(cbr, f"backups?vault_id={vault['id']}")["backups"]
        return (backup["name"], backup["description"]) == (called, HOSTILE)

    body = {"checkpoint": {"vault_id": vault["id"], "parameters": parameters}}
    return Scenario(vault["id"], body=body, seen=seen)


def show_checkpoint(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault())
    return Scenario(backup.checkpoint_id, {"checkpoint_id": backup.checkpoint_id})


def list_backups(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault(), name=HOSTILE)
    return Scenario(backup.id, query=(("name", HOSTILE), ("vault_id", backup.vault_id), ("limit", 3)))


def show_backup(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault())
    return Scenario(backup.resource_id, {"backup_id": backup.id})


def restore_backup(cbr: ApiServer) -> Scenario:
    """Neither the SDK nor the OpenStack client shows the answer (trap T3)."""
    server = new_server(cbr, sizes=(1, 1))
    backup = restorable(cbr, server)
    mappings = [{"backup_id": disk, "volume_id": volume} for volume, disk in children_of(cbr, backup).items()]

    def seen() -> bool:
        [log] = shown(cbr, f"operation-logs?resource_id={server['id']}")["operation_logs"]
        return bool(log["extra_info"]["restore"]["backup_id"] == backup.id)

    body = {"restore": {"mappings": mappings, "power_on": False, "server_id": server["id"]}}
    return Scenario("", {"backup_id": backup.id}, body=body, seen=seen)


def create_restore_plan(cbr: ApiServer) -> Scenario:
    backup, called = cbr.protected(), name()
    mapping = {"name": called, "user_data": "drop"}
    return Scenario(
        called, {"backup_id": backup.id}, body={"restore_plan": {"as": "new_server", "mapping": mapping}}
    )


def _planned(cbr: ApiServer) -> Any:
    """A plan that is ready: a server beside the old one, with addresses of its own."""
    path = f"backups/{cbr.protected('café-文').id}/restore-plans"
    answer = cbr.call("POST", path, {"restore_plan": {"as": "new_server"}})
    assert answer.status_code == 200, answer.text
    return answer.json()["restore_plan"]


def create_checkpoint_restore_plan(cbr: ApiServer) -> Scenario:
    checkpoint = cbr.protected("café-文").checkpoint_id
    wanted = {"restore_plan": {"mapping": {"user_data": "drop"}}}
    return Scenario(checkpoint, {"checkpoint_id": checkpoint}, body=wanted)


def show_restore_plan(cbr: ApiServer) -> Scenario:
    plan = _planned(cbr)
    return Scenario(plan["digest"], {"plan_id": plan["id"]})


def list_restore_plans(cbr: ApiServer) -> Scenario:
    plan = _planned(cbr)
    return Scenario(plan["id"], query=(("backup_id", plan["backup_id"]),))


def create_drill(cbr: ApiServer) -> Scenario:
    backup = cbr.protected("café-文")
    return Scenario(backup.id, body={"drill": {"backup_id": backup.id}})


def _drilled(cbr: ApiServer) -> Any:
    body = {"drill": {"backup_id": cbr.protected("café-文").id}}
    return cbr.call("POST", "drills", body).json()["drill"]


def show_drill(cbr: ApiServer) -> Scenario:
    drill = _drilled(cbr)
    return Scenario(drill["backup_id"], {"drill_id": drill["id"]})


def list_drills(cbr: ApiServer) -> Scenario:
    drill = _drilled(cbr)
    return Scenario(drill["id"], query=(("backup_id", drill["backup_id"]),))


def apply_restore_plan(cbr: ApiServer) -> Scenario:
    plan = _planned(cbr)
    assert plan["status"] == "ready", plan["choices"]

    def seen() -> bool:
        backup = shown(cbr, f"backups/{plan['backup_id']}")["backup"]
        return bool(backup["status"] == "waiting_restore")

    return Scenario("job_id", {"plan_id": plan["id"]}, seen=seen)


def show_restore_way_back(cbr: ApiServer) -> Scenario:
    restore = restored(cbr, new_server(cbr))
    return Scenario(restore.id, {"restore_job_id": restore.id})


def undo_restore(cbr: ApiServer) -> Scenario:
    restore = restored(cbr, new_server(cbr))

    def seen() -> bool:
        return bool(shown(cbr, f"restores/{restore.id}/way-back")["way_back"]["status"] == "undoing")

    return Scenario("job_id", {"restore_job_id": restore.id}, seen=seen)


def confirm_restore(cbr: ApiServer) -> Scenario:
    restore = restored(cbr, new_server(cbr))

    def seen() -> bool:
        return bool(shown(cbr, f"restores/{restore.id}/way-back")["way_back"]["status"] == "confirmed")

    return Scenario("", {"restore_job_id": restore.id}, seen=seen)


def update_backup(cbr: ApiServer) -> Scenario:
    backup, called = cbr.backup(cbr.vault()), name()
    return Scenario(
        called,
        {"backup_id": backup.id},
        body={"backup": {"name": called}},
        seen=lambda: shown(cbr, f"backups/{backup.id}")["backup"]["name"] == called,
    )


def pin_backup(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault())

    def seen() -> bool:
        return "pinned_at" in shown(cbr, f"backups/{backup.id}")["backup"]["extend_info"]

    return Scenario("pinned_at", {"backup_id": backup.id}, seen=seen)


def unpin_backup(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault(), pinned_at=cbr.clock.now())

    def seen() -> bool:
        return "pinned_at" not in shown(cbr, f"backups/{backup.id}")["backup"]["extend_info"]

    return Scenario(backup.resource_id, {"backup_id": backup.id}, seen=seen)


def show_retention_preview(cbr: ApiServer) -> Scenario:
    policy, vault = new_policy(cbr), cbr.vault()
    answer = cbr.call("POST", f"vaults/{vault.id}/associatepolicy", {"policy_id": policy})
    assert answer.status_code == 200, answer.text
    backup = cbr.backup(vault)
    return Scenario(backup.resource_id, {"policy_id": policy}, query=(("vault_id", vault.id), ("limit", 10)))


def preview_retention(cbr: ApiServer) -> Scenario:
    vault = cbr.vault()
    backup = cbr.backup(vault)
    asked = {"vault_id": vault.id, "operation_definition": {"max_backups": 7}, "limit": 10}
    return Scenario(backup.resource_id, body={"retention_preview": asked})


def delete_backup(cbr: ApiServer) -> Scenario:
    backup = cbr.backup(cbr.vault())

    def seen() -> bool:
        logs = shown(cbr, f"operation-logs?resource_id={backup.resource_id}")["operation_logs"]
        return [log["operation_type"] for log in logs] == ["delete"]

    return Scenario("", {"backup_id": backup.id}, seen=seen)


def show_metadata(cbr: ApiServer) -> Scenario:
    backup = cbr.protected()
    return Scenario(backup.id, {"backup_id": backup.id})


def new_policy(cbr: ApiServer) -> str:
    """Make a policy, in the place of the one before: a project has 32 at most."""
    for one in shown(cbr, "policies")["policies"]:
        assert cbr.call("DELETE", f"policies/{one['id']}").status_code == 204
    trigger = {"properties": {"pattern": ["FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=02;BYMINUTE=30"]}}
    policy = {"name": name(), "operation_type": "backup", "operation_definition": {}, "trigger": trigger}
    answer = cbr.call("POST", "policies", {"policy": policy})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["policy"]["id"])


def list_policies(cbr: ApiServer) -> Scenario:
    return Scenario(new_policy(cbr), query=(("operation_type", "backup"),))


def create_policy(cbr: ApiServer) -> Scenario:
    new_policy(cbr)
    called, pattern = name(), ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30"]
    policy = {"name": called, "operation_type": "backup", "operation_definition": {"max_backups": 7}}

    def seen() -> bool:
        [made] = [one for one in shown(cbr, "policies")["policies"] if one["name"] == called]
        kept = made["operation_definition"].get("max_backups")
        return (made["trigger"]["properties"]["pattern"], kept) == (pattern, 7)

    body = {"policy": policy | {"trigger": {"properties": {"pattern": pattern}}}}
    return Scenario(called, body=body, seen=seen)


def show_policy(cbr: ApiServer) -> Scenario:
    policy = new_policy(cbr)
    return Scenario("MO,TH", {"policy_id": policy})


def update_policy(cbr: ApiServer) -> Scenario:
    policy, called = new_policy(cbr), name()
    return Scenario(
        called,
        {"policy_id": policy},
        body={"policy": {"name": called, "operation_definition": {"retention_duration_days": 30}}},
        seen=lambda: shown(cbr, f"policies/{policy}")["policy"]["name"] == called,
    )


def delete_policy(cbr: ApiServer) -> Scenario:
    policy = new_policy(cbr)
    return Scenario(
        "",
        {"policy_id": policy},
        seen=lambda: cbr.call("GET", f"policies/{policy}").status_code == 404,
    )


def associate_vault_policy(cbr: ApiServer) -> Scenario:
    policy, vault = new_policy(cbr), cbr.vault().id
    return Scenario(
        policy,
        {"vault_id": vault},
        body={"policy_id": policy},
        seen=lambda: shown(cbr, f"policies?vault_id={vault}")["count"] == 1,
    )


def disassociate_vault_policy(cbr: ApiServer) -> Scenario:
    policy, vault = new_policy(cbr), cbr.vault().id
    answer = cbr.call("POST", f"vaults/{vault}/associatepolicy", {"policy_id": policy})
    assert answer.status_code == 200, answer.text
    return Scenario(
        "",
        {"vault_id": vault},
        body={"policy_id": policy},
        seen=lambda: shown(cbr, f"policies?vault_id={vault}")["count"] == 0,
    )


def _bound_policy(cbr: ApiServer) -> tuple[str, str]:
    """A policy of a vault, and the server in it."""
    policy, server = new_policy(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    answer = cbr.call("POST", f"vaults/{vault['id']}/associatepolicy", {"policy_id": policy})
    assert answer.status_code == 200, answer.text
    return policy, str(server["id"])


def run_policy(cbr: ApiServer) -> Scenario:
    policy, server = _bound_policy(cbr)
    return Scenario(
        server,
        {"policy_id": policy},
        seen=lambda: shown(cbr, f"policies/{policy}/runs")["runs"][0]["trigger"] == "request",
    )


def list_policy_runs(cbr: ApiServer) -> Scenario:
    policy, server = _bound_policy(cbr)
    assert cbr.call("POST", f"policies/{policy}/run").status_code == 202
    return Scenario(server, {"policy_id": policy}, query=(("status", "waiting"),))


def show_freshness(cbr: ApiServer) -> Scenario:
    return Scenario("oldest_unprotected_seconds")


def list_vault_freshness(cbr: ApiServer) -> Scenario:
    vault = cbr.vault().id
    return Scenario(vault, query=(("vault_id", vault),))


def list_resource_freshness(cbr: ApiServer) -> Scenario:
    _, server = _bound_policy(cbr)
    return Scenario(server, query=(("resource_id", server), ("has_backup", "false")))


def list_op_logs(cbr: ApiServer) -> Scenario:
    return Scenario(cbr.log().id)


def show_op_log(cbr: ApiServer) -> Scenario:
    log = cbr.log()
    return Scenario(log.provider_id or log.operation_type, {"operation_log_id": log.id})


def show_record(cbr: ApiServer) -> Scenario:
    return Scenario("manifest", {"backup_id": cbr.protected().id})


def show_report(cbr: ApiServer) -> Scenario:
    return Scenario("verdict", {"backup_id": cbr.protected().id})


def show_masked_value(cbr: ApiServer) -> Scenario:
    backup = cbr.protected()
    document, offset = masked_place(cbr, backup)
    return Scenario("class", {"backup_id": backup.id}, (("document", document), ("offset", offset)))


SCENARIOS: dict[str, Callable[[ApiServer], Scenario]] = {
    "ListVault": list_vault,
    "ShowSummary": show_summary,
    "CreateVault": create_vault,
    "ShowVault": show_vault,
    "UpdateVault": update_vault,
    "DeleteVault": delete_vault,
    "AddVaultResource": add_vault_resource,
    "RemoveVaultResource": remove_vault_resource,
    "ShowVaultResourceInstances": show_vault_resource_instances,
    "ShowVaultProjectTag": show_vault_project_tag,
    "ShowVaultTag": show_vault_tag,
    "CreateVaultTags": create_vault_tags,
    "BatchCreateAndDeleteVaultTags": batch_vault_tags,
    "DeleteVaultTag": delete_vault_tag,
    "AssociateVaultPolicy": associate_vault_policy,
    "DisassociateVaultPolicy": disassociate_vault_policy,
    "SetVaultResource": set_vault_resource,
    "MigrateVaultResource": migrate_vault_resource,
    "BatchUpdateVault": batch_update_vault,
    "UpdateExpirationTime": update_expiration_time,
    "ShowStorageUsage": show_storage_usage,
    "ListProtectable": list_protectable,
    "ShowProtectable": show_protectable,
    "CreateCheckpoint": create_checkpoint,
    "ShowCheckpoint": show_checkpoint,
    "ListBackups": list_backups,
    "ShowBackup": show_backup,
    "RestoreBackup": restore_backup,
    "CreateRestorePlan": create_restore_plan,
    "CreateCheckpointRestorePlan": create_checkpoint_restore_plan,
    "ListRestorePlans": list_restore_plans,
    "ShowRestorePlan": show_restore_plan,
    "ApplyRestorePlan": apply_restore_plan,
    "ShowRestoreWayBack": show_restore_way_back,
    "UndoRestore": undo_restore,
    "ConfirmRestore": confirm_restore,
    "CreateDrill": create_drill,
    "ListDrills": list_drills,
    "ShowDrill": show_drill,
    "UpdateBackup": update_backup,
    "DeleteBackup": delete_backup,
    "PinBackup": pin_backup,
    "UnpinBackup": unpin_backup,
    "ShowRetentionPreview": show_retention_preview,
    "PreviewRetention": preview_retention,
    "ShowMetadata": show_metadata,
    "ListPolicies": list_policies,
    "CreatePolicy": create_policy,
    "ShowPolicy": show_policy,
    "UpdatePolicy": update_policy,
    "DeletePolicy": delete_policy,
    "RunPolicy": run_policy,
    "ListPolicyRuns": list_policy_runs,
    "ShowFreshness": show_freshness,
    "ListVaultFreshness": list_vault_freshness,
    "ListResourceFreshness": list_resource_freshness,
    "ListOpLogs": list_op_logs,
    "ShowOpLog": show_op_log,
    "ShowRecord": show_record,
    "ShowReport": show_report,
    "ShowMaskedValue": show_masked_value,
    "KeystoneListProjects": keystone_list_projects,
    "KeystoneListAuthDomains": keystone_list_auth_domains,
}
