"""Whether the record is genuine and whole, as far as its export tells: signature, documents, place in the chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.json_values import Moment, member, moment_of, number_of, text_of, words
from opencbr.records.offline_verification import verify_export


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was checked. `problems` is empty when digest, signature and every document fit together.

    The check is made with the public key that the export names: whether that is the installation's own, a reader compares.
    """

    problems: tuple[str, ...]
    format: str | None
    digest: str | None
    signature: str | None
    public_key: str | None
    documents: int
    closed: Moment | None
    sequence: int | None
    previous: str | None
    """Digest of the record before in the chain of this resource, None for the first."""


def proof_of(record: Mapping[str, Any] | None) -> Proof | None:
    """Check what ShowRecord answers; None when it was refused."""
    if record is None:
        return None
    manifest = member(record, "manifest")
    documents = member(manifest, "documents")
    return Proof(
        problems=tuple(
            filter(None, map(words, verify_export(dict(record), text_of(record, "public_key") or "")))
        ),
        format=text_of(record, "format"),
        digest=text_of(record, "digest"),
        signature=text_of(record, "signature"),
        public_key=text_of(record, "public_key"),
        documents=len(documents) if isinstance(documents, list) else 0,
        closed=moment_of(manifest, "closed_at"),
        sequence=number_of(manifest, "chain", "sequence"),
        previous=text_of(manifest, "chain", "previous"),
    )
