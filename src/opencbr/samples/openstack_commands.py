"""The commands that python-otcextensions 0.34 adds to the OpenStack client, and what their arguments stand for."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command and what its arguments stand for.

    `arguments` are members in the order of the words after the command, `options` members with their option's name,
    `switches` the option that stands for one value of a member, `fixed` what the command sends whether one asks for it
    or not, `absent` what is said so that a member that the call does not have is not sent either. Members are named by
    their path: `vault.billing.size` of a body, `vault_id` of a path or a query.
    """

    words: str
    arguments: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    switches: dict[tuple[str, Any], str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    broken: bool = False


def _named(prefix: str, *names: str) -> dict[str, str]:
    """Return the options of members that are called like their options."""
    return {f"{prefix}{name}": f"--{name.replace('_', '-')}" for name in names}


_POLICY = "policy.operation_definition."
_SCHEDULE = _named(
    _POLICY,
    "day_backups",
    "week_backups",
    "month_backups",
    "year_backups",
    "timezone",
    "max_backups",
    "retention_duration_days",
) | {"policy.trigger.properties.pattern": "--pattern"}
_BACKUP_FILTERS = _named(
    "",
    *(
        "checkpoint_id",
        "end_time",
        "image_type",
        "limit",
        "marker",
        "member_status",
        "name",
        "offset",
        "own_type",
    ),
    *(
        "parent_id",
        "resource_az",
        "resource_id",
        "resource_name",
        "resource_type",
        "sort",
        "start_time",
        "status",
    ),
    *("used_percent", "vault_id"),
)
_VAULT_FILTERS = _named(
    "", "id", "name", "cloud_type", "limit", "object_type", "offset", "policy_id", "protect_type", "status"
)

COMMANDS = {
    "ListVault": Command(words="vault list", options=_VAULT_FILTERS),
    "ShowVault": Command(words="vault show", arguments=("vault_id",)),
    "CreateVault": Command(
        words="vault create",
        arguments=("vault.name",),
        options={
            "vault.backup_policy_id": "--backup-policy",
            "vault.resources": "--resource",
            "vault.tags": "--tag",
        }
        | {"vault.bind_rules.tags": "--bind-rule"}
        | _named("vault.", "description", "enterprise_project_id")
        | _named("vault.billing.", "consistent_level", "object_type", "size", "console_url"),
        switches={("vault.auto_bind", True): "--auto-bind True"},
        fixed={
            "vault.billing.cloud_type": "public",
            "vault.billing.protect_type": "backup",
            "vault.billing.charging_mode": "post_paid",
            "vault.billing.is_auto_renew": True,
            "vault.billing.is_auto_pay": True,
            "vault.resources": [],
            "vault.bind_rules.tags": [],
        },
    ),
    "UpdateVault": Command(
        words="vault update",
        arguments=("vault_id",),
        options=_named("vault.", "name", "threshold")
        | {"vault.billing.size": "--size", "vault.bind_rules.tags": "--bind-rule"},
        switches={
            ("vault.auto_bind", True): "--auto-bind True",
            ("vault.auto_expand", True): "--auto-expand True",
            ("vault.smn_notify", True): "--smn-notify True",
        },
    ),
    "DeleteVault": Command(words="vault delete", arguments=("vault_id",)),
    "AddVaultResource": Command(
        words="vault associate", arguments=("vault_id",), options={"resources": "--resource"}
    ),
    "RemoveVaultResource": Command(
        words="vault dissociate", arguments=("vault_id",), options={"resource_ids": "--resource"}
    ),
    "AssociateVaultPolicy": Command(words="vault bind", arguments=("vault_id", "policy_id")),
    "DisassociateVaultPolicy": Command(words="vault unbind", arguments=("vault_id", "policy_id")),
    "CreateCheckpoint": Command(
        words="checkpoint create",
        options={"checkpoint.vault_id": "--vault-id", "checkpoint.parameters.name": "--backup-name"}
        | _named("checkpoint.parameters.", "description", "resources"),
        switches={
            ("checkpoint.parameters.auto_trigger", True): "--auto-trigger",
            ("checkpoint.parameters.incremental", False): "--no-incremental",
        },
        fixed={"checkpoint.parameters.auto_trigger": False, "checkpoint.parameters.incremental": True},
        absent={"checkpoint.parameters.description": "--description ''"},
    ),
    "ShowCheckpoint": Command(words="checkpoint show", arguments=("checkpoint_id",)),
    "ListBackups": Command(
        words="backup list", options=_BACKUP_FILTERS, switches={("dec", True): "--dec True"}
    ),
    "ShowBackup": Command(words="backup show", arguments=("backup_id",)),
    "DeleteBackup": Command(words="backup delete", arguments=("backup_id",)),
    "RestoreBackup": Command(
        words="backup restore",
        arguments=("backup_id",),
        options=_named("restore.", "mappings", "server_id", "volume_id"),
        switches={("restore.power_on", True): "--power-on"},
        fixed={"restore.power_on": False, "restore.mappings": []},
    ),
    "ListOpLogs": Command(words="task list"),
    "ShowOpLog": Command(words="task show", arguments=("operation_log_id",)),
    "ListPolicies": Command(words="policy list", options=_named("", "vault_id", "operation_type")),
    "ShowPolicy": Command(words="policy show", arguments=("policy_id",), broken=True),
    "CreatePolicy": Command(
        words="policy create",
        arguments=("policy.name",),
        options=_SCHEDULE | _named("policy.", "operation_type"),
        switches={("policy.enabled", False): "--disable"},
        fixed={"policy.enabled": True},
    ),
    "UpdatePolicy": Command(
        words="policy update",
        arguments=("policy_id",),
        options=_SCHEDULE | _named("policy.", "name"),
        switches={("policy.enabled", True): "--enable", ("policy.enabled", False): "--disable"},
        broken=True,
    ),
    "DeletePolicy": Command(words="policy delete", arguments=("policy_id",), broken=True),
}
