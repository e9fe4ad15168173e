"""The parts of a record as bytes, before they are compressed and sealed.

docs/record-format.md has the layout. Nothing stands here twice: a document that the ShowMetadata body holds has no
body of its own here.
"""

import base64
import json
import re
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from opencbr.model.document import Disk, Document, Unread
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import NotJson
from opencbr.model.record import Copy, Drift
from opencbr.model.secrets import Splice
from opencbr.store.columns import as_stored

_KINDS = (SECRETS, INFRASTRUCTURE)
_MICROSECOND = timedelta(microseconds=1)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_COUNT = struct.Struct("<I")
_NARROW = 0xFFFF
_SEPARATOR = b"\x1e"
_BASE64 = re.compile(rb'(\\?")([A-Za-z0-9+/]{16,}={0,2})\1\Z')


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHeader:
    """What the `documents` part holds. Bodies are masked; that of an embedded document is empty."""

    resource_id: str
    resource_type: str
    resource_name: str
    availability_zone: str | None
    started_at: datetime
    ended_at: datetime
    closed_at: datetime
    verdict: str
    documents: tuple[Document, ...]
    embedded: tuple[str, ...]
    unread: tuple[Unread, ...]
    hidden: tuple[str, ...]
    gaps: tuple[str, ...]
    drift: tuple[Drift, ...]
    disks: tuple[Disk, ...]
    copies: tuple[Copy, ...]


def pack_header(folder: RecordHeader) -> bytes:
    """Write the `documents` part as text: a line of JSON, then the bodies, each behind a separator.

    Names come from a cloud, whose JSON can say half a UTF-16 pair; they are kept as rows keep them. Raises NotJson for a
    body with a control character.
    """
    head = {
        "resource": [
            folder.resource_id,
            folder.resource_type,
            folder.resource_name,
            folder.availability_zone,
        ],
        "times": [moment.isoformat() for moment in (folder.started_at, folder.ended_at, folder.closed_at)],
        "verdict": folder.verdict,
        "embedded": folder.embedded,
        "unread": [{**asdict(one), "read_at": one.read_at.isoformat()} for one in folder.unread],
        "hidden": folder.hidden,
        "gaps": folder.gaps,
        "drift": [asdict(one) for one in folder.drift],
        "disks": [asdict(one) for one in folder.disks],
        "copies": [asdict(one) for one in folder.copies],
        "documents": [_call(document, folder.started_at) for document in folder.documents],
    }
    bodies = [document.body for document in folder.documents]
    if any(_SEPARATOR in body for body in bodies):
        raise NotJson("a control character stands in it")
    line = as_stored(json.dumps(head, separators=(",", ":"), ensure_ascii=False))
    return _SEPARATOR.join([line.encode(), *bodies])


def unpack_header(text: bytes) -> RecordHeader:
    """Read what `pack_header` wrote. Raises ValueError, LookupError or TypeError when it is something else."""
    line, *bodies = text.split(_SEPARATOR)
    head: dict[str, Any] = json.loads(line)
    started_at, ended_at, closed_at = map(datetime.fromisoformat, head["times"])
    documents = tuple(
        Document(
            name=name,
            service=service,
            method=method,
            path=path,
            microversion=microversion,
            status=status,
            request_id=request_id,
            read_at=started_at + after * _MICROSECOND,
            body=body,
        )
        for (name, service, method, path, microversion, status, request_id, after), body in zip(
            head["documents"], bodies, strict=True
        )
    )
    resource_id, resource_type, resource_name, availability_zone = head["resource"]
    return RecordHeader(
        resource_id=resource_id,
        resource_type=resource_type,
        resource_name=resource_name,
        availability_zone=availability_zone,
        started_at=started_at,
        ended_at=ended_at,
        closed_at=closed_at,
        verdict=head["verdict"],
        documents=documents,
        embedded=tuple(head["embedded"]),
        unread=tuple(
            Unread(**{**one, "read_at": datetime.fromisoformat(one["read_at"])}) for one in head["unread"]
        ),
        hidden=tuple(head["hidden"]),
        gaps=tuple(head["gaps"]),
        drift=tuple(Drift(**one) for one in head["drift"]),
        disks=tuple(Disk(**one) for one in head["disks"]),
        copies=tuple(Copy(**one) for one in head["copies"]),
    )


Marks = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""Three columns, an entry for each sealed value: bytes since the one before, length in the masked text, how it is kept."""


def pack_splices(sealed: Iterable[Splice]) -> tuple[bytes, bytes]:
    """Write sealed values: their marks (how many, then a column each of gaps, lengths and kinds), and the values.

    The numbers have two bytes where they fit, so that the reader, who is in a hurry, gets them all in one call.
    """
    columns: tuple[list[int], list[int], list[int]] = ([], [], [])
    values: list[bytes] = []
    done = 0
    for splice in sealed:
        plain = _from_base64(splice.verbatim)
        value = splice.verbatim if plain is None else plain
        how = len(value) << 2 | (plain is not None) << 1 | _KINDS.index(splice.kind)
        for column, number in zip(columns, (splice.offset - done, splice.masked_length, how), strict=True):
            column.append(number)
        values.append(value)
        done = splice.offset + splice.masked_length
    numbers = [number for column in columns for number in column]
    wide = any(number > _NARROW for number in numbers)
    head = _COUNT.pack(len(values) << 1 | wide)
    return head + struct.pack(_numbers(len(numbers), wide=wide), *numbers), b"".join(values)


def unpack_marks(data: bytes, start: int = 0) -> tuple[Marks, int]:
    """Read the marks at `start`, and say where they end. Raises struct.error."""
    (head,) = _COUNT.unpack_from(data, start)
    count, wide = head >> 1, head & 1
    form = _numbers(3 * count, wide=wide)
    numbers = struct.unpack_from(form, data, start + _COUNT.size)
    columns = (numbers[:count], numbers[count : 2 * count], numbers[2 * count :])
    return columns, start + _COUNT.size + struct.calcsize(form)


def unpack_values(marks: Marks, data: bytes, start: int = 0) -> list[Splice]:
    """Read the values of `marks`, which begin at `start`. Raises ValueError."""
    sealed: list[Splice] = []
    place, offset = start, 0
    for gap, length, how in zip(*marks, strict=True):
        offset += gap
        end = place + (how >> 2)
        value = data[place:end]
        if how & 2:
            inside = value.index(b'"') + 1  # see _from_base64
            value = value[:inside] + base64.b64encode(value[inside:]) + value[:inside]
        sealed.append(Splice(offset, length, value, _KINDS[how & 1]))
        offset += length
        place = end
    if place != len(data):
        raise ValueError("the values do not fit their marks")
    return sealed


def _numbers(count: int, *, wide: int) -> str:
    return f"<{count}{'I' if wide else 'H'}"


def _call(document: Document, started_at: datetime) -> list[Any]:
    return [
        document.name,
        document.service,
        document.method,
        document.path,
        document.microversion,
        document.status,
        document.request_id,
        (document.read_at - started_at) // _MICROSECOND,
    ]


def _from_base64(token: bytes) -> bytes | None:
    """Decode a token that is base64 (user data, export records): what is inside compresses, base64 does not.

    The quote, escaped or not, stays in front. None when encoding again would not give the same bytes, and when control
    characters come out.
    """
    match = _BASE64.match(token)
    if match is None or len(match[2]) % 4:
        return None
    inside = base64.b64decode(match[2])
    if _CONTROL.search(inside) or base64.b64encode(inside) != match[2]:
        return None
    return match[1] + inside
