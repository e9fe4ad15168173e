"""The fields of a form, made from JSON Schema: what may be entered, and how it is written into the request."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_CHARACTER = r"(?:(?!\+\+|\.\.|<<|>>)[A-Za-z0-9_.<>+]|\\u[0-9A-Fa-f]{4}|\\-)"
_ONE = rf"(?:\[\^?(?:{_CHARACTER}(?:-{_CHARACTER})?)+\]|[A-Za-z0-9: ])"
_COUNT = r"(?:[*+?]|\{\d+(?:,\d*)?\})?"
_GROUP = rf"\((?:\?:)?(?:{_ONE}{_COUNT})+(?:\|(?:{_ONE}{_COUNT})+)*\)"
_ALIKE = re.compile(rf"\^((?:(?:{_ONE}|{_GROUP}){_COUNT})+)\$(?:\(\?!\\n\))?")
"""Letters, digits, classes and groups of them, each counted."""
_DEPTH = 4
"""Objects deeper than this are written as JSON."""


class BadEntry(ValueError):
    """What was entered cannot be written into a request at all; the sentence names the field."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field; `name` is the parameter's, or the member's with the names of the objects around it: `vault.billing.size`.

    `kind` is text, integer, boolean, choice, json, texts: a list of them, one a line, or rows: a list of objects with these
    `members`, whose names stand behind the row's number (`vault.resources.0.id`). `place` is path, query or body. Bounds
    are those of the schema, None where there is none, `pattern` as a form has it; the server is asked in any case.
    """

    name: str
    place: str
    kind: str
    required: bool
    description: str = ""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str = ""
    repeated: bool = False
    members: tuple["Field", ...] = ()

    @property
    def label(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def is_many(self) -> bool:
        """Whether several values are entered, one a line."""
        return self.repeated or self.kind == "texts"

    def row(self, number: int) -> tuple["Field", ...]:
        """Return the fields of a row of a list of objects."""
        return tuple(
            replace(one, name=f"{self.name}.{number}.{one.name}", required=False) for one in self.members
        )

    def value(self, text: str) -> Any:
        """Turn what was entered into what a JSON body holds; what is no number goes as it is. Raises BadEntry."""
        if self.kind == "integer":
            return int(text) if _INTEGER.fullmatch(text) else text
        if self.kind == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if self.kind == "texts":
            return [line.strip() for line in text.splitlines() if line.strip()]
        if self.kind == "json":
            try:
                return json.loads(text)
            except (ValueError, RecursionError) as error:
                raise BadEntry(f"{self.name} is not JSON: {error}") from error
        return text


def parameter_field(parameter: Mapping[str, Any], schemas: Mapping[str, Any]) -> Field:
    """Make the field of a parameter in path or query."""
    schema = _plain(parameter.get("schema", {}), schemas)
    repeated = schema.get("type") == "array"
    if repeated:
        schema = _plain(schema.get("items", {}), schemas)
    return _field(
        parameter["name"],
        parameter["in"],
        schema,
        required=parameter.get("required", False),
        description=parameter.get("description", ""),
        repeated=repeated,
    )


def body_fields(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], above: str = "", *, needed: bool = True
) -> Iterator[Field]:
    """Make the fields of a body, objects within objects down to a bound; what is deeper is written as JSON.

    What an object must have is required where the object itself is `needed`.
    """
    whole = _plain(schema, schemas)
    required = set(whole.get("required", ())) if needed else set()
    for name, member in whole.get("properties", {}).items():
        path = f"{above}.{name}" if above else name
        plain = _plain(member, schemas)
        if plain.get("properties") and path.count(".") < _DEPTH:
            yield from body_fields(plain, schemas, path, needed=name in required)
            continue
        found = _field(
            path, "body", plain, required=name in required, description=plain.get("description", "")
        )
        item = _plain(plain.get("items", {}), schemas)
        if plain.get("type") == "array" and item.get("properties"):
            found = replace(found, kind="rows", members=tuple(body_fields(item, schemas)))
        elif plain.get("type") == "array" and item.get("type") == "string":
            found = replace(found, kind="texts")
        yield found


def _field(
    name: str,
    place: str,
    schema: Mapping[str, Any],
    *,
    required: bool,
    description: str,
    repeated: bool = False,
) -> Field:
    kind = {"integer": "integer", "boolean": "boolean", "array": "json", "object": "json"}.get(
        str(schema.get("type")), "text"
    )
    choices = tuple(str(one) for one in schema.get("enum", ()) if one is not None)
    return Field(
        name=name,
        place=place,
        kind="choice" if choices else kind,
        required=required,
        description=description or schema.get("description", ""),
        choices=choices,
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        shortest=schema.get("minLength"),
        longest=schema.get("maxLength"),
        pattern=form_pattern(schema.get("pattern", "")),
        repeated=repeated,
    )


def form_pattern(pattern: str) -> str:
    """Write a pattern of JSON Schema as the attribute `pattern` of HTML, which fits the whole value; "" where it cannot be.

    Browsers read it with the flag `v`, where more characters of a class have a meaning: only classes that both read alike
    are taken, in which a hyphen that is no range is escaped.
    """
    found = _ALIKE.fullmatch(pattern)
    return found[1] if found else ""


def _plain(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Follow references, and take the one alternative that is not null."""
    found = dict(schema)
    while True:
        if "$ref" in found:
            found = {
                **schemas[found["$ref"].rpartition("/")[2]],
                **{k: v for k, v in found.items() if k != "$ref"},
            }
            continue
        alternatives = found.pop("anyOf", None) or found.pop("oneOf", None)
        if not alternatives:
            return found
        real = [one for one in alternatives if one.get("type") != "null"]
        enums = [value for one in real for value in _plain(one, schemas).get("enum", ())]
        found = {**(_plain(real[0], schemas) if real else {}), **found}
        if enums and all("enum" in _plain(one, schemas) for one in real):
            found["enum"] = enums
