"""Terraform's resources and data sources in whole lives, played call by call, the worker's jobs in between (contract 10.1)."""

from collections.abc import Iterator
from typing import Any

import pytest

from .api_server import ApiServer
from .protected_cloud import new_server
from .terraform import Checkpoint, HuaweiVault, OtcVault, Plan, State, Terraform, restore
from .test_policies import new_policy, room

HUAWEI: State = {
    "name": "tf-vault",
    "cloud_type": "public",
    "type": "server",
    "protection_type": "backup",
    "consistent_level": "crash_consistent",
    "size": 200,
    "auto_expand": False,
    "auto_bind": False,
    "bind_rules": {},
    "enterprise_project_id": "0",
    "backup_name_prefix": "tf",
    "locked": False,
    "is_multi_az": False,
    "resources": {},
    "policy": [],
    "tags": {},
}
OTC: State = {
    "name": "otc-vault",
    "description": "by Terraform",
    "cloud_type": "public",
    "object_type": "server",
    "protect_type": "backup",
    "consistent_level": "crash_consistent",
    "charging_mode": "post_paid",
    "size": 100,
    "enterprise_project_id": "0",
    "auto_bind": False,
    "auto_expand": False,
    "resources": {},
    "policy": "",
    "tags": {},
}


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


@pytest.fixture(name="terraform")
def _terraform(cbr: ApiServer) -> Terraform:
    return Terraform(cbr)


def policy_of(cbr: ApiServer) -> str:
    return str(new_policy(cbr, enabled=False)["id"])


def test_the_life_of_a_vault_with_tags_and_a_policy_by_huaweicloud(cbr: ApiServer, terraform: Terraform):
    """Each answer has the one status, and the types, that the provider takes (traps T2, T6, T20 and T28).

    A vault is made without resources, which are bound after it (trap T18).
    """
    server, second = new_server(cbr, sizes=(1, 1)), new_server(cbr)
    first, other = policy_of(cbr), policy_of(cbr)
    vault = Plan(HuaweiVault(terraform))
    old = vault.apply(
        **HUAWEI
        | {"resources": {server["id"]: server["disks"][1:]}, "policy": [first]}
        | {"tags": {"foo": "bar", "empty": ""}, "bind_rules": {"kind": "none-has-it"}}
    )
    Plan(Checkpoint(terraform)).apply(vault_id=old, incremental=False, servers=[server["id"]])
    vault.refresh()  # its backup is no drift
    vault.apply(name="tf-vault-2", size=300, auto_expand=True, bind_rules={})
    vault.apply(tags={"foo": "changed", "workload": "test.1"}, policy=[other])
    vault.apply(resources={server["id"]: [], second["id"]: []})  # the backups go with the binding
    assert terraform.every(f"backups?vault_id={old}", "backups") == []
    other_vault = Plan(HuaweiVault(terraform))
    other_vault.apply(**HUAWEI | {"name": "tf-other"})
    # The resources vault_set_resource and vault_migrate_resources, beside it.
    body = {"resource_ids": [second["id"]], "action": "suspend"}
    terraform.ask("PUT", f"vaults/{old}/set-resources", body)
    vault.refresh()
    for source, destination in ((vault, other_vault), (other_vault, vault)):
        body = {"resource_ids": [second["id"]], "destination_vault_id": destination.id}
        moved = terraform.ask("POST", f"vaults/{source.id}/migrateresources", body)
        assert moved == {"migrated_resources": [second["id"]]}
    vault.refresh()
    other_vault.refresh()
    other_vault.destroy()
    vault.apply(policy=[], tags={}, resources={server["id"]: []})
    vault.apply(policy=[first], tags={"foo": "bar"})
    Plan(Checkpoint(terraform)).apply(vault_id=old, incremental=False, servers=[server["id"]])
    new = vault.apply(consistent_level="app_consistent")  # replaced: the old one goes with its backup
    assert new != old
    assert terraform.gone(f"vaults/{old}")
    imported = Plan(HuaweiVault(terraform), new)
    assert imported.state == vault.state
    imported.destroy()
    assert terraform.gone(f"vaults/{new}")
    assert terraform.ask("GET", f"policies/{first}")["policy"]["associated_vaults"] == []


def test_the_life_of_a_vault_by_opentelekomcloud(cbr: ApiServer, terraform: Terraform):
    server, second = new_server(cbr, sizes=(1, 1)), new_server(cbr)
    first, other = policy_of(cbr), policy_of(cbr)
    vault = Plan(OtcVault(terraform))
    bound = {server["id"]: server["disks"][1:]}
    old = vault.apply(**OTC | {"policy": first, "tags": {"foo": "bar"}, "resources": bound})
    vault.apply(name="otc-vault-2", size=120, auto_expand=True)
    vault.apply(resources=bound | {second["id"]: []}, policy=other)
    vault.apply(resources=bound, policy="")
    vault.apply(policy=first)
    new = vault.apply(tags={"foo": "changed"})  # replaced: the new one binds while the old one still goes
    assert new != old
    terraform.wait("the old vault is gone", lambda: terraform.gone(f"vaults/{old}"))
    imported = Plan(OtcVault(terraform), new)
    assert imported.state == vault.state
    imported.destroy()
    terraform.wait("the vault is gone", lambda: terraform.gone(f"vaults/{new}"))


