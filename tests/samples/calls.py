"""Calls to make samples of: every operation of the contract, with every member that it may have."""

import re
from typing import Any

from opencbr.contract import ContractOperation, contract_operations
from opencbr.samples import Call

HOSTILE = 'it\'s "$HOME" `id` $(id) ${x} %{x} %s {b} #{c} {$d} \\n \\ <a>&?=+/~ 文 😀 é'
"""Whatever has a meaning somewhere: quotes, expansions, escapes, and letters of several lengths."""


def text_of(schema: dict[str, Any], text: str) -> Any:
    """Return a value of a schema: all members, the first of the values it names, and `text` where any text may stand."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: text_of(inner, text) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [text_of(schema["items"], text)] * 2
    return {"string": text, "integer": max(schema.get("minimum", 7), 7), "number": 1.5, "boolean": True}[
        schema["type"]
    ]


def call_of(
    operation: ContractOperation,
    text: str = "plain",
    endpoint: str = "https://cbr.example:8443",
    project_id: str = "p1",
) -> Call:
    """Return a call of an operation with everything that its schemas name."""
    query: list[tuple[str, Any]] = []
    for name, schema in (operation.query or {"properties": {}})["properties"].items():
        value = text_of(schema, text)
        query += [(name, one) for one in value] if isinstance(value, list) else [(name, value)]
    return Call(
        operation=operation.operation,
        method=operation.method,
        path=operation.path,
        endpoint=endpoint,
        project_id=project_id,
        path_values={name: text for name in re.findall(r"\{(\w+)\}", operation.path) if name != "project_id"},
        query=tuple(query),
        body=text_of(operation.body, text) if operation.body else None,
    )


OPERATIONS = list(contract_operations().values())
OWN = Call(
    operation="ShowRecord",
    method="GET",
    path="/v3/{project_id}/backups/{backup_id}/record",
    endpoint="https://cbr.example:8443",
    project_id="p1",
    path_values={"backup_id": "b1"},
)
"""An operation that no contract has."""
