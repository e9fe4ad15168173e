"""Text from somebody else on a terminal or in a log: what is not printable is shown, never carried out.

Names come from tenants. A control character in one could move the cursor and overwrite a verdict, forge a line of a log, or
turn the direction of what follows.
"""

import json
from collections.abc import Callable


def printable(text: str) -> str:
    """Write every character that is not printable, line ends too, as its Python escape."""
    return _escaped(text, "", lambda char: char.encode("unicode_escape").decode("ascii"))


def printable_json(document: str) -> str:
    """Do the same in a JSON document, whose own escapes say the same to every reader; line ends stay."""
    return _escaped(document, "\n", lambda char: json.dumps(char)[1:-1])


def _escaped(text: str, keep: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else escape(char) for char in text)
