"""From a record to its three sealed parts, and back. docs/record-format.md has the layout.

`answer` is the masked ShowMetadata body. `secrets` is what puts the sealed values back, the salt among it. `documents`
is everything else. A reader of the masked body opens the first part only.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import zstandard

from opencbr.keys.aead import SealBroken, bound_to, seal, unseal
from opencbr.keys.project_keys import ProjectKey
from opencbr.model.document import Document
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import NotJson
from opencbr.model.metadata import Rendered, embedded_texts
from opencbr.model.record import Page, Record, page_of, views_of
from opencbr.model.secrets import MASKED, VERBATIM, Masked, Splice, View, reveal
from opencbr.records.binary import joined, parted
from opencbr.records.build import Composed, RecordRefused
from opencbr.records.compression import Dictionary, load_dictionary
from opencbr.records.layout import (
    RecordHeader,
    pack_header,
    pack_splices,
    unpack_header,
    unpack_marks,
    unpack_values,
)
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.records.tokens import Apart, put_together, take_apart
from opencbr.store.errors import RecordDamaged

SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts as stored."""

    answer: bytes
    secrets: bytes
    documents: bytes


@dataclass(frozen=True, slots=True)
class Streams:
    """A record as what is compressed.

    All is one stream in this order, so that later pieces refer to earlier ones. `shown` is what is sealed in the answer,
    `salted` and `secrets` are the record salt and what is sealed elsewhere.
    """

    answer: bytes
    shown: bytes
    documents: Apart
    salted: bytes
    secrets: Apart


def streams_of(composed: Composed) -> Streams:
    """Write a record as bytes. Raises NotJson."""
    record, rendered, masked = composed.record, composed.rendered, composed.masked
    folder = RecordHeader(
        resource_id=record.resource_id,
        resource_type=record.resource_type,
        resource_name=record.resource_name,
        availability_zone=record.availability_zone,
        started_at=record.started_at,
        ended_at=record.ended_at,
        closed_at=record.closed_at,
        verdict=record.verdict,
        documents=tuple(_stored(page.document, rendered, masked) for page in record.pages),
        embedded=rendered.embedded,
        unread=record.unread,
        hidden=record.hidden,
        gaps=record.gaps,
        drift=record.drift,
        disks=record.disks,
        copies=record.copies,
    )
    text = pack_header(folder)
    marks, values = pack_splices(_laid_end_to_end(composed))
    return Streams(
        answer=rendered.body,
        shown=b"".join(pack_splices(rendered.sealed)),
        documents=take_apart(text, rendered.body),
        salted=record.salt + marks,
        secrets=take_apart(values, rendered.body + text),
    )


def _laid_end_to_end(composed: Composed) -> Iterator[Splice]:
    """Yield the sealed values of the documents that the answer does not hold, as if these were one text."""
    start = 0
    for page in composed.record.pages:
        if page.document.name not in composed.rendered.embedded:
            one = composed.masked[page.document.name]
            for splice in one.sealed:
                yield splice._replace(offset=start + splice.offset)
            start += len(one.body)


def seal_parts(composed: Composed, key: ProjectKey, dictionary: Dictionary) -> Parts:
    """Compress and seal a record. Raises RecordRefused for a document that is no JSON."""
    record = composed.record
    try:
        streams = streams_of(composed)
    except NotJson as error:
        raise RecordRefused(f"the record of backup {record.backup_id} cannot be kept: {error}") from error
    answer, shown, *pieces = dictionary.compress(
        [streams.answer, streams.shown, *streams.documents, streams.salted, *streams.secrets]
    )

    def sealed(part: str, data: bytes) -> bytes:
        return seal(key.aead, data, bound_to(part, record.project_id, record.backup_id))

    return Parts(
        answer=sealed("answer", answer),
        secrets=sealed("secrets", joined([shown, joined(pieces[3:])])),
        documents=sealed("documents", joined(pieces[:3])),
    )


