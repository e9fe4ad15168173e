"""The kinds of value that differ from record to record: how each looks in a text, and how it is kept."""

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from opencbr.records.binary import Cursor, number

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- OpenStack's times bear no zone
_SECOND = timedelta(seconds=1)
_TIME_BYTES = 8


class NotThisKind(ValueError):
    """A text that only looks like a value of a kind: it would not come back as it was."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `size` is the bytes of a value, 0 where they vary. The mark is a control character, never in JSON."""

    name: str
    mark: bytes
    pattern: bytes
    size: int = 0

    def to_binary(self, text: bytes) -> bytes:
        """Write a value in binary. Raises NotThisKind when that is not another way to write this very text."""
        try:
            value = self._binary(text)
            if self.to_text(value) == text:
                return value
        except (ValueError, OverflowError):
            pass
        raise NotThisKind

    def _binary(self, text: bytes) -> bytes:
        raise NotImplementedError

    def to_text(self, value: bytes) -> bytes:
        """Write a value as it stands in texts. Raises ValueError or OverflowError for what is none."""
        raise NotImplementedError

    def framed(self, value: bytes, previous: bytes) -> bytes:
        """Put the length in front where lengths vary. `previous` is the value before, of this kind."""
        del previous
        return value if self.size else number(len(value)) + value

    def unframed(self, values: Cursor, previous: bytes) -> bytes:
        """Read what `framed` wrote."""
        del previous
        return values.take(self.size or values.number())


class _Uuid(Kind):
    def _binary(self, text: bytes) -> bytes:
        return uuid.UUID(text.decode()).bytes

    def to_text(self, value: bytes) -> bytes:
        return str(uuid.UUID(bytes=value)).encode()


class _Hex(Kind):
    def _binary(self, text: bytes) -> bytes:
        return bytes.fromhex(text.decode())

    def to_text(self, value: bytes) -> bytes:
        return value.hex().encode()


class _Colons(Kind):
    def _binary(self, text: bytes) -> bytes:
        return bytes.fromhex(text.replace(b":", b"").decode())

    def to_text(self, value: bytes) -> bytes:
        return value.hex(":").encode()


class _Time(Kind):
    """With T or a blank in the middle, which are two kinds; the zone, if any, stays in the text."""

    def _binary(self, text: bytes) -> bytes:
        seconds = (datetime.fromisoformat(text.decode()) - _EPOCH) // _SECOND
        return seconds.to_bytes(_TIME_BYTES, "big", signed=True)

    def to_text(self, value: bytes) -> bytes:
        moment = _EPOCH + int.from_bytes(value, "big", signed=True) * _SECOND
        return moment.isoformat("T" if self.name == "time" else " ").encode()

    def framed(self, value: bytes, previous: bytes) -> bytes:
        """Keep the difference: the times of a record lie close together."""
        ahead = int.from_bytes(value, "big", signed=True) - int.from_bytes(previous, "big", signed=True)
        return number(ahead << 1 if ahead >= 0 else (-ahead << 1) - 1)

    def unframed(self, values: Cursor, previous: bytes) -> bytes:
        """Read what `framed` wrote. Raises OverflowError for what is no time."""
        folded = values.number()
        ahead = -(folded + 1 >> 1) if folded & 1 else folded >> 1
        return (int.from_bytes(previous, "big", signed=True) + ahead).to_bytes(
            _TIME_BYTES, "big", signed=True
        )


class _Ipv4(Kind):
    def _binary(self, text: bytes) -> bytes:
        return bytes(map(int, text.split(b".")))

    def to_text(self, value: bytes) -> bytes:
        return b"%d.%d.%d.%d" % tuple(value)


class _Key(Kind):
    """A public SSH key: base64 of its wire form, which begins with a length below 2^8 (RFC 4253, 6.6)."""

    def _binary(self, text: bytes) -> bytes:
        return base64.b64decode(text, validate=True)

    def to_text(self, value: bytes) -> bytes:
        return base64.b64encode(value)


KINDS: tuple[Kind, ...] = (
    _Uuid(
        "uuid",
        b"\x01",
        rb"(?<![0-9a-f])(?<![0-9a-f]-)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])",
        16,
    ),
    _Hex("hex", b"\x02", rb"(?<![0-9a-f])(?<![0-9a-f]-)(?:[0-9a-f]{2}){8,64}(?![0-9a-f-])"),
    _Colons("colons", b"\x03", rb"(?<![0-9a-f:])(?:[0-9a-f]{2}:){5,31}[0-9a-f]{2}(?![0-9a-f:])"),
    _Time("time", b"\x04", rb"(?<!\d)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?!\d)"),
    _Time("moment", b"\x05", rb"(?<!\d)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?!\d)"),
    _Ipv4("ipv4", b"\x06", rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", 4),
    _Key("key", b"\x07", rb"(?<![A-Za-z0-9+/])AAAA[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/=])"),
)
