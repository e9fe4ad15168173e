"""HCL, Terraform's language, laid out as `terraform fmt` does."""

import json
from dataclasses import dataclass, field
from typing import Any

from opencbr.samples.layout import escaped, utf32

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass
class Body:
    """What stands between a block's braces: its arguments by name, and the blocks in it, each with its header."""

    arguments: dict[str, Any] = field(default_factory=dict)
    blocks: list[tuple[str, "Body"]] = field(default_factory=list)

    def inside(self, header: str) -> "Body":
        """Return the block with this header that is here once; makes it."""
        for known, body in self.blocks:
            if known == header:
                return body
        self.blocks.append((header, Body()))
        return self.blocks[-1][1]


def quoted(text: str) -> str:
    """Write a text as a literal: neither `${` nor `%{` begins a template in it."""
    plain = escaped(text, _ESCAPES, utf32)
    return f'"{plain.replace("${", "$${").replace("%{", "%%{")}"'


def block(header: str, body: Body, indent: int = 0) -> str:
    """Write a block; maps and blocks stand apart from the arguments of one line, whose signs stand below each other."""
    blanks = "  " * indent
    short = {
        name: literal(value, indent + 1)
        for name, value in body.arguments.items()
        if not isinstance(value, dict)
    }
    width = max(map(len, short), default=0)
    parts = ["".join(f"{blanks}  {name.ljust(width)} = {text}\n" for name, text in short.items())]
    for name, value in body.arguments.items():
        if isinstance(value, dict):
            parts.append(f"{blanks}  {name} = {literal(value, indent + 1)}\n")
    parts += [block(name, inner, indent + 1) for name, inner in body.blocks]
    inside = "\n".join(part for part in parts if part)
    return f"{blanks}{header} {{\n{inside}{blanks}}}\n" if inside else f"{blanks}{header} {{\n{blanks}}}\n"


def literal(value: Any, indent: int = 0) -> str:
    """Write a value: a text, a number, a boolean, a list of them, or a map of texts."""
    match value:
        case str():
            return quoted(value)
        case list():
            return f"[{', '.join(literal(one) for one in value)}]"
        case dict():
            keys = {quoted(key): literal(inner) for key, inner in value.items()}
            width = max(map(len, keys), default=0)
            lines = "".join(f"{'  ' * indent}  {key.ljust(width)} = {text}\n" for key, text in keys.items())
            return f"{{\n{lines}{'  ' * indent}}}" if keys else "{}"
    return json.dumps(value)
