"""How wide a text is, without a browser: an estimate on the safe side, and texts cut to fit."""

import unicodedata

ELLIPSIS = "\u2026"
_MOST = 200
"""Characters that are looked at: no label is longer, however narrow its characters."""

# In em, of a wide sans-serif (DejaVu Sans); narrower fonts leave room.
_NARROW, _USUAL, _CAPITAL, _FULL = 0.4, 0.64, 0.84, 1.05
_NARROW_LETTERS = frozenset("ijl.,:;'|!() /I[]tf")
_BROAD_LETTERS = frozenset("mwMW@%")
_SIGNS = frozenset('#$&*+<=>?^~"\\{}')
BOLD = 1.1
"""How much wider bold letters are."""


def width(text: str, size: float) -> float:
    """Estimate the width of a text in letters of `size` pixels."""
    return sum(map(_em, text)) * size


def fitted(text: str, room: float, size: float) -> str:
    """Cut a text so that it fits into `room` pixels, with an ellipsis at its end where something was cut; one line."""
    text = " ".join(text[: _MOST + 1].split())
    if len(text) <= _MOST and width(text, size) <= room:
        return text
    left = room - _FULL * size
    kept = []
    for char in text[:_MOST]:
        left -= _em(char) * size
        if left < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + ELLIPSIS


def _em(char: str) -> float:
    if char in _NARROW_LETTERS:
        return _NARROW
    if char in _BROAD_LETTERS or unicodedata.east_asian_width(char) in "WF":
        return _FULL
    if char.isascii():
        return _CAPITAL if char.isupper() or char in _SIGNS else _USUAL
    return _CAPITAL
