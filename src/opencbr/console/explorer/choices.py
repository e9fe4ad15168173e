"""Ids to choose from, offered by name: what the project really has."""

from collections.abc import Callable
from typing import Any

from opencbr.console.api_client import ApiClient, Refused
from opencbr.console.explorer.fields import Field

Choice = tuple[str, str]
"""An id, and what it is called."""

_MOST = 200


def choices_of(field: Field) -> str:
    """Name the choices of a field, "" where it holds no id."""
    if field.label == "id" and "resources." in field.name:
        return "resource_id"
    return field.label if field.label in _FINDERS and field.kind == "text" else ""


def choices_for(name: str, api: ApiClient) -> list[Choice]:
    """List what is to be chosen from, the newest first; nothing where the name is not known."""
    find = _FINDERS.get(name)
    if find is None:
        return []
    try:
        return find(api)
    except Refused:  # no right to the list: an id can still be typed
        return []


def _listed(
    path: str, envelope: str, tell: Callable[[dict[str, Any]], str]
) -> Callable[[ApiClient], list[Choice]]:
    def find(api: ApiClient) -> list[Choice]:
        return [(row["id"], tell(row)) for row in api.get(path, limit=_MOST)[envelope]]

    return find


def _checkpoints(api: ApiClient) -> list[Choice]:
    rows = api.get("/backups", limit=_MOST)["backups"]
    return list({row["checkpoint_id"]: f"of {row['name']}, {row['created_at']}" for row in rows}.items())


def _instances(*kinds: str) -> Callable[[ApiClient], list[Choice]]:
    def find(api: ApiClient) -> list[Choice]:
        return [
            (row["id"], f"{kind} {row['name']}")
            for kind in kinds
            for row in api.get(f"/protectables/{kind}/instances", limit=_MOST)["instances"]
        ]

    return find


_vaults = _listed("/vaults", "vaults", lambda row: f"{row['name']} ({row['billing']['object_type']})")
_backups = _listed("/backups", "backups", lambda row: f"{row['name']} ({row['status']}, {row['created_at']})")
_logs = _listed("/operation-logs", "operation_logs", lambda row: f"{row['operation_type']} ({row['status']})")

_FINDERS: dict[str, Callable[[ApiClient], list[Choice]]] = {
    "vault_id": _vaults,
    "backup_id": _backups,
    "parent_id": _backups,
    "operation_log_id": _logs,
    "checkpoint_id": _checkpoints,
    "instance_id": _instances("server", "disk"),
    "resource_id": _instances("server", "disk"),
    "server_id": _instances("server"),
    "volume_id": _instances("disk"),
}
