"""Walking the chain of one resource's records. docs/record-format.md says what that shows and what it cannot."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from opencbr.records.links import Link

STANDS, TOMBSTONE, MISSING, DAMAGED = "stands", "tombstone", "missing", "damaged"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a chain: whoever notes it elsewhere can tell later that nothing was cut off. Digest in hex."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A link as found, and what became of its record: it stands, is damaged, buried (tombstone) or missing."""

    sequence: int
    backup_id: str
    record: str
    digest: str
    closed_at: datetime
    buried_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain as found, first link first, and what is wrong with it, a sentence each; none when it is whole."""

    project_id: str
    resource_id: str
    head: Head | None
    links: tuple[Walked, ...]
    problems: tuple[str, ...]


def walk(
    project_id: str,
    resource_id: str,
    links: Sequence[Link],
    *,
    proofs: Mapping[str, str | None],
    owing: Collection[str] = (),
    noted: Head | None = None,
) -> Chain:
    """Walk the links in their order.

    `proofs` has the backups whose records are there: None, or what is wrong with the record. `owing` are the backups
    that must have one, `noted` is the head at an earlier time.
    """
    walked = tuple(_walked(link, proofs) for link in links)
    problems: list[str] = []
    for before, link, found in zip([None, *links], links, walked, strict=False):
        wrong = [*_joint(before, link), *_record(link, found, proofs, owing)]
        problems += [f"link {link.sequence} (backup {link.backup_id}): {sentence}" for sentence in wrong]
    linked = {link.backup_id for link in links}
    problems += [
        proofs.get(one) or f"backup {one}: it must have a record, and has neither record nor link"
        for one in owing
        if one not in linked
    ]
    heads = [Head(one.sequence, one.digest) for one in walked]
    if noted is not None and noted not in heads:
        ends = f"ends with link {heads[-1].sequence}" if heads else "is gone"
        problems.append(
            f"the head noted before, link {noted.sequence} with digest {noted.digest}, is not in the chain, which {ends}"
        )
    return Chain(
        project_id=project_id,
        resource_id=resource_id,
        head=heads[-1] if heads else None,
        links=walked,
        problems=tuple(problems),
    )


def _walked(link: Link, proofs: Mapping[str, str | None]) -> Walked:
    if link.backup_id in proofs:
        record = STANDS if proofs[link.backup_id] is None else DAMAGED
    else:
        record = MISSING if link.buried_at is None else TOMBSTONE
    return Walked(
        sequence=link.sequence,
        backup_id=link.backup_id,
        record=record,
        digest=link.digest.hex(),
        closed_at=link.closed_at,
        buried_at=link.buried_at,
    )


def _joint(before: Link | None, link: Link) -> Iterator[str]:
    """Say what is wrong between a link and the one before it."""
    expected = 1 if before is None else before.sequence + 1
    if link.sequence < expected:
        yield "its number is not above the one before it" if before else "a chain begins with link 1"
    elif link.sequence > expected:
        last = link.sequence - 1
        yield f"link {last} is gone" if last == expected else f"links {expected} to {last} are gone"
    elif link.previous != (before.digest if before else None):
        yield (
            "the digest it names as the one before is not that link's" if before else "it names one before it"
        )


def _record(
    link: Link, found: Walked, proofs: Mapping[str, str | None], owing: Collection[str]
) -> Iterator[str]:
    """Say what is wrong with the record of a link."""
    if found.record == DAMAGED:
        yield str(proofs[link.backup_id])
    elif found.record == MISSING:
        yield "its record is missing, and was not buried"
    elif found.record == TOMBSTONE and link.backup_id in owing:
        yield "it is a tombstone, and its backup is not deleted"
