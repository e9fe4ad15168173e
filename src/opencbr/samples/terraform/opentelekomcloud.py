"""Open Telekom Cloud's provider, opentelekomcloud/opentelekomcloud 1.36: which block sends which operation."""

from opencbr.samples.terraform.blocks import as_blocks, as_map, data, resource

_DEFINITION = "policy.operation_definition."
_VAULT_BILLING = (
    *(
        "cloud_type",
        "consistent_level",
        "object_type",
        "protect_type",
        "size",
        "charging_mode",
        "period_type",
    ),
    *("period_num", "is_auto_renew", "is_auto_pay", "console_url"),
)
_KEPT = (
    *(
        "day_backups",
        "week_backups",
        "month_backups",
        "year_backups",
        "max_backups",
        "retention_duration_days",
    ),
    "timezone",
)

BLOCKS = {
    "ListBackups": data(
        "opentelekomcloud_cbr_backup_ids_v3",
        *(
            "checkpoint_id",
            "status",
            "resource_name",
            "image_type",
            "resource_type",
            "resource_id",
            "name",
            "parent_id",
        ),
        *("resource_az", "vault_id"),
    ),
    "ShowBackup": data("opentelekomcloud_cbr_backup_v3", arguments={"backup_id": "id"}),
    "CreateVault": resource(
        "opentelekomcloud_cbr_vault_v3",
        *("vault.name", "vault.description", "vault.backup_policy_id", "vault.enterprise_project_id"),
        *("vault.auto_bind", "vault.auto_expand"),
        arguments={f"vault.billing.{name}": f"billing.{name}" for name in _VAULT_BILLING},
        lists={
            "vault.resources": as_blocks(
                "resource",
                id="id",
                type="type",
                name="name",
                extra_info__exclude_volumes="exclude_volumes",
            ),
            "vault.tags": as_map("tags"),
            "vault.bind_rules.tags": as_blocks("bind_rules", key="key", value="value"),
        },
        required=(
            "vault.name",
            "vault.billing.size",
            "vault.billing.object_type",
            "vault.billing.protect_type",
        ),
    ),
    "CreatePolicy": resource(
        "opentelekomcloud_cbr_policy_v3",
        *("policy.name", "policy.enabled", "policy.operation_type"),
        arguments={f"{_DEFINITION}{name}": f"operation_definition.{name}" for name in _KEPT}
        | {
            "policy.trigger.properties.pattern": "trigger_pattern",
            f"{_DEFINITION}destination_region": "destination_region",
            f"{_DEFINITION}destination_project_id": "destination_project_id",
        },
        required=(
            "policy.name",
            "policy.operation_type",
            "policy.trigger.properties.pattern",
            f"{_DEFINITION}timezone",
        ),
    ),
}

BY_ITSELF = {
    "CreateVault": (
        *("ShowVault", "UpdateVault", "DeleteVault", "AddVaultResource", "RemoveVaultResource"),
        *("AssociateVaultPolicy", "DisassociateVaultPolicy"),
    ),
    "CreatePolicy": ("ShowPolicy", "UpdatePolicy", "DeletePolicy"),
}
"""What no block is for, and the provider sends when the resource of another operation is read, changed or destroyed."""
