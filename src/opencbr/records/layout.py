"""The texts that are kept of a record beside the ShowMetadata body, as JSON. docs/record-format.md has their members.

What the manifest says too stands here in the manifest's own words. Nothing is kept twice: a document that the body
holds has no text of its own here, but a path into the body.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from opencbr.model.document import Disk, Document, Reading, Unread
from opencbr.model.json_spans import NotJson
from opencbr.model.manifest import describe_call, describe_reading, describe_record
from opencbr.model.metadata import Place
from opencbr.model.record import Drift, Record, StoredDisk
from opencbr.model.secrets import Masked, Splice
from opencbr.model.times import parse_time
from opencbr.store.columns import as_stored

_BASE64 = re.compile(r'(\\?")([A-Za-z0-9+/]{16,}={0,2})\1')


class MaskedValue(msgspec.Struct, omit_defaults=True):
    """A value that was masked: where its mask stands in the masked text, how long that is, its class and its own text.

    User data and export records are base64, which does not compress: such a value has the quote, escaped or not, and what
    the base64 encodes.
    """

    offset: int
    length: int
    kind: str = msgspec.field(name="class")
    text: str
    base64: bool = False


class Secrets(msgspec.Struct):
    """The `secrets` text: the salt in hex, the values masked in the body, and those of documents that it does not hold."""

    salt: str
    answer: list[MaskedValue]
    documents: dict[str, list[MaskedValue]]


class _OfAnswer(msgspec.Struct):
    """What puts the body's own values back, of a `secrets` text: the rest is not even looked at."""

    answer: list[MaskedValue]


_secrets = msgspec.json.Decoder(Secrets)
_of_answer = msgspec.json.Decoder(_OfAnswer)


def write_secrets(salt: bytes, answer: Iterable[Splice], documents: Mapping[str, Masked]) -> bytes:
    """Write the `secrets` text; `documents` are those that the body does not hold, by name."""
    others = {name: _values(one.splices) for name, one in documents.items() if one.splices}
    return msgspec.json.encode(Secrets(salt.hex(), _values(answer), others))


def read_secrets(text: bytes) -> Secrets:
    """Read what `write_secrets` wrote. Raises ValueError for something else."""
    return _secrets.decode(text)


def read_answer_secrets(text: bytes) -> list[MaskedValue]:
    """Read the values masked in the body alone. Raises ValueError for something else."""
    return _of_answer.decode(text).answer


def splices_of(values: Iterable[MaskedValue]) -> list[Splice]:
    """Give what puts masked values back."""
    return [
        Splice(one.offset, one.length, _encoded(one.text) if one.base64 else one.text.encode(), one.kind)
        for one in values
    ]


def write_documents(record: Record, embedded: Mapping[str, Place], masked: Mapping[str, Masked]) -> bytes:
    """Write the `documents` text; `embedded` says where in the body a document stands, `masked` has the bodies by name."""
    documents = []
    for page in record.pages:
        name = page.document.name
        kept = {"in_answer": embedded[name]} if name in embedded else {"body": masked[name].body.decode()}
        documents.append({**describe_call(page.document), **kept})
    return _json({**describe_record(record), "documents": documents}).encode()


def read_documents(text: bytes) -> dict[str, Any]:
    """Read what `write_documents` wrote, its members made what a Record's fields are; `documents` stay as they are."""
    read = json.loads(text)
    return {
        **_reading_fields(read),
        "closed_at": parse_time(read["closed_at"]),
        "verdict": read["verdict"],
        "drift": tuple(Drift(**one) for one in read["drift"]),
        "disk_backups": tuple(StoredDisk(**one) for one in read["disk_backups"]),
        "documents": read["documents"],
    }


def write_reading(reading: Reading) -> bytes:
    """Write a reading with its documents as they were read, for the time until the record is closed.

    Names come from a cloud, whose JSON can say half a UTF-16 pair; they are kept as rows keep them. Raises NotJson for a
    body that is not UTF-8.
    """
    try:
        documents = [{**describe_call(one), "body": one.body.decode()} for one in reading.documents]
    except UnicodeDecodeError as error:
        raise NotJson(
            f"a document is not JSON: no UTF-8 at byte {error.start}"
        ) from None  # it holds the body
    return as_stored(_json({**describe_reading(reading), "documents": documents})).encode()


def read_reading(text: bytes, project_id: str) -> Reading:
    """Read what `write_reading` wrote."""
    read = json.loads(text)
    documents = tuple(document_of(one, one["body"].encode()) for one in read["documents"])
    return Reading(project_id=project_id, documents=documents, **_reading_fields(read))


def document_of(call: Mapping[str, Any], body: bytes) -> Document:
    """Make a document of an entry of `documents`."""
    read_at = parse_time(call["read_at"])
    same = ("name", "service", "method", "path", "microversion", "status", "request_id")
    return Document(**{name: call[name] for name in same}, read_at=read_at, body=body)


def _reading_fields(read: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that a record has of its reading."""
    resource = read["resource"]
    return {
        "resource_id": resource["id"],
        "resource_type": resource["type"],
        "resource_name": resource["name"],
        "availability_zone": resource["availability_zone"],
        "started_at": parse_time(read["started_at"]),
        "ended_at": parse_time(read["ended_at"]),
        "unread": tuple(Unread(**{**one, "read_at": parse_time(one["read_at"])}) for one in read["unread"]),
        "hidden": tuple(read["hidden"]),
        "gaps": tuple(read["gaps"]),
        "disks": tuple(Disk(**one) for one in read["disks"]),
    }


def _values(splices: Iterable[Splice]) -> list[MaskedValue]:
    return [_value(one, one.verbatim.decode()) for one in splices]


def _value(splice: Splice, text: str) -> MaskedValue:
    decoded = _decoded(text)
    kept = text if decoded is None else decoded
    return MaskedValue(splice.offset, splice.masked_length, splice.kind, kept, decoded is not None)


def _decoded(text: str) -> str | None:
    """Decode a value that is base64 of a text; None when encoding again would not give the same."""
    match = _BASE64.fullmatch(text)
    try:
        decoded = match[1] + base64.b64decode(match[2]).decode() if match else None
    except ValueError:
        return None
    return decoded if decoded is not None and _encoded(decoded) == text.encode() else None


def _encoded(text: str) -> bytes:
    quote, _, decoded = text.partition('"')
    return b'%s"%s%s"' % (quote.encode(), base64.b64encode(decoded.encode()), quote.encode())


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
