"""How the record was read: the verdict, what it lacks, what moved meanwhile, what was lost since."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.json_values import Moment, member, moment_of, rows, text_of, words
from opencbr.model.document import ABSENT, DENIED, EMPTY, FOREIGN
from opencbr.model.report import COMPLETE, DRIFTED, PARTIAL

_VERDICTS = {
    COMPLETE: "Everything that was wanted was read, and nothing moved while the disks were copied.",
    PARTIAL: "Something could not be read or is not in this backup; it is named below.",
    DRIFTED: "Something changed between the two readings, while the disks were copied; it is named below.",
}

_WHY = {
    DENIED: "The cloud refused it.",
    ABSENT: "The cloud has no such thing any more.",
    FOREIGN: "It is another project's, and this project is not shown it.",
    EMPTY: "The cloud's answer says nothing.",
}


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that was wanted and could not be had: its name, why, and the call."""

    name: str
    why: str
    call: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A field whose value differed in the two readings; an empty `field` stands for the whole document."""

    document: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureReport:
    """The report; `hidden` are document and field of what the service's own credential did not see."""

    verdict: str
    meaning: str
    started: Moment | None
    ended: Moment | None
    closed: Moment | None
    read: int
    calls: tuple[tuple[str, int], ...]
    """How many documents each service of the cloud answered."""
    unread: tuple[Unread, ...]
    hidden: tuple[str, ...]
    gaps: tuple[str, ...]
    moved: tuple[Moved, ...]
    lost: str | None


def capture_report(answer: Mapping[str, Any] | None) -> CaptureReport | None:
    """Make the report of what ShowReport answers; None when it was refused."""
    told = member(answer, "report")
    if not isinstance(told, Mapping):
        return None
    documents = rows(told, "documents")
    read = [one for one in documents if member(one, "outcome") == "read"]
    verdict = text_of(told, "verdict") or "unknown"
    return CaptureReport(
        verdict=verdict,
        meaning=_VERDICTS.get(verdict, "This page does not know what this verdict means."),
        started=moment_of(told, "started_at"),
        ended=moment_of(told, "ended_at"),
        closed=moment_of(told, "closed_at"),
        read=len(read),
        calls=tuple(Counter(text_of(one, "service") or "unknown" for one in read).items()),
        unread=tuple(_unread(one) for one in documents if one not in read),
        hidden=tuple(filter(None, map(words, rows(told, "hidden")))),
        gaps=tuple(filter(None, map(words, rows(told, "gaps")))),
        moved=tuple(_moved(one) for one in rows(told, "drift")),
        lost=text_of(answer, "lost"),
    )


def _unread(one: Any) -> Unread:
    outcome = text_of(one, "outcome") or ""
    call = f"{text_of(one, 'service')} {text_of(one, 'method')} {text_of(one, 'path')}"
    answered = f"{call}: {text_of(one, 'status')}"
    request = text_of(one, "request_id")
    return Unread(
        text_of(one, "name") or "",
        _WHY.get(outcome, outcome),
        f"{answered} ({request})" if request else answered,
    )


def _moved(one: Any) -> Moved:
    before, after = (text_of(one, side) or "nothing" for side in ("before", "after"))
    return Moved(text_of(one, "document") or "", text_of(one, "field") or "", before, after)
