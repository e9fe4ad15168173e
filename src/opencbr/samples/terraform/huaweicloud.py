"""The vendor's provider, huaweicloud/huaweicloud 1.7x and later: which block sends which operation."""

from typing import Any

from opencbr.model import statuses
from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.terraform import huaweicloud_policies
from opencbr.samples.terraform.blocks import as_blocks, as_map, data, resource
from opencbr.samples.terraform.hcl import Body

_KINDS = {"OS::Nova::Server": "server_id", "OS::Cinder::Volume": "includes"}


def _vault_resources(body: Body, items: list[dict[str, Any]]) -> None:
    """Write what is bound to a vault: a block for each server, one block for all disks."""
    disks = []
    for item in items:
        extra = item.get("extra_info", {})
        if (
            item.get("type") not in _KINDS
            or "id" not in item
            or item.keys() - {"id", "type", "name", "extra_info"}
            or extra.keys() - _EXCLUDED
        ):
            raise NotAvailable("The provider's resources are servers with excluded disks, or disks.")
        if item["type"] == "OS::Cinder::Volume":
            disks.append(item["id"])
            continue
        excludes = {"excludes": extra["exclude_volumes"]} if "exclude_volumes" in extra else {}
        body.blocks.append(("resources", Body({"server_id": item["id"], **excludes})))
    if disks:
        body.blocks.append(("resources", Body({"includes": disks})))


_EXCLUDED = {"exclude_volumes"}
_PRODUCT = ("product_id", "resource_size", "resource_size_measure_id", "resource_spec_code")


def _is_member(call: Call) -> None:
    if call.path_values.get("member_id") != call.project_id:
        raise NotAvailable("The provider accepts only for the project that it signs in to.")


def _one_backup(body: Body, items: list[dict[str, Any]]) -> None:
    if len(items) != 1:
        raise NotAvailable("The provider synchronizes one backup a resource.")
    body.arguments |= items[0]


_TAGS = {
    name: as_blocks(name, key="key", values="values")
    for name in ("tags", "tags_any", "not_tags", "not_tags_any", "sys_tags")
}