def open_answer(
    row: tuple[str, str, bytes, bytes | None], project_id: str, key: ProjectKey, view: View
) -> bytes:
    """Give the ShowMetadata body in a view. `row` is backup id, dictionary id, `answer` and `secrets`.

    `secrets` is opened only when the view asks for it. Raises RecordDamaged.
    """
    backup_id, dictionary_id, answer, secrets = row
    try:
        dictionary = load_dictionary(dictionary_id)
        piece = unseal(key.aead, answer, bound_to("answer", project_id, backup_id))
        if not view or secrets is None:
            return dictionary.first(piece)
        shown, _ = parted(unseal(key.aead, secrets, bound_to("secrets", project_id, backup_id)), 2)
        body, sealed = dictionary.first_two(piece, shown)
        return reveal(body, _shown(sealed), view)
    except _DAMAGE as error:
        raise _damaged(backup_id) from error


def open_record(row: RecordRow, link: Link, key: ProjectKey) -> Record:
    """Open all parts of a record. Raises RecordDamaged when they do not fit together."""
    try:
        return _open(row, link, key)
    except _DAMAGE as error:
        raise _damaged(row.backup_id) from error


_DAMAGE = (
    SealBroken,
    zstandard.ZstdError,
    struct.error,
    LookupError,
    OverflowError,
    TypeError,
    ValueError,
    StopIteration,
)
"""What opening a part that was changed can end in; nearly always the first."""


def _open(row: RecordRow, link: Link, key: ProjectKey) -> Record:
    answer, secrets, documents = (
        unseal(key.aead, data, bound_to(part, row.project_id, row.backup_id))
        for part, data in (("answer", row.answer), ("secrets", row.secrets), ("documents", row.documents))
    )
    dictionary = load_dictionary(row.dictionary_id)
    shown, hidden = parted(secrets, 2)
    body, sealed, *pieces = dictionary.decompress([answer, shown, *parted(documents, 3), *parted(hidden, 4)])
    text = put_together(Apart(*pieces[:3]), body)
    folder = unpack_header(text)
    salted, values = pieces[3], put_together(Apart(*pieces[4:]), body + text)
    marks, _ = unpack_marks(salted, SALT_BYTES)
    separate = unpack_values(marks, values)
    return Record(
        backup_id=row.backup_id,
        project_id=row.project_id,
        resource_id=folder.resource_id,
        resource_type=folder.resource_type,
        resource_name=folder.resource_name,
        availability_zone=folder.availability_zone,
        started_at=folder.started_at,
        ended_at=folder.ended_at,
        closed_at=folder.closed_at,
        verdict=folder.verdict,
        pages=_pages(folder, body, _shown(sealed), separate),
        unread=folder.unread,
        hidden=folder.hidden,
        gaps=folder.gaps,
        drift=folder.drift,
        disks=folder.disks,
        copies=folder.copies,
        salt=salted[:SALT_BYTES],
        signer=row.signer.hex(),
        sequence=row.sequence,
        previous=link.previous,
    )


def _shown(data: bytes) -> list[Splice]:
    marks, end = unpack_marks(data)
    return unpack_values(marks, data, end)


def _pages(
    folder: RecordHeader, body: bytes, shown: Sequence[Splice], separate: Sequence[Splice]
) -> tuple[Page, ...]:
    kinds = (frozenset({INFRASTRUCTURE}), frozenset({SECRETS}))
    views = [MASKED, *kinds, VERBATIM]
    texts = {view: embedded_texts(reveal(body, shown, view), folder.embedded) for view in views}
    pages = []
    start = 0
    for document in folder.documents:
        name = document.name
        if name in texts[MASKED]:
            present = frozenset(
                chain.from_iterable(kind for kind in kinds if texts[kind][name] != texts[MASKED][name])
            )
            bodies = {view: texts[view][name] for view in (MASKED, *views_of(present))}
            pages.append(Page(replace(document, body=texts[VERBATIM][name]), bodies))
        else:
            end = start + len(document.body)
            masked = Masked(
                document.body,
                tuple(
                    one._replace(offset=one.offset - start) for one in separate if start <= one.offset < end
                ),
            )
            start = end
            verbatim = reveal(masked.body, masked.sealed, VERBATIM)
            pages.append(page_of(replace(document, body=verbatim), masked))
    return tuple(pages)


def _stored(document: Document, rendered: Rendered, masked: Mapping[str, Masked]) -> Document:
    """Give the document as the folder keeps it: masked, and without a body when the answer has it."""
    body = b"" if document.name in rendered.embedded else masked[document.name].body
    return replace(document, body=body)


def _damaged(backup_id: str) -> RecordDamaged:
    return RecordDamaged(
        f"the record of backup {backup_id} is damaged: its stored parts do not open or do not fit together"
    )
