"""The operations as the OpenAPI document tells them, by chapter; those that are not offered are there by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.console.explorer.fields import Field, body_fields, parameter_field

_DANGERS: Final = {
    "RestoreBackup": "writes over the disks as they are now",
    "ApplyRestorePlan": "does what the plan says; a plan in place writes over the disks as they are now",
    "UndoRestore": "writes over the disks as they are now",
    "ConfirmRestore": "deletes the snapshots of what was written over: the restore cannot be undone any more",
    "UpdateExpirationTime": "lets all backups that the vault has now, but for pinned ones, be deleted when that day has ended",
    "BatchCreateAndDeleteVaultTags": "takes the tags away for good where its action is delete",
}
"""What of operations whose name and method do not tell that something is lost."""


@dataclass(frozen=True)
class Described:
    """An operation as it is shown: what it is for in a line; `document` is its part of the OpenAPI document.

    That is empty where it is not offered.
    """

    name: str
    method: str
    path: str
    chapter: str
    summary: str
    document: dict[str, Any] = field(default_factory=dict, repr=False)
    schemas: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def offered(self) -> bool:
        """Whether this server has it."""
        return bool(self.document)

    @property
    def right(self) -> str:
        """The rule that says who may do it."""
        return str(self.document.get("x-required-right", ""))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Its parameters in path and query, but for the project, then the members of its body.

        Headers are none: most of the samples' clients cannot send one.
        """
        parameters = (
            p
            for p in self.document.get("parameters", ())
            if p["name"] != "project_id" and p["in"] != "header"
        )
        body = (
            self.document.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        )
        found = [parameter_field(parameter, self.schemas) for parameter in parameters]
        return (*found, *(body_fields(body, self.schemas) if body else ()))

    @property
    def danger(self) -> str:
        """What it takes away for good, so that it is asked about first; "" for most operations."""
        if self.method == "DELETE" or self.name.startswith(("Remove", "Delete")):
            return "takes something away for good"
        return _DANGERS.get(self.name, "")


def described(document: dict[str, Any]) -> dict[str, Described]:
    """Return all operations by name, in the order of the contract, ours after them."""
    found = {one.name: one for one in _offered(document)}
    found |= {row["name"]: Described(**row) for row in document["x-not-offered"]}
    return {name: found[name] for name in [*OPERATIONS, *(name for name in found if name not in OPERATIONS)]}


def chapters(operations: dict[str, Described], wanted: str = "") -> dict[str, list[Described]]:
    """Group them by chapter; only those whose name, path or summary has every word of `wanted`."""
    words = wanted.lower().split()
    found: dict[str, list[Described]] = {}
    for one in operations.values():
        text = f"{one.name} {one.method} {one.path} {one.summary} {one.chapter}".lower()
        if all(word in text for word in words):
            found.setdefault(one.chapter, []).append(one)
    return found


def _offered(document: dict[str, Any]) -> Iterator[Described]:
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield Described(
                name=operation["operationId"],
                method=method.upper(),
                path=path,
                chapter=operation["tags"][0],
                summary=operation["summary"],
                document=operation,
                schemas=schemas,
            )
