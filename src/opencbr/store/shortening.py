"""Ids written short: half of a record's text is UUIDs and digests, which are random and compress badly as hex.

An id that stands in a text becomes two bytes, a mark and its number. Numbers run through the ids of another text that
the reader has too (the ShowMetadata body), then through those that are new; new ones are kept in binary.
"""

import re
import uuid

_ID = re.compile(
    rb"(?<![0-9a-f-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9a-f]{2}){8,64})(?![0-9a-f-])"
)
_MARK = b"\x01"  # never in JSON: control characters are escaped there
_SHORT = re.compile(rb"\x01([\x20-\xff])", re.DOTALL)
_FIRST = 0x20
_MOST = 0x100 - _FIRST


def shorten(text: bytes, known: bytes) -> tuple[bytes, bytes]:
    """Replace the ids in a JSON text; give the short text and the new ids in binary.

    `known` is the text whose ids need not be kept. Raises ValueError when `text` has the mark in it, and thus is no
    JSON.
    """
    if _MARK in text:
        raise ValueError("a control character stands in a JSON text")
    numbers = _numbers(known)
    new: list[bytes] = []

    def short(match: re.Match[bytes]) -> bytes:
        number = numbers.get(match[0])
        if number is None:
            number = len(numbers)
            if number >= _MOST:
                return match[0]
            numbers[match[0]] = number
            new.append(_pack(match[0]))
        return _MARK + bytes([_FIRST + number])

    return _ID.sub(short, text), b"".join(new)


def lengthen(short: bytes, new: bytes, known: bytes) -> bytes:
    """Undo `shorten`. Raises ValueError or LookupError when the parts do not belong together."""
    ids = [*_numbers(known), *_unpack(new)]
    return _SHORT.sub(lambda match: ids[match[1][0] - _FIRST], short)


def _numbers(text: bytes) -> dict[bytes, int]:
    found = dict.fromkeys(_ID.findall(text))
    return {one: number for number, one in enumerate(found) if number < _MOST}


def _pack(one: bytes) -> bytes:
    """Write a length in bytes (0 for a UUID), then the bytes."""
    raw = bytes.fromhex(one.replace(b"-", b"").decode())
    return bytes([0 if b"-" in one else len(raw)]) + raw


def _unpack(data: bytes) -> list[bytes]:
    ids: list[bytes] = []
    place = 0
    while place < len(data):
        size = data[place] or 16
        raw = data[place + 1 : place + 1 + size]
        ids.append((raw.hex() if data[place] else str(uuid.UUID(bytes=raw))).encode())
        place += 1 + size
    return ids
