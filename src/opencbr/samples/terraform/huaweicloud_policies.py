"""The vendor's provider: policies, and what they are bound to."""

import re
from typing import Any

from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.members import members_of
from opencbr.samples.terraform.blocks import resource
from opencbr.samples.terraform.hcl import Body

_RULE = re.compile(
    r"FREQ=(?:DAILY;INTERVAL=(?P<interval>\d+)|WEEKLY;BYDAY=(?P<days>[A-Z,]+));BYHOUR=(?P<hour>\d\d);BYMINUTE=(?P<minute>\d\d)\Z"
)
"""The only form that the provider writes (contract 5.6)."""

_KEPT = "policy.operation_definition."
_FOR_LONG = {
    f"{_KEPT}{name}": f"long_term_retention.{argument}"
    for name, argument in (
        ("day_backups", "daily"),
        ("week_backups", "weekly"),
        ("month_backups", "monthly"),
        ("year_backups", "yearly"),
        ("full_backup_interval", "full_backup_interval"),
    )
}


def _backup_cycle(body: Body, patterns: list[str]) -> None:
    """Write the schedule: its times may differ, its days are those of all."""
    rules = [_RULE.match(pattern) for pattern in patterns]
    days = {(rule["interval"], rule["days"]) for rule in rules if rule}
    if None in rules or len(days) != 1:
        raise NotAvailable(
            "The provider's backup_cycle is one interval or one set of days, with times of two digits each."
        )
    [(interval, names)] = days
    when: dict[str, Any] = {"days": names} if names else {"interval": int(interval)}
    times = [f"{rule['hour']}:{rule['minute']}" for rule in rules if rule]
    body.blocks.append(("backup_cycle", Body(when | {"execution_times": times})))


def _policy_has_sense(call: Call) -> None:
    members = members_of(call)
    most, days, zone, project, region = (
        f"{_KEPT}{name}" in members
        for name in (
            *("max_backups", "retention_duration_days", "timezone"),
            *("destination_project_id", "destination_region"),
        )
    )
    long = not members.keys().isdisjoint(_FOR_LONG)
    if most and days:
        raise NotAvailable("The provider's policy has either backup_quantity or time_period.")
    if long != zone or (long and not most):
        raise NotAvailable(
            "The provider sends long_term_retention, time_zone and backup_quantity together, or none of the first two."
        )
    if project != region:
        raise NotAvailable("The provider sends a destination's project and region together.")


def _policies(body: Body, ids: list[str]) -> None:
    body.blocks += [("policies", Body({"id": one})) for one in ids]


BLOCKS = {
    "CreatePolicy": resource(
        "huaweicloud_cbr_policy",
        *("policy.name", "policy.enabled"),
        *(
            f"{_KEPT}{name}"
            for name in ("destination_region", "destination_project_id", "enable_acceleration")
        ),
        arguments={
            "policy.operation_type": "type",
            f"{_KEPT}max_backups": "backup_quantity",
            f"{_KEPT}retention_duration_days": "time_period",
            f"{_KEPT}timezone": "time_zone",
        }
        | _FOR_LONG,
        lists={"policy.trigger.properties.pattern": _backup_cycle},
        required=("policy.name", "policy.operation_type", "policy.trigger.properties.pattern"),
        check=_policy_has_sense,
    ),
    "AssociateVaultPolicy": resource(
        "huaweicloud_cbr_vault_policies_associate",
        "vault_id",
        arguments={"policy_id": "policies.id", "destination_vault_id": "policies.destination_vault_id"},
        lists={"add_policy_ids": _policies},
        required=("policy_id",),
    ),
    "CreateOrganizationPolicy": resource(
        "huaweicloud_cbr_organization_policy",
        *(
            f"policy.{name}"
            for name in ("name", "description", "operation_type", "policy_name", "policy_enabled")
        ),
        "policy.effective_scope",
        arguments={
            f"policy.policy_operation_definition.{name}": f"policy_operation_definition.{name}"
            for name in (
                *("day_backups", "week_backups", "month_backups", "year_backups", "full_backup_interval"),
                *("max_backups", "retention_duration_days", "timezone", "enable_acceleration"),
                *("destination_project_id", "destination_region"),
            )
        }
        | {"policy.policy_trigger.properties.pattern": "policy_trigger.properties.pattern"},
        required=(
            *("policy.name", "policy.operation_type", "policy.policy_name", "policy.policy_enabled"),
            "policy.policy_trigger.properties.pattern",
        ),
    ),
}
