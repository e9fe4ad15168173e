"""What CBR v3 fixes about each of its operations, as data: `operations.json`, whose members docs/contract explains (0.5)."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class ContractOperation:
    """One operation of the interface, whether this service offers it or not.

    `query`, `body` and `response` are JSON Schemas (2020-12), None where there is none. In a body, `x-model` is the
    name of the class that the vendor's SDKs have for an object.
    """

    chapter: str
    operation: str
    method: str
    path: str
    success: int
    summary: str
    query: dict[str, Any] | None
    body: dict[str, Any] | None
    response: dict[str, Any] | None


@cache
def contract_operations() -> dict[str, ContractOperation]:
    """Return all operations by name, in the order of the contract's chapters. Read once; nobody changes what is inside."""
    text = (resources.files("opencbr.contract") / "operations.json").read_text(encoding="utf-8")
    return {row["operation"]: ContractOperation(**row) for row in json.loads(text)}