@pytest.mark.thorough
def test_the_lives_of_checkpoints_and_a_restore_and_all_that_data_sources_read(
    cbr: ApiServer, terraform: Terraform
):
    server, second = new_server(cbr, sizes=(1, 1)), new_server(cbr)
    tags = {"tf_data": server["id"][:8]}
    vault = Plan(HuaweiVault(terraform))
    policy = policy_of(cbr)
    bound = {one["id"]: [] for one in (server, second)}
    id_ = vault.apply(**HUAWEI | {"resources": bound, "tags": tags, "policy": [policy], "name": "tf-read"})
    full, later = (Plan(Checkpoint(terraform)) for _ in range(2))
    full.apply(vault_id=id_, incremental=False, servers=sorted(bound))
    later.apply(vault_id=id_, incremental=True, servers=[server["id"]])
    (row,) = terraform.every(f"backups?checkpoint_id={later.id}", "backups")
    backup = terraform.ask("GET", f"backups/{row['id']}")["backup"]
    mappings = [{"backup_id": child["id"], "volume_id": child["resource_id"]} for child in backup["children"]]
    log = restore(terraform, backup["id"], server_id=server["id"], mappings=mappings)
    for one in (vault, full, later):
        one.refresh()  # a restore is no drift
    _data_sources(terraform, vault, backup, log, server=server, policy=policy)
    later.destroy()
    full.destroy()
    vault.destroy()


def _data_sources(
    terraform: Terraform,
    vault: Plan,
    backup: dict[str, Any],
    log: dict[str, Any],
    *,
    server: dict[str, Any],
    policy: str,
) -> None:
    """Each reads what was made, by its filters, and what it reads is of Go's types."""
    id_, checkpoint = vault.id, backup["checkpoint_id"]
    terraform_lists = {
        f"vaults?cloud_type=public&name=tf-read&id={id_}&policy_id={policy}": ("vaults", [id_]),  # trap T16
        "vaults?cloud_type=public&name=tf-read&object_type=server&protect_type=backup&status=available": (
            "vaults",
            [id_],
        ),
        f"policies?operation_type=backup&vault_id={id_}": ("policies", [policy]),
        f"backups?checkpoint_id={checkpoint}&incremental=true&status=available&sort=created_at:desc": (
            "backups",
            [backup["id"]],
        ),
        f"backups?vault_id={id_}&resource_id={server['id']}&resource_type=OS::Nova::Server&name=tf-checkpoint"
        f"&image_type=backup&own_type=private&show_replication=true&incremental=true": (
            "backups",
            [backup["id"]],
        ),
        f"operation-logs?vault_id={id_}&operation_type=restore&status=success&resource_id={server['id']}": (
            "operation_logs",
            [log["id"]],
        ),
    }
    for path, (name, ids) in terraform_lists.items():
        assert [one["id"] for one in terraform.every(path, name)] == ids, path
    (one,) = terraform.every(f"vaults?cloud_type=public&id={id_}", "vaults")
    assert (one["smn_notify"], one["threshold"]) == (True, 80)  # trap T28
    (one,) = terraform.every(f"backups?checkpoint_id={checkpoint}", "backups")
    read = ("incremental", "version", "updated_at", "protected_at", "extend_info", "provider_id")
    assert all(one[name] is not None for name in read)  # trap T28
    assert one["children"] == []  # only the backup's own data source has them
    assert {type(backup["extend_info"][name]) for name in ("auto_trigger", "contain_system_disk")} == {bool}
    for child in backup["children"]:
        told = ("auto_trigger", "bootable", "encrypted", "support_lld", "system_disk")
        assert {type(child["extend_info"][name]) for name in told} == {bool}
    (usage,) = terraform.ask("GET", f"storage_usage?resource_id={server['id']}")["storage_usage"]
    assert (usage["backup_count"], usage["resource_name"]) == (2, server["name"])
    summary = terraform.ask("GET", "vaults/summary")  # unenveloped (trap T28)
    assert summary["size"] >= vault.state["size"]
    metadata = terraform.ask("GET", f"backups/{backup['id']}/metadata")
    assert type(metadata["server"]) is str  # trap T1
    rows = terraform.ask("GET", f"protectables/server/instances?id={server['id']}&limit=50")["instances"]
    assert [one["id"] for one in rows] == [server["id"]]
    tags = vault.state["tags"]
    wanted = {"tags": [{"key": key, "values": [value]} for key, value in tags.items()]}
    for action, what in (("filter", "resources"), ("count", "total_count")):
        body = wanted | {"action": action} | ({"limit": "1000", "offset": "0"} if action == "filter" else {})
        found = terraform.ask("POST", "vault/resource_instances/action", body)[what]
        assert found == 1 or [one["resource_id"] for one in found] == [id_]
    every = {one["key"]: one["values"] for one in terraform.ask("GET", "vault/tags")["tags"]}
    assert every["tf_data"] == [tags["tf_data"]]
