"""Calls to make samples of: every operation of the contract, with every member that it may have."""

import re
from dataclasses import replace
from typing import Any

from opencbr.contract import ContractOperation, contract_operations
from opencbr.samples import Call, missing_of, samples_of

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
    *,
    path_text: str | None = None,
) -> Call:
    """Return a call of an operation with everything that its schemas name; `path_text` stands in the path, else `text`."""
    query: list[tuple[str, Any]] = []
    for name, schema in (operation.query or {"properties": {}})["properties"].items():
        value = text_of(schema, text)
        query += [(name, one) for one in value] if isinstance(value, list) else [(name, value)]
    names = [name for name in re.findall(r"\{(\w+)\}", operation.path) if name != "project_id"]
    kinds = {name: "server" for name in names if name == "protectable_type"}  # one of a few values
    return Call(
        operation=operation.operation,
        method=operation.method,
        path=operation.path,
        endpoint=endpoint,
        project_id="p1",
        path_values=dict.fromkeys(names, text if path_text is None else path_text) | kinds,
        query=tuple(query),
        body=text_of(operation.body, text) if operation.body else None,
    )


def smallest(operation: ContractOperation) -> Call:
    """Return a call of an operation without query, with an empty body where it has one."""
    return replace(call_of(operation), query=(), body={} if operation.body else None)


def text_in(call: Call, language: str) -> str:
    """Return the call's sample in a language; fails where there is none."""
    made = {sample.language: sample.text for sample in samples_of(call)}
    reasons = {missing.language: missing.reason for missing in missing_of(call)}
    assert language in made, reasons[language]
    return made[language]


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
