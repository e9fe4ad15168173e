"""Python source: literals and how they are laid out."""

from math import isfinite
from typing import Any

from opencbr.samples.layout import brackets


def quoted(text: str) -> str:
    """Write a text as a literal; invisible characters are escaped.

    `repr` does all of it but the quotes: the formatters of today write double ones where that costs no backslash.
    """
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in plain and "\\'" not in plain else plain


def literal(value: Any, indent: int = 0) -> str:
    """Write a JSON value as a literal whose first line stands at `indent` levels of four blanks."""
    match value:
        case str():
            return quoted(value)
        case dict():
            items = [f"{quoted(key)}: {literal(inner, indent + 1)}" for key, inner in value.items()]
            return brackets("{", items, "}", indent)
        case list() | tuple():
            opening, closing = "[]" if isinstance(value, list) else "()"
            return brackets(opening, [literal(inner, indent + 1) for inner in value], closing, indent)
        case float() if not isfinite(value):
            return f'float("{value}")'
    return repr(value)
