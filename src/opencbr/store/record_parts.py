"""From a record to its three sealed parts, and back. docs/record-format.md has the layout.

`answer` is the masked ShowMetadata body. `secrets` is what puts the sealed values back, the salt among it. `documents`
is everything else. A reader of the masked body opens the first part only.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import zstandard

from opencbr.model.document import Document
from opencbr.model.metadata import Rendered, embedded_texts
from opencbr.model.record import Page, Record, page_of, views_of
from opencbr.model.secrets import INFRASTRUCTURE, MASKED, SECRETS, VERBATIM, Masked, Splice, View, reveal
from opencbr.store.dictionary import Dictionary, load_dictionary
from opencbr.store.errors import StoreError
from opencbr.store.keys import ProjectKey
from opencbr.store.packing import (
    Folder,
    pack_folder,
    pack_many,
    pack_splices,
    unpack_folder,
    unpack_many,
    unpack_splices,
)
from opencbr.store.record_rows import Link, RecordRow
from opencbr.store.sealing import SealBroken, bound_to, seal, unseal
from opencbr.store.shortening import lengthen, shorten

SALT_BYTES = 32
_SIZE = struct.Struct(">I")


class RecordDamaged(StoreError):
    """A stored record is not what it was when it was closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts as stored."""

    answer: bytes
    secrets: bytes
    documents: bytes


def seal_parts(
    record: Record, rendered: Rendered, masked: Mapping[str, Masked], key: ProjectKey, dictionary: Dictionary
) -> Parts:
    """Compress and seal a record; `masked` has every document of it by name."""
    folder = Folder(
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
    text, binary = pack_folder(folder)
    short, ids = shorten(text, rendered.body)
    separate = [masked[page.document.name].sealed for page in record.pages if _is_apart(page, rendered)]
    answer, words, marks, values = dictionary.compress(
        [rendered.body, short, _joined(binary, ids), record.salt + pack_many(separate)]
    )
    # Not a part of the stream: the reader of the body in clear needs these, and nothing of the documents.
    (shown,) = dictionary.compress([pack_splices(rendered.sealed)])

    def sealed(part: str, data: bytes) -> bytes:
        return seal(key.aead, data, _bound(part, record.project_id, record.backup_id))

    return Parts(
        answer=sealed("answer", answer),
        secrets=sealed("secrets", _joined(shown, values)),
        documents=sealed("documents", _joined(words, marks)),
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
        body = dictionary.first(unseal(key.aead, answer, _bound("answer", project_id, backup_id)))
        if not view or secrets is None:
            return body
        shown, _ = _parted(unseal(key.aead, secrets, _bound("secrets", project_id, backup_id)))
        sealed, _ = unpack_splices(dictionary.first(shown))
        return reveal(body, sealed, view)
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
    FileNotFoundError,
    LookupError,
    TypeError,
    ValueError,
    StopIteration,
)
"""What opening a part that was changed can end in; nearly always the first."""


def _open(row: RecordRow, link: Link, key: ProjectKey) -> Record:
    answer, secrets, documents = (
        unseal(key.aead, data, _bound(part, row.project_id, row.backup_id))
        for part, data in (("answer", row.answer), ("secrets", row.secrets), ("documents", row.documents))
    )
    dictionary = load_dictionary(row.dictionary_id)
    words, marks = _parted(documents)
    shown, values = _parted(secrets)
    body, short, places, salted = dictionary.decompress([answer, words, marks, values])
    binary, ids = _parted(places)
    folder = unpack_folder(lengthen(short, ids, body), binary)
    shown_sealed, _ = unpack_splices(dictionary.first(shown))
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
        pages=_pages(folder, body, shown_sealed, salted),
        unread=folder.unread,
        hidden=folder.hidden,
        gaps=folder.gaps,
        drift=folder.drift,
        disks=folder.disks,
        copies=folder.copies,
        salt=salted[:SALT_BYTES],
        signer=row.signer,
        sequence=row.sequence,
        previous=link.previous,
    )


def _pages(folder: Folder, body: bytes, shown: Sequence[Splice], salted: bytes) -> tuple[Page, ...]:
    kinds = (frozenset({INFRASTRUCTURE}), frozenset({SECRETS}))
    views = [MASKED, *kinds, VERBATIM]
    texts = {view: embedded_texts(reveal(body, shown, view), folder.embedded) for view in views}
    separate = unpack_many(salted, SALT_BYTES)
    pages = []
    for document in folder.documents:
        name = document.name
        if name in texts[MASKED]:
            present = frozenset(
                chain.from_iterable(kind for kind in kinds if texts[kind][name] != texts[MASKED][name])
            )
            bodies = {view: texts[view][name] for view in (MASKED, *views_of(present))}
            pages.append(Page(replace(document, body=texts[VERBATIM][name]), bodies))
        else:
            masked = Masked(document.body, next(separate))
            verbatim = reveal(masked.body, masked.sealed, VERBATIM)
            pages.append(page_of(replace(document, body=verbatim), masked))
    return tuple(pages)


def _stored(document: Document, rendered: Rendered, masked: Mapping[str, Masked]) -> Document:
    """Give the document as the folder keeps it: masked, and without a body when the answer has it."""
    body = b"" if document.name in rendered.embedded else masked[document.name].body
    return replace(document, body=body)


def _is_apart(page: Page, rendered: Rendered) -> bool:
    return page.document.name not in rendered.embedded


def _bound(part: str, project_id: str, backup_id: str) -> bytes:
    return bound_to(part, project_id, backup_id)


def _joined(first: bytes, second: bytes) -> bytes:
    return _SIZE.pack(len(first)) + first + second


def _parted(data: bytes) -> tuple[bytes, bytes]:
    (size,) = _SIZE.unpack_from(data)
    cut = _SIZE.size + size
    return data[_SIZE.size : cut], data[cut:]


def _damaged(backup_id: str) -> RecordDamaged:
    return RecordDamaged(
        f"the record of backup {backup_id} is damaged: its stored parts do not open or do not fit together"
    )
