"""Ids to choose from, offered by name: what the project really has."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from opencbr.console.api_client import ApiClient, Refused
from opencbr.console.explorer.fields import Field
from opencbr.model.policy import BACKUP, DRILL


class Choice(NamedTuple):
    """An id, what it is called, and when it was made where that tells it from others: a time of the API, "" for none."""

    id: str
    name: str
    made_at: str = ""


_MOST = 200
"""Of so many, the newest, any part of a name or id is looked for; of all others the whole name."""

_CALLED = {
    "destination_vault_id": "vault_id",
    "resource_ids": "bound_id",
    "resources_ids": "bound_id",
    "resources": "bound_id",
    "include_volumes": "volume_id",
    "exclude_volumes": "volume_id",
    "add_policy_ids": "policy_id",
}
"""Fields that hold ids and are not called so."""
_OF_A_LIST = {"Vault": "vault_id", "Protectable": "instance_id"}
"""Chapter -> what the filter `id` of its list is an id of."""


def choices_of(field: Field, chapter: str = "") -> str:
    """Name the choices of a field, "" where it holds no id of what a project has."""
    if field.kind not in ("text", "texts"):
        return ""
    around = field.name.split(".")[:-1]
    if field.label == "id":
        kind = "bound_id" if "resource_details" in around else "resource_id"
        return kind if around else _OF_A_LIST.get(chapter, "")
    if field.label == "backup_id" and "mappings" in around:
        return "disk_backup_id"
    if field.label == "target" and "disks" in around:
        return "volume_id"
    name = _CALLED.get(field.label, field.label)
    return name if name in _FINDERS else ""


def choices_for(name: str, api: ApiClient, wanted: str = "") -> list[Choice]:
    """List what is to be chosen from, the newest first; only what fits `wanted`. Nothing where the name is not known."""
    find = _FINDERS.get(name)
    if find is None:
        return []
    try:
        found = [one for one in find(api, {}) if wanted.casefold() in " ".join(one).casefold()]
        if wanted:
            found += [one for one in find(api, {"name": wanted}) if one not in found]
    except Refused:  # no right to the list: an id can still be typed
        return []
    return found


Find = Callable[[ApiClient, Mapping[str, str]], list[Choice]]
"""Reads rows with a filter of the API: one name, by which some lists call other things too."""


def _listed(
    path: str, envelope: str, offered: Callable[[dict[str, Any]], list[Choice]], *names: str, **only: object
) -> Find:
    """Find what the rows of a list offer; `names` are the filters for a name, `only` those that always hold."""

    def find(api: ApiClient, given: Mapping[str, str]) -> list[Choice]:
        asked = [{one: given["name"]} for one in names] if given else [{}]
        rows = [row for query in asked for row in api.get(path, limit=_MOST, **only, **query)[envelope]]
        return list({choice.id: choice for row in rows for choice in offered(row)}.values())

    return find


def _backups(offered: Callable[[dict[str, Any]], list[Choice]]) -> Find:
    return _listed("/backups", "backups", offered, "name", "resource_name")


def _instances(*kinds: str) -> Find:
    def find(api: ApiClient, given: Mapping[str, str]) -> list[Choice]:
        return [
            Choice(row["id"], f"{kind} {row['name']}")
            for kind in kinds
            for row in api.get(f"/protectables/{kind}/instances", limit=_MOST, **given)["instances"]
        ]

    return find


def _plans(api: ApiClient, given: Mapping[str, str]) -> list[Choice]:
    """Find restore plans by what their backups are called: a plan has no name."""
    called = {one.id: one.name for one in _backups(_backup)(api, given)}
    if given and not called:
        return []
    rows = api.get("/restore-plans", limit=_MOST, backup_id=list(called) if given else ())["restore_plans"]
    return [
        Choice(
            row["id"],
            f"{row['status']}, of {called.get(row['backup_id'], row['backup_id'])}",
            row["created_at"],
        )
        for row in rows
    ]


def _vault(row: dict[str, Any]) -> list[Choice]:
    return [Choice(row["id"], f"{row['name']} ({row['billing']['object_type']})")]


def _policy(row: dict[str, Any]) -> list[Choice]:
    return [Choice(row["id"], f"{row['name']} ({row['operation_type']})")]


def _bound(row: dict[str, Any]) -> list[Choice]:
    return [Choice(one["id"], f"{one['name']} in {row['name']}") for one in row["resources"]]


def _backup(row: dict[str, Any]) -> list[Choice]:
    return [
        Choice(row["id"], f"{row['name']} of {row['resource_name']} ({row['status']})", row["created_at"])
    ]


def _disk_backups(row: dict[str, Any]) -> list[Choice]:
    return [
        Choice(one["id"], f"{one['resource_name']} in {row['name']}", row["created_at"])
        for one in row["children"]
    ]


def _checkpoint(row: dict[str, Any]) -> list[Choice]:
    return [Choice(row["checkpoint_id"], f"of {row['name']}", row["created_at"])]


def _drill(row: dict[str, Any]) -> list[Choice]:
    return [
        Choice(row["id"], f"of {row['resource_name']} ({row['verdict'] or 'under way'})", row["created_at"])
    ]


def _log(row: dict[str, Any]) -> list[Choice]:
    on = row["extra_info"]["resource"]["name"]
    return [Choice(row["id"], f"{row['operation_type']} on {on} ({row['status']})", row["started_at"] or "")]


_FINDERS: dict[str, Find] = {
    "vault_id": _listed("/vaults", "vaults", _vault, "name"),
    "policy_id": _listed("/policies", "policies", _policy, operation_type=(BACKUP, DRILL)),
    "backup_policy_id": _listed("/policies", "policies", _policy, operation_type=BACKUP),
    "bound_id": _listed("/vaults", "vaults", _bound, "name"),
    "backup_id": _backups(_backup),
    "parent_id": _backups(_backup),
    "disk_backup_id": _backups(_disk_backups),
    "checkpoint_id": _backups(_checkpoint),
    "plan_id": _plans,
    "drill_id": _listed("/drills", "drills", _drill),
    "operation_log_id": _listed("/operation-logs", "operation_logs", _log, "resource_name", "vault_name"),
    "restore_job_id": _listed(
        "/operation-logs",
        "operation_logs",
        _log,
        "resource_name",
        "vault_name",
        operation_type="restore",
    ),
    "instance_id": _instances("server", "disk"),
    "resource_id": _instances("server", "disk"),
    "server_id": _instances("server"),
    "volume_id": _instances("disk"),
}
