"""What msgspec found wrong with a body or query, as a sentence that says what to change."""

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from opencbr.api.errors import bad_parameter
from opencbr.model.errors import CbrError

T = TypeVar("T", bound=Struct)

_WHERE = re.compile(r"(?P<what>.*?)(?: - at `(?P<where>(?:key in )?[^`]*)`)?\Z", re.DOTALL)
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def invalid(error: msgspec.ValidationError, whole: str) -> CbrError:
    """Turn msgspec's finding into a sentence that names the place and what is expected."""
    match = _WHERE.match(str(error))
    what, where = (match["what"], match["where"]) if match else (str(error), None)
    place = (where or "$").removeprefix("key in ").removeprefix("$").removeprefix(".") or whole
    return bad_parameter(f"{place[:200]}: {_plain(what)[:300]}.")


def held_to(kind: type[T], given: Any) -> T:
    """Read members of what was validated already as a type with closer limits; raises 400/9900 naming the member."""
    try:
        return msgspec.convert(given, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        raise invalid(error, "the body") from error


def _plain(what: str) -> str:  # noqa: PLR0911 -- one kind of finding a line
    if missing := re.fullmatch(r"Object missing required field `([^`]*)`", what):
        return f"the member {missing[1]} is missing; add it"
    if wrong := re.fullmatch(r"Expected `([^`]*)`, got `([^`]*)`", what):
        return f"expected {_kinds(wrong[1])}, got {_kinds(wrong[2])}; change it"
    if length := re.fullmatch(r"Expected `(\w+)` of length (<=|>=) (\d+)", what):
        bound = "at most" if length[2] == "<=" else "at least"
        unit = "characters" if length[1] == "str" else "entries"
        return f"expected {bound} {length[3]} {unit}; change its length"
    if limit := re.fullmatch(r"Expected `(\w+)` (<=|>=|<|>) (\S+)", what):
        return f"expected {_kinds(limit[1])} {limit[2]} {limit[3]}; change it"
    if re.match(r"Expected `str` matching regex", what):
        return (
            "its characters or its length are not allowed here; names take letters, digits, '_', '-', texts no '<' or '>', "
            "and /openapi.json has the pattern"
        )
    if wrong_enum := re.match(r"Invalid enum value (.*)", what, re.DOTALL):
        return f"the value {wrong_enum[1][:80]} is not one of those allowed; see /openapi.json"
    return what[0].lower() + what[1:]


def _kinds(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | "))