BLOCKS = huaweicloud_policies.BLOCKS | {
    "ListVault": data(
        "huaweicloud_cbr_vaults",
        *("name", "policy_id", "enterprise_project_id", "status"),
        arguments={"object_type": "type", "protect_type": "protection_type"},
    ),
    "ListExternalVault": data(
        "huaweicloud_cbr_external_vaults",
        *("external_project_id", "region_id", "cloud_type", "protect_type", "vault_id"),
    ),
    "ShowSummary": data("huaweicloud_cbr_vaults_summary"),
    "ShowVaultResourceInstances": data(
        "huaweicloud_cbr_vaults_by_tags",
        *("action", "without_any_tag", "cloud_type", "object_type"),
        lists=_TAGS | {"matches": as_blocks("matches", key="key", value="value")},
        required=("action",),
    ),
    "ShowVaultProjectTag": data("huaweicloud_cbr_tags", extra={"resource_type": "vault"}),
    "ListBackups": data(
        "huaweicloud_cbr_backups",
        *(
            "checkpoint_id",
            "dec",
            "end_time",
            "enterprise_project_id",
            "image_type",
            "incremental",
            "member_status",
        ),
        *("name", "own_type", "parent_id", "resource_az", "resource_id", "resource_name", "resource_type"),
        *("show_replication", "sort", "start_time", "status", "used_percent", "vault_id"),
    ),
    "ShowBackup": data("huaweicloud_cbr_backup", arguments={"backup_id": "id"}),
    "ShowMetadata": data("huaweicloud_cbr_backup_metadata", "backup_id"),
    "ListPolicies": data("huaweicloud_cbr_policies", "vault_id", arguments={"operation_type": "type"}),
    "ListOpLogs": data(
        "huaweicloud_cbr_operation_logs",
        *(
            "end_time",
            "enterprise_project_id",
            "operation_type",
            "provider_id",
            "resource_id",
            "resource_name",
        ),
        *("start_time", "status", "vault_id", "vault_name"),
    ),
    "ListProtectable": data(
        "huaweicloud_cbr_protectable_instances",
        *("protectable_type", "name", "server_id", "status"),
        arguments={"id": "resource_id"},
    ),
    "ShowReplicationCapabilities": data("huaweicloud_cbr_replication_capabilities"),
    "ShowStorageUsage": data("huaweicloud_cbr_storage_usages", "resource_id", "resource_type"),
    "ListFeatures": data("huaweicloud_cbr_features"),
    "ShowFeature": data("huaweicloud_cbr_feature", "feature_key"),
    "ShowMigrateStatus": data("huaweicloud_cbr_migrate_status", "all_regions"),
    "ListProjects": data("huaweicloud_cbr_region_projects"),
    "CheckAgent": data(
        "huaweicloud_cbr_agent_checks",
        lists={
            "agent_status": as_blocks(
                "agent_status",
                resource_id="resource_id",
                resource_type="resource_type",
                resource_name="resource_name",
            )
        },
    ),
    "CreateVault": resource(
        "huaweicloud_cbr_vault",
        *(
            "vault.name",
            "vault.enterprise_project_id",
            "vault.auto_bind",
            "vault.auto_expand",
            "vault.locked",
        ),
        *("vault.backup_name_prefix", "vault.billing.size", "vault.billing.consistent_level"),
        *("vault.billing.cloud_type", "vault.billing.is_multi_az"),
        arguments={
            "vault.billing.object_type": "type",
            "vault.billing.protect_type": "protection_type",
            "vault.backup_policy_id": "policy.id",
        },
        lists={
            "vault.resources": _vault_resources,
            "vault.tags": as_map("tags"),
            "vault.bind_rules.tags": as_map("bind_rules"),
        },
        implied={"vault.billing.charging_mode": "post_paid", "vault.resources": []},
        required=(
            "vault.name",
            "vault.billing.size",
            "vault.billing.object_type",
            "vault.billing.protect_type",
        ),
    ),
    "BatchUpdateVault": resource("huaweicloud_cbr_batch_update_vault", "vault.smn_notify", "vault.threshold"),
    "SetVaultResource": resource("huaweicloud_cbr_vault_set_resource", "vault_id", "resource_ids", "action"),
    "MigrateVaultResource": resource(
        "huaweicloud_cbr_vault_migrate_resources", "vault_id", "destination_vault_id", "resource_ids"
    ),
    "CreateCheckpoint": resource(
        "huaweicloud_cbr_checkpoint",
        *("checkpoint.vault_id", "checkpoint.parameters.name", "checkpoint.parameters.description"),
        "checkpoint.parameters.incremental",
        lists={"checkpoint.parameters.resource_details": as_blocks("backups", id="resource_id", type="type")},
        required=("checkpoint.parameters.name", "checkpoint.parameters.resource_details"),
    ),
    "ImportCheckpoint": resource("huaweicloud_cbr_checkpoint_sync", "sync.vault_id", "sync.auto_trigger"),
    "ImportBackup": resource("huaweicloud_cbr_backup_sync", lists={"sync": _one_backup}, required=("sync",)),
    "AddMember": resource(
        "huaweicloud_cbr_backup_share",
        "backup_id",
        lists={
            "members": lambda body, ids: body.blocks.extend(
                ("members", Body({"dest_project_id": one})) for one in ids
            )
        },
        required=("members",),
    ),
    "UpdateMemberStatus": resource(
        "huaweicloud_cbr_backup_share_accepter",
        *("backup_id", "vault_id"),
        lists={"member_id": lambda _body, _project: None},
        implied={"status": statuses.ACCEPTED},
        required=("vault_id",),
        check=_is_member,
    ),
    "CopyCheckpoint": resource(
        "huaweicloud_cbr_checkpoint_copy",
        *("replicate.vault_id", "replicate.destination_project_id", "replicate.destination_region"),
        *("replicate.destination_vault_id", "replicate.auto_trigger", "replicate.enable_acceleration"),
    ),
    "UpdateBackup": resource("huaweicloud_cbr_update_backup", "backup_id", "backup.name"),
    "CopyBackup": resource(
        "huaweicloud_cbr_replicate_backup",
        "backup_id",
        arguments={
            f"replicate.{name}": f"replicate.{name}"
            for name in (
                *(
                    "destination_project_id",
                    "destination_region",
                    "destination_vault_id",
                    "name",
                    "description",
                ),
                "enable_acceleration",
            )
        },
    ),
    "RestoreBackup": resource(
        "huaweicloud_cbr_restore",
        *("backup_id", "restore.power_on", "restore.server_id", "restore.volume_id", "restore.resource_id"),
        lists={"restore.mappings": as_blocks("mappings", backup_id="backup_id", volume_id="volume_id")},
    ),
    "ChangeVaultChargeMode": resource(
        "huaweicloud_cbr_vault_change_charge_mode",
        *("vault_ids", "charging_mode", "period_type", "period_num", "is_auto_renew"),
    ),
    "ChangeOrder": resource(
        "huaweicloud_cbr_change_order",
        *("resource_id", "promotion_info", "cloud_service_console_url"),
        arguments={f"product_info.{name}": f"product_info.{name}" for name in _PRODUCT},
        implied={"is_auto_pay": True},
        required=("resource_id", *(f"product_info.{name}" for name in _PRODUCT)),
    ),
    "MigrateDomain": resource("huaweicloud_cbr_migrate", "all_regions", "reservation"),
}

BY_ITSELF = {
    "CreateVault": (
        *("ShowVault", "UpdateVault", "DeleteVault", "AddVaultResource", "RemoveVaultResource"),
        *("DisassociateVaultPolicy", "BatchCreateAndDeleteVaultTags"),
    ),
    "CreatePolicy": ("ShowPolicy", "UpdatePolicy", "DeletePolicy"),
    "CreateCheckpoint": ("ShowCheckpoint", "DeleteBackup"),
    "AddMember": ("ShowMembersDetail", "DeleteMember"),
    "RestoreBackup": ("ShowOpLog",),
    "CreateOrganizationPolicy": (
        *("ListOrganizationPolicies", "ShowOrganizationPolicy", "UpdateOrganizationPolicy"),
        "DeleteOrganizationPolicy",
    ),
}
"""What no block is for, and the provider sends when the resource of another operation is read, changed or destroyed."""
