"""The members of a request or an answer as rows of a table, from JSON Schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
_BOUNDS = (
    ("minLength", "maxLength", " characters"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", " items"),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A row. `name` is the whole path, as `vault.resources[].id`; `limits` is "" where there are none."""

    name: str
    required: bool
    type: str
    limits: str
    description: str


def members_of(schema: Schema, schemas: dict[str, Schema]) -> tuple[Member, ...]:
    """Give every member below a schema, each behind the one that holds it; a type inside itself is told once."""
    return tuple(_below(schema, schemas, "", ()))


def member(name: str, schema: Schema, *, required: bool, description: str) -> Member:
    """Describe one value by its schema."""
    return Member(name, required, type_of(schema), "; ".join(_limits(schema)), description)


def type_of(schema: Schema) -> str:
    """Say in words what a value is."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(part) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if "$ref" in schema:
        return "object"
    return str(schema.get("type", "string" if "enum" in schema else "any"))


def _below(
    schema: Schema, schemas: dict[str, Schema], place: str, around: tuple[str, ...]
) -> Iterator[Member]:
    for part in schema.get("anyOf", (schema,)):
        if part.get("type") == "array":
            yield from _below(part.get("items", {}), schemas, f"{place}[]", around)
        elif "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            if name not in around:
                yield from _properties(schemas[name], schemas, place, (*around, name))


def _properties(
    whole: Schema, schemas: dict[str, Schema], place: str, around: tuple[str, ...]
) -> Iterator[Member]:
    required = whole.get("required", ())
    for name, schema in whole["properties"].items():
        path = f"{place}.{name}" if place else name
        yield member(path, schema, required=name in required, description=schema.get("description", ""))
        yield from _below(schema, schemas, path, around)


def _limits(schema: Schema) -> Iterator[str]:
    for part in schema.get("anyOf", (schema,)):
        for least, most, unit in _BOUNDS:
            if told := _between(part.get(least), part.get(most), unit):
                yield told
        if "enum" in part:
            yield "one of " + ", ".join(f"`{value}`" for value in part["enum"])
        if part.get("type") == "array":
            yield from (f"each {told}" for told in _limits(part.get("items", {})))
    if schema.get("default") not in (None, []):
        yield f"by default `{schema['default']}`".replace("`False`", "`false`").replace("`True`", "`true`")


def _between(least: int | None, most: int | None, unit: str) -> str:
    if most is None:
        return "" if least is None else f"at least {least}{unit.rstrip('s') if least == 1 else unit}"
    return f"{least} to {most}{unit}" if least is not None else f"at most {most}{unit}"
