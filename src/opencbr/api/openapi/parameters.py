"""The parameters of path and query."""

import re
from typing import Any

_NAME = re.compile(r"\{(\w+)\}")

_TEXTS = {
    "project_id": "id of the project, which must be the credential's",
    "vault_id": "id of a vault",
    "checkpoint_id": "id of a checkpoint",
    "backup_id": "id of a backup; that of a server's disk will do where a single backup is read",
    "operation_log_id": "id of an operation log",
    "instance_id": "id of a server or disk, as the cloud has it",
    "protectable_type": "which kind of resource: `server` or `disk`",
    "member_id": "id of the project that the backup is shared with",
    "policy_id": "id of a policy",
    "organization_policy_id": "id of an organization's policy",
    "agent_id": "id of an agent",
    "feature_key": "name of a feature",
    "order_id": "id of an order",
    "key": "key of a tag",
    "domain_name": "name of a domain",
    "source_project_id": "id of the project that is moved",
    "plan_id": "id of a restore plan",
    "restore_job_id": "id of the operation log of a restore in place: the `job_id` of RestoreBackup",
    "drill_id": "id of a drill",
}
_LIMITS: dict[str, dict[str, Any]] = {
    "protectable_type": {"enum": ["server", "disk"]},
    "key": {"minLength": 1, "maxLength": 127},
}
"""Of what is no id."""


def path_parameters(path: str, examples: dict[str, str]) -> list[dict[str, Any]]:
    """Describe the parameters of a path; `examples` has a value for each where an example is known."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _TEXTS[name],
            "schema": {"type": "string"} | _LIMITS.get(name, {"minLength": 1, "maxLength": 64}),
        }
        | ({"example": examples[name]} if name in examples else {})
        for name in _NAME.findall(path)
    ]


def query_parameters(schema: dict[str, Any], examples: dict[str, str]) -> list[dict[str, Any]]:
    """Describe the members of a query's schema as parameters; a list is a parameter that is repeated."""
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": detail.get("description", ""),
            "schema": {key: value for key, value in detail.items() if key != "description"},
        }
        | ({"example": _typed(examples[name], detail)} if name in examples else {})
        for name, detail in schema["properties"].items()
    ]


def _typed(text: str, schema: dict[str, Any]) -> Any:
    """Give the text of a query as the value that its schema describes."""
    if schema.get("type") == "array":
        return [text]
    return int(text) if schema.get("type") == "integer" else text
