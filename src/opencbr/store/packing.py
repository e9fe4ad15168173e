"""The parts of a record as bytes, before they are compressed and sealed.

docs/record-format.md has the layout. Nothing stands here twice: a document that the ShowMetadata body holds has no
body of its own here.
"""

import base64
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from opencbr.model.document import Disk, Document, Unread
from opencbr.model.record import Copy, Drift
from opencbr.model.secrets import INFRASTRUCTURE, SECRETS, Splice

_KINDS = (SECRETS, INFRASTRUCTURE)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_BASE64 = re.compile(rb'(\\?")([A-Za-z0-9+/]{16,}={0,2})\1\Z')


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
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


def pack_folder(folder: Folder) -> tuple[bytes, bytes]:
    """Write the `documents` part as text (a line of JSON, then the bodies) and binary (request ids, times)."""
    head = {
        "resource": [
            folder.resource_id,
            folder.resource_type,
            folder.resource_name,
            folder.availability_zone,
        ],
        "times": [moment.isoformat() for moment in (folder.started_at, folder.ended_at, folder.closed_at)],
        "verdict": folder.verdict,
        "documents": [_call(document) for document in folder.documents],
        "embedded": folder.embedded,
        "unread": [{**asdict(one), "read_at": one.read_at.isoformat()} for one in folder.unread],
        "hidden": folder.hidden,
        "gaps": folder.gaps,
        "drift": [asdict(one) for one in folder.drift],
        "disks": [asdict(one) for one in folder.disks],
        "copies": [asdict(one) for one in folder.copies],
    }
    marks: list[bytes] = []
    for document in folder.documents:
        if _is_plain(document.request_id):
            marks.append(uuid.UUID(str(document.request_id)[4:]).bytes)
        marks.append(_signed((document.read_at - folder.started_at) // _MICROSECOND))
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return text + b"".join(document.body for document in folder.documents), b"".join(marks)


def unpack_folder(text: bytes, binary: bytes) -> Folder:
    """Read what `pack_folder` wrote. Raises ValueError, LookupError or TypeError when it is something else."""
    line = text.index(b"\n")
    head: dict[str, Any] = json.loads(text[:line])
    bodies = _Cursor(text, line + 1)
    started_at, ended_at, closed_at = map(datetime.fromisoformat, head["times"])
    cursor = _Cursor(binary, 0)
    marks: list[tuple[str | None, datetime]] = []
    for call in head["documents"]:
        request_id = call[6]
        if request_id == 1:
            request_id = f"req-{uuid.UUID(bytes=cursor.take(16))}"
        marks.append((request_id, started_at + cursor.signed() * _MICROSECOND))
    documents = []
    for (name, service, method, path, microversion, status, _, size), (request_id, read_at) in zip(
        head["documents"], marks, strict=True
    ):
        documents.append(
            Document(
                name=name,
                service=service,
                method=method,
                path=path,
                microversion=microversion,
                status=status,
                request_id=request_id,
                read_at=read_at,
                body=bodies.take(size),
            )
        )
    bodies.finish()
    cursor.finish()
    resource_id, resource_type, resource_name, availability_zone = head["resource"]
    return Folder(
        resource_id=resource_id,
        resource_type=resource_type,
        resource_name=resource_name,
        availability_zone=availability_zone,
        started_at=started_at,
        ended_at=ended_at,
        closed_at=closed_at,
        verdict=head["verdict"],
        documents=tuple(documents),
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


def pack_splices(sealed: Sequence[Splice]) -> bytes:
    """Write sealed values: how many, then for each its place and length, then all values."""
    marks: list[bytes] = [_number(len(sealed))]
    values: list[bytes] = []
    done = 0
    for splice in sealed:
        plain = _from_base64(splice.verbatim)
        value = splice.verbatim if plain is None else plain
        marks += (_number(splice.offset - done), _number(splice.masked_length))
        marks.append(_number(len(value) << 2 | (plain is not None) << 1 | _KINDS.index(splice.kind)))
        values.append(value)
        done = splice.offset + splice.masked_length
    return b"".join(marks + values)


def unpack_splices(data: bytes, start: int = 0) -> tuple[tuple[Splice, ...], int]:
    """Read what `pack_splices` wrote at `start`, and say where it ends. Raises ValueError or LookupError."""
    cursor = _Cursor(data, start)
    marks = [(cursor.number(), cursor.number(), cursor.number()) for _ in range(cursor.number())]
    sealed: list[Splice] = []
    done = 0
    for gap, masked_length, how in marks:
        value = cursor.take(how >> 2)
        if how & 2:
            inside = value.index(b'"') + 1  # see _from_base64
            value = value[:inside] + base64.b64encode(value[inside:]) + value[:inside]
        sealed.append(Splice(done + gap, masked_length, value, _KINDS[how & 1]))
        done += gap + masked_length
    return tuple(sealed), cursor.place


def pack_many(lists: Iterable[Sequence[Splice]]) -> bytes:
    """Write the sealed values of several documents, one after the other."""
    return b"".join(pack_splices(sealed) for sealed in lists)


def unpack_many(data: bytes, start: int) -> Iterator[tuple[Splice, ...]]:
    """Read what `pack_many` wrote, to the end of `data`."""
    while start < len(data):
        sealed, start = unpack_splices(data, start)
        yield sealed


def _call(document: Document) -> list[Any]:
    return [
        document.name,
        document.service,
        document.method,
        document.path,
        document.microversion,
        document.status,
        1 if _is_plain(document.request_id) else document.request_id,
        len(document.body),
    ]


def _is_plain(request_id: str | None) -> bool:
    return request_id is not None and _PLAIN_REQUEST_ID.match(request_id) is not None


def _from_base64(token: bytes) -> bytes | None:
    """Decode a token that is base64 (user data, export records): what is inside compresses, base64 does not.

    The quote, escaped or not, stays in front. None when encoding again would not give the same bytes.
    """
    match = _BASE64.match(token)
    if match is None or len(match[2]) % 4:
        return None
    inside = base64.b64decode(match[2])
    return match[1] + inside if base64.b64encode(inside) == match[2] else None


def _number(value: int) -> bytes:
    """Write a number of 0 or more in groups of seven bits, lowest first."""
    out = bytearray()
    while value >> 7:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _signed(value: int) -> bytes:
    return _number(value << 1 if value >= 0 else (-value << 1) - 1)


class _Cursor:
    """Reads forward, and refuses to read past the end."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self.place = place

    def take(self, size: int) -> bytes:
        piece = self._data[self.place : self.place + size]
        if len(piece) != size:
            raise ValueError("the part ends too early")
        self.place += size
        return piece

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        value = self.number()
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def finish(self) -> None:
        if self.place != len(self._data):
            raise ValueError("the part goes on after its end")
