"""Numbers and rows of pieces as bytes.

A number is groups of seven bits, lowest first; the highest bit says that more follows.
"""

from collections.abc import Sequence


def number(value: int) -> bytes:
    """Write a number of 0 or more."""
    out = bytearray()
    while value >> 7:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def joined(pieces: Sequence[bytes]) -> bytes:
    """Write pieces one behind the other, with the lengths of all but the last in front."""
    return b"".join([*(number(len(piece)) for piece in pieces[:-1]), *pieces])


def parted(data: bytes, count: int) -> list[bytes]:
    """Read the `count` pieces that `joined` wrote. Raises ValueError or IndexError."""
    cursor = Cursor(data)
    sizes = [cursor.number() for _ in range(count - 1)]
    pieces = [cursor.take(size) for size in sizes]
    return [*pieces, data[cursor.place :]]


class Cursor:
    """Reads forward, and refuses to read past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def take(self, size: int) -> bytes:
        """Read `size` bytes. Raises ValueError when there are fewer."""
        piece = self._data[self.place : self.place + size]
        if len(piece) != size:
            raise ValueError("the part ends too early")
        self.place += size
        return piece

    def number(self) -> int:
        """Read what `number` wrote. Raises IndexError at the end."""
        value = shift = 0
        while True:
            byte = self._data[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7

    def finish(self) -> None:
        """Raise ValueError unless everything was read."""
        if self.place != len(self._data):
            raise ValueError("the part goes on after its end")
