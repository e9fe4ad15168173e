"""How nested source text is laid out, and how texts are written between quotes: alike for all languages."""

from collections.abc import Callable, Mapping

_WIDTH = 80
"""What is no longer than this stands on one line."""


def brackets(
    opening: str,
    items: list[str],
    closing: str,
    indent: int,
    *,
    step: str = "    ",
    last: str = ",",
    pad: str = "",
) -> str:
    """Put items between brackets: on one line where they fit, else one a line.

    `indent` is the level at which the first line stands, `step` what one level is, `last` what follows the last of
    several lines, `pad` what one line has inside of its brackets.
    """
    line = f"{opening}{pad}{', '.join(items)}{pad}{closing}" if items else f"{opening}{closing}"
    if "\n" not in line and len(line) + len(step) * indent <= _WIDTH:
        return line
    blanks = step * (indent + 1)
    inside = ",\n".join(f"{blanks}{item}" for item in items)
    return f"{opening}\n{inside}{last}\n{step * indent}{closing}"


def escaped(text: str, known: Mapping[str, str], unicode: Callable[[int], str]) -> str:
    """Escape a text for a literal: characters with a meaning as `known` says, invisible ones by their number.

    What is seen is then what is sent, and nothing reorders the line that it stands in.
    """
    return "".join(known.get(one) or (one if one.isprintable() else unicode(ord(one))) for one in text)


def utf16(number: int) -> str:
    r"""Write a character as the `\uXXXX` of JSON, Java and JavaScript: two of them above U+FFFF."""
    if number < 0x10000:  # noqa: PLR2004 - the end of the basic plane
        return f"\\u{number:04x}"
    return "".join(f"\\u{int.from_bytes(pair):04x}" for pair in _pairs(chr(number).encode("utf-16-be")))


def utf32(number: int) -> str:
    r"""Write a character as the `\UXXXXXXXX` of C#, Go and HCL."""
    return f"\\U{scalar(number):08x}"


def scalar(number: int) -> int:
    """Return the character's number; half of a surrogate pair, which UTF-8 does not have, becomes U+FFFD."""
    return 0xFFFD if 0xD800 <= number <= 0xDFFF else number  # noqa: PLR2004 - the surrogates


def _pairs(data: bytes) -> list[bytes]:
    return [data[at : at + 2] for at in range(0, len(data), 2)]
