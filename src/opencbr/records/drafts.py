"""Readings kept between the steps of a backup: as bytes, compressed and sealed, verbatim."""

from opencbr.keys.aead import SealBroken, bound_to, seal, unseal
from opencbr.keys.project_keys import Keys
from opencbr.model.document import Document, Reading
from opencbr.records.compression import load_dictionary
from opencbr.records.layout import read_reading, write_reading

BEFORE = "before"
AFTER = "after"
EXPORT = "export"
IMAGE = "image"


def seal_reading(keys: Keys, *, project_id: str, backup_id: str, part: str, reading: Reading) -> bytes:
    """Give one part as it is stored. Raises NotJson."""
    key = keys.current(project_id)
    dictionary = load_dictionary()
    (piece,) = dictionary.compress([write_reading(reading)])
    head = f"{key.id}\n{dictionary.id}\n".encode()
    bound = bound_to("draft", part, project_id, backup_id)
    return head + seal(key.aead, piece, bound)


def open_reading(keys: Keys, stored: bytes, *, project_id: str, backup_id: str, part: str) -> Reading:
    """Open what `seal_reading` gave. Raises SealBroken when it does not open for this project."""
    try:
        key_id, dictionary_id, sealed = stored.split(b"\n", 2)
        key = keys.of(project_id, key_id.decode())
        piece = unseal(key.aead, sealed, bound_to("draft", part, project_id, backup_id))
        (text,) = load_dictionary(dictionary_id.decode()).decompress([piece])
        return read_reading(text, project_id)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SealBroken(f"a kept reading of backup {backup_id} cannot be read") from error


def as_reading(project_id: str, resource_id: str, documents: tuple[Document, ...]) -> Reading:
    """Make a reading of documents alone, so that they are kept in the same way. Needs at least one."""
    moments = [document.read_at for document in documents]
    return Reading(
        resource_id=resource_id,
        resource_type="",
        resource_name="",
        project_id=project_id,
        availability_zone=None,
        documents=documents,
        unread=(),
        hidden=(),
        disks=(),
        started_at=min(moments),
        ended_at=max(moments),
    )
