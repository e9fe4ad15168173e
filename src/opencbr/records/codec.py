"""From a record to its three sealed parts, and back. docs/record-format.md is the specification.

`answer` is the masked ShowMetadata body. `secrets` is what puts the masked values back, the salt among it. `documents`
is everything else. A reader of the masked body opens the first part only, of one disk's body all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opencbr.keys.aead import SealBroken, bound_to, seal, unseal
from opencbr.keys.project_keys import ProjectKey
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.metadata import texts_at
from opencbr.model.record import Page, Record, page_of, views_of
from opencbr.model.secrets import MASKED, VERBATIM, Masked, View, reveal
from opencbr.records.build import Composed
from opencbr.records.compression import Dictionary, load_dictionary
from opencbr.records.layout import (
    Secrets,
    document_of,
    read_answer_secrets,
    read_documents,
    read_secrets,
    splices_of,
    write_documents,
    write_secrets,
)
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.store.errors import RecordDamaged

SALT_BYTES = 16
PARTS = ("answer", "secrets", "documents")
"""The parts in the order in which they are compressed: each refers to the texts of those before it."""


def texts_of(composed: Composed) -> tuple[bytes, bytes, bytes]:
    """Give the texts of PARTS. Raises UnicodeEncodeError for a text that is no Unicode."""
    record, rendered, masked = composed.record, composed.rendered, composed.masked
    others = {name: one for name, one in masked.items() if name not in rendered.embedded}
    return (
        rendered.body,
        write_secrets(record.salt, rendered.splices, others),
        write_documents(record, rendered.embedded, others),
    )


def seal_parts(composed: Composed, key: ProjectKey, dictionary: Dictionary) -> dict[str, bytes]:
    """Compress and seal a record: the bytes of each of PARTS. Raises UnicodeEncodeError as `texts_of` does."""
    record = composed.record
    return {
        part: seal(key.aead, piece, bound_to(part, record.project_id, record.backup_id))
        for part, piece in zip(PARTS, dictionary.compress(texts_of(composed)), strict=True)
    }


def open_answer(
    row: tuple[str, str, bytes, bytes | None], project_id: str, key: ProjectKey, view: View
) -> bytes:
    """Give the ShowMetadata body in a view. `row` is backup id, dictionary id, `answer` and `secrets`.

    `secrets` is opened only when the view asks for it. Raises RecordDamaged.
    """
    backup_id, dictionary_id, answer, secrets = row
    try:
        stored = [answer] if not view or secrets is None else [answer, secrets]
        body, *more = _open_texts(stored, dictionary_id, project_id, backup_id, key)
        return reveal(body, splices_of(read_answer_secrets(more[0])), view) if more else body
    except _DAMAGE as error:
        raise _damaged(backup_id) from error


def open_disks(
    row: tuple[str, str, bytes | None, bytes | None, bytes | None], project_id: str, key: ProjectKey
) -> dict[str, str]:
    """Give the disks of a record: the id of each disk's own backup -> its volume.

    `row` is backup id, dictionary id and the three parts. Raises RecordDamaged.
    """
    backup_id, dictionary_id, *stored = row
    try:
        texts = _open_texts(stored, dictionary_id, project_id, backup_id, key)
        return {one.backup_id: one.volume_id for one in read_documents(texts[-1])["disk_backups"]}
    except _DAMAGE as error:
        raise _damaged(backup_id) from error


def open_record(row: RecordRow, link: Link, key: ProjectKey) -> Record:
    """Open all parts of a record. Raises RecordDamaged when they do not fit together."""
    try:
        stored = [row.answer, row.secrets, row.documents]
        body, secrets_text, documents_text = _open_texts(
            stored, row.dictionary_id, row.project_id, row.backup_id, key
        )
        secrets, described = read_secrets(secrets_text), read_documents(documents_text)
        return Record(
            backup_id=row.backup_id,
            project_id=row.project_id,
            pages=tuple(_pages(described.pop("documents"), body, secrets)),
            salt=bytes.fromhex(secrets.salt),
            signer=row.signer.hex(),
            sequence=row.sequence,
            previous=link.previous,
            **described,
        )
    except _DAMAGE as error:
        raise _damaged(row.backup_id) from error


_DAMAGE = (SealBroken, LookupError, TypeError, ValueError, AttributeError)
"""What opening a part that was changed can end in; nearly always the first."""


def _open_texts(
    stored: Sequence[bytes | None], dictionary_id: str, project_id: str, backup_id: str, key: ProjectKey
) -> list[bytes]:
    """Open the first of PARTS, as many as there are in `stored`."""
    dictionary = load_dictionary(dictionary_id)
    return dictionary.decompress(
        [
            unseal(key.aead, data or b"", bound_to(part, project_id, backup_id))
            for part, data in zip(PARTS, stored, strict=False)
        ]
    )


def _pages(entries: Sequence[Mapping[str, Any]], body: bytes, secrets: Secrets) -> Iterator[Page]:
    """Yield the documents in every view: those in the body are read out of it, once a view."""
    places = {entry["name"]: entry["in_answer"] for entry in entries if "in_answer" in entry}
    splices = splices_of(secrets.answer)
    kinds = frozenset({SECRETS, INFRASTRUCTURE})
    texts = {view: texts_at(reveal(body, splices, view), places) for view in (MASKED, *views_of(kinds))}
    for entry in entries:
        name = entry["name"]
        if name in places:
            present = frozenset(
                kind for kind in kinds if texts[frozenset({kind})][name] != texts[MASKED][name]
            )
            bodies = {view: texts[view][name] for view in (MASKED, *views_of(present))}
            yield Page(document_of(entry, texts[VERBATIM][name]), bodies)
        else:
            masked = Masked(entry["body"].encode(), tuple(splices_of(secrets.documents.get(name, ()))))
            verbatim = reveal(masked.body, masked.splices, VERBATIM)
            yield page_of(document_of(entry, verbatim), masked)


def _damaged(backup_id: str) -> RecordDamaged:
    return RecordDamaged(
        f"the record of backup {backup_id} is damaged: its stored parts do not open or do not fit together"
    )
