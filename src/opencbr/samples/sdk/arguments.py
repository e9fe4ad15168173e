"""A call as the SDKs see it: one request object whose members have types."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

from opencbr.contract import ContractOperation, contract_operations
from opencbr.samples.call import Call, NotAvailable, Scalar
from opencbr.samples.wire import query_text

_PATH_VALUES = {
    ("ListProtectable", "protectable_type"): ("server", "disk", "turbo", "workspace", "workspace_v2"),
    ("ShowProtectable", "protectable_type"): ("server", "disk"),
}
"""The parameters of paths of which the SDKs make types, with their values."""


_PLAIN = {
    ("PrePaidBillingCreate", name)
    for name in ("cloud_type", "consistent_level", "object_type", "protect_type", "charging_mode")
}
"""Members of which the SDKs make no types although the interface names their values."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a value: `string`, `integer`, `number`, `boolean`, or the name of a model.

    `values` are those that the interface names, none where it names none; the SDKs make a type of them.
    """

    name: str
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar value."""

    kind: Kind
    value: Scalar


@dataclass(frozen=True, slots=True)
class Items:
    """A list, of values of one kind."""

    kind: Kind
    items: "tuple[Leaf | Items | Model, ...]"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a model: its name on the wire, and whether every request has it."""

    name: str
    value: "Leaf | Items | Model"
    required: bool


@dataclass(frozen=True, slots=True)
class Model:
    """An object of an SDK's class `name`, with those of its members that are set."""

    name: str
    members: tuple[Member, ...]


Value = Leaf | Items | Model


def request_of(call: Call) -> Model:
    """Return the request object of the call.

    Raises NotAvailable where the SDKs have no such operation or member, or where a value is not of the member's type.
    """
    operation = contract_operations().get(call.operation)
    if operation is None:
        raise NotAvailable("This operation is opencbr's own: the vendor's clients do not have it.")
    members = [
        Member(name, Leaf(Kind("string", _PATH_VALUES.get((call.operation, name), ())), value), required=True)
        for name, value in call.path_arguments().items()
    ]
    members += _query(call, operation)
    if call.body is not None:
        if operation.body is None:
            raise NotAvailable(f"The contract has no body for {call.operation}.")
        members.append(Member("body", _value(operation.body, call.body, "the body"), required=True))
    return Model(f"{call.operation}Request", tuple(members))


def models_of(value: Value) -> list[str]:
    """Return the names of the classes that a value needs, each once, by the alphabet."""
    found: set[str] = set()
    todo: list[Value] = [value]
    while todo:
        match todo.pop():
            case Model(name, members):
                found.add(name)
                todo += [member.value for member in members]
            case Items(_, items):
                todo += items
    return sorted(found)


def _query(call: Call, operation: ContractOperation) -> list[Member]:
    schema = operation.query or {"properties": {}}
    given: dict[str, list[Scalar]] = {}
    for key, value in call.query:
        given.setdefault(key, []).append(value)
    members = []
    for name, values in given.items():
        known = schema["properties"].get(name)
        if known is None:
            raise NotAvailable(f"The contract's {call.operation} has no member {name}.")
        if known["type"] == "array":
            found: Value = _value(known, [_typed(known["items"], one) for one in values], name)
        elif len(values) == 1:
            found = _value(known, _typed(known, values[0]), name)
        else:
            raise NotAvailable(f"The contract has {name} once, the request {len(values)} times.")
        members.append(Member(name, found, name in schema.get("required", ())))
    return members


def _typed(schema: dict[str, Any], value: Scalar) -> Scalar:
    """Take a value as the member's type where that says the same in a query: "10" is 10, and 10 is "10"."""
    if schema["type"] == "string":
        return query_text(value)
    if schema["type"] == "integer" and isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if schema["type"] == "boolean" and isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    return value


def _kind(schema: dict[str, Any]) -> Kind:
    return Kind(schema.get("x-model", schema["type"]), tuple(schema.get("enum", ())))


def _value(schema: dict[str, Any], value: Any, where: str) -> Value:
    match schema["type"], value:
        case "object", dict():
            return Model(schema["x-model"], tuple(_member(schema, *one) for one in value.items()))
        case "array", list():
            return Items(_kind(schema["items"]), tuple(_value(schema["items"], one, where) for one in value))
        case ("boolean", bool()) | ("string", str()):
            return Leaf(_kind(schema), value)
        case ("number", float()) if isfinite(value):
            return Leaf(_kind(schema), value)
        case (("integer" | "number"), int()) if not isinstance(value, bool):
            return Leaf(_kind(schema), value)
    raise NotAvailable(f"In the contract {where} is of another type: {schema['type']}.")


def _member(schema: dict[str, Any], name: str, value: Any) -> Member:
    known = schema["properties"].get(name)
    if known is None:
        raise NotAvailable(f"The contract's {schema['x-model']} has no member {name}.")
    if (schema["x-model"], name) in _PLAIN:
        known = {"type": known["type"]}
    return Member(name, _value(known, value, name), name in schema.get("required", ()))
