"""Every operation of CBR v3: its chapter, method, path and the status of a good answer (contract/operations.json).

A route takes these facts from here, and what no route offers yet is reserved: its path never stands for an id, and
whoever calls it is told by name that it is not offered.
"""

from opencbr.api.route import Operation

_PROJECT = "/v3/{project_id}/"

_CHAPTERS: dict[str, tuple[tuple[str, str, str] | tuple[str, str, str, int], ...]] = {
    "Vault": (
        ("ListVault", "GET", "vaults"),
        ("CreateVault", "POST", "vaults"),
        ("BatchUpdateVault", "PUT", "vaults/batch-update"),
        ("ListExternalVault", "GET", "vaults/external"),
        ("ShowSummary", "GET", "vaults/summary"),
        ("ShowVault", "GET", "vaults/{vault_id}"),
        ("UpdateVault", "PUT", "vaults/{vault_id}"),
        ("DeleteVault", "DELETE", "vaults/{vault_id}", 204),
        ("AddVaultResource", "POST", "vaults/{vault_id}/addresources"),
        ("AssociateVaultPolicy", "POST", "vaults/{vault_id}/associatepolicy"),
        ("DisassociateVaultPolicy", "POST", "vaults/{vault_id}/dissociatepolicy"),
        ("MigrateVaultResource", "POST", "vaults/{vault_id}/migrateresources"),
        ("RemoveVaultResource", "POST", "vaults/{vault_id}/removeresources"),
        ("SetVaultResource", "PUT", "vaults/{vault_id}/set-resources"),
        ("UpdateExpirationTime", "PUT", "vaults/{vault_id}/update-backup-expiration-time"),
    ),
    "Checkpoint": (
        ("CreateCheckpoint", "POST", "checkpoints"),
        ("CopyCheckpoint", "POST", "checkpoints/replicate"),
        ("ImportCheckpoint", "POST", "checkpoints/sync"),
        ("ShowCheckpoint", "GET", "checkpoints/{checkpoint_id}"),
    ),
    "Backup": (
        ("ListBackups", "GET", "backups"),
        ("ImportBackup", "POST", "backups/sync"),
        ("ShowBackup", "GET", "backups/{backup_id}"),
        ("UpdateBackup", "PUT", "backups/{backup_id}"),
        ("DeleteBackup", "DELETE", "backups/{backup_id}", 204),
        ("ShowMetadata", "GET", "backups/{backup_id}/metadata"),
        ("CopyBackup", "POST", "backups/{backup_id}/replicate"),
        ("RestoreBackup", "POST", "backups/{backup_id}/restore", 202),
    ),
    "Member": (
        ("ShowMembersDetail", "GET", "backups/{backup_id}/members"),
        ("AddMember", "POST", "backups/{backup_id}/members"),
        ("ShowMemberDetail", "GET", "backups/{backup_id}/members/{member_id}"),
        ("UpdateMemberStatus", "PUT", "backups/{backup_id}/members/{member_id}"),
        ("DeleteMember", "DELETE", "backups/{backup_id}/members/{member_id}", 204),
    ),
    "Policy": (
        ("ListPolicies", "GET", "policies"),
        ("CreatePolicy", "POST", "policies"),
        ("ShowPolicy", "GET", "policies/{policy_id}"),
        ("UpdatePolicy", "PUT", "policies/{policy_id}"),
        ("DeletePolicy", "DELETE", "policies/{policy_id}", 204),
    ),
    "Task": (
        ("ListOpLogs", "GET", "operation-logs"),
        ("ShowOpLog", "GET", "operation-logs/{operation_log_id}"),
    ),
    "Protectable": (
        ("CheckAgent", "POST", "agent/check"),
        ("ListProtectable", "GET", "protectables/{protectable_type}/instances"),
        ("ShowProtectable", "GET", "protectables/{protectable_type}/instances/{instance_id}"),
    ),
    "Replication": (("ShowReplicationCapabilities", "GET", "replication-capabilities"),),
    "Tag": (
        ("ShowVaultResourceInstances", "POST", "vault/resource_instances/action"),
        ("ShowVaultProjectTag", "GET", "vault/tags"),
        ("ShowVaultTag", "GET", "vault/{vault_id}/tags"),
        ("CreateVaultTags", "POST", "vault/{vault_id}/tags", 204),
        ("BatchCreateAndDeleteVaultTags", "POST", "vault/{vault_id}/tags/action", 204),
        ("DeleteVaultTag", "DELETE", "vault/{vault_id}/tags/{key}", 204),
    ),
    "StorageUsage": (("ShowStorageUsage", "GET", "storage_usage"),),
    "OrganizationPolicy": (
        ("ListOrganizationPolicies", "GET", "organization-policies"),
        ("CreateOrganizationPolicy", "POST", "organization-policies"),
        ("ShowOrganizationPolicy", "GET", "organization-policies/{organization_policy_id}"),
        ("UpdateOrganizationPolicy", "PUT", "organization-policies/{organization_policy_id}"),
        ("DeleteOrganizationPolicy", "DELETE", "organization-policies/{organization_policy_id}", 204),
        (
            "ListOrganizationPolicyDetail",
            "GET",
            "organization-policies/{organization_policy_id}/policy-detail",
        ),
    ),
    "Agent": (
        ("ListAgent", "GET", "agents"),
        ("RegisterAgent", "POST", "agents"),
        ("ShowAgent", "GET", "agents/{agent_id}"),
        ("UpdateAgent", "PUT", "agents/{agent_id}"),
        ("UnregisterAgent", "DELETE", "agents/{agent_id}"),
        ("AddAgentPath", "POST", "agents/{agent_id}/add-path"),
        ("RemoveAgentPath", "POST", "agents/{agent_id}/remove-path"),
    ),
    "Feature": (
        ("ListFeatures", "GET", "cbr-features"),
        ("ShowFeature", "GET", "cbr-features/{feature_key}"),
    ),
    "Order": (
        ("ChangeOrder", "POST", "orders/change"),
        ("UpdateOrder", "PUT", "orders/{order_id}"),
        ("ChangeVaultChargeMode", "POST", "vaults/change-charge-mode"),
        ("CreatePostPaidVault", "POST", "vaults/order"),
    ),
    "Migration": (
        ("ListDomainProjects", "GET", "/v3/domain/{domain_name}/projects"),
        ("ShowDomain", "GET", "/v3/domain/{source_project_id}"),
        ("ShowMigrateStatus", "GET", "/v3/migrates"),
        ("MigrateDomain", "POST", "/v3/migrates"),
        ("ListProjects", "GET", "/v3/region-projects"),
    ),
}
"""Chapter -> name, method, path and, unless it is 200, status. A path without a slash in front lies below the project."""


def _operations() -> dict[str, Operation]:
    operations = {}
    for chapter, rows in _CHAPTERS.items():
        for name, method, path, *status in rows:
            whole = path if path.startswith("/") else _PROJECT + path
            operations[name] = Operation(name, method, whole, chapter, *status)
    return operations


OPERATIONS = _operations()
"""By name, in the order of the contract."""
