"""The rows of a plan by document: what becomes of every captured field."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.json_values import member, rows, text_of
from opencbr.console.restore_plan.captured_names import CapturedNames
from opencbr.model.restore_plan.draft import FATES, KEPT, LOST, MAPPED, NEW, REFUSED, UNDECIDED, UNHANDLED

PLAIN = (KEPT, NEW)
"""Fates of most fields, of which nobody needs to read: folded until they are asked for."""
MEANINGS: Mapping[str, str] = {
    KEPT: "given back, or used as it stands",
    MAPPED: "something else takes its place",
    NEW: "the new one has its own",
    LOST: "not given back",
    REFUSED: "stands against the restore",
    UNDECIDED: "waits for a choice",
    UNHANDLED: "no rule knows it: report it",
}


_MANY = 5
"""From so many fields of one document on that one thing becomes of, for one reason, they are a row together."""


@dataclass(frozen=True, kw_only=True)
class FateRow:
    """What becomes of `fields`, path and value of each; most rows have one. A value is None for an empty one."""

    fields: tuple[tuple[str, str | None], ...]
    fate: str
    target: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class DocumentFates:
    """A document with the rows that are shown, and how many of its fields have each fate."""

    document: str
    name: str
    shown: tuple[FateRow, ...]
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Fates:
    """`counts` are of the whole plan; `wanted` is the fate that alone is shown, "" for all that are not PLAIN."""

    wanted: str
    counts: tuple[tuple[str, int], ...]
    documents: tuple[DocumentFates, ...]

    @property
    def plain(self) -> tuple[DocumentFates, ...]:
        """The documents of which no row is shown."""
        return tuple(one for one in self.documents if not one.shown)


def parts_of(plan: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Give the rows of a plan by what they are of, with a title: of a checkpoint of each backup, and of what several have."""
    backups = rows(plan, "backups")
    for one in backups:
        yield text_of(one, "resource_name") or text_of(one, "backup_id") or "", rows(one, "rows")
    if shared := rows(plan, "rows"):
        yield "What several of them have: made once" if backups else "", shared


def rows_of(plan: Mapping[str, Any]) -> list[Any]:
    """Give all rows of a plan, those of a checkpoint's backups too."""
    return [row for _, part in parts_of(plan) for row in part]


def fates_of(found: list[Any], names: CapturedNames, wanted: str) -> Fates:
    """Sort rows of a plan; `wanted` is a fate, anything else stands for all that are not PLAIN."""
    wanted = wanted if wanted in FATES else ""
    by_document: dict[str, list[Any]] = {}
    for row in found:
        by_document.setdefault(text_of(row, "document") or "", []).append(row)
    return Fates(
        wanted=wanted,
        counts=_counts(found),
        documents=tuple(_document(name, own, names, wanted) for name, own in by_document.items()),
    )


def _document(name: str, found: list[Any], names: CapturedNames, wanted: str) -> DocumentFates:
    shown = [one for one in found if (one["fate"] == wanted if wanted else one["fate"] not in PLAIN)]
    return DocumentFates(
        document=name,
        name=names.name(name.replace("@newest", "")) if "/" in name else "",
        shown=tuple(_rows(shown, _MANY if not wanted else len(shown) + 1)),
        counts=_counts(found),
    )


def _rows(shown: list[Any], many: int) -> Iterator[FateRow]:
    alike: dict[Any, list[Any]] = {}
    for one in shown:
        alike.setdefault((one["fate"], one["target"], one["reason"]), []).append(one)
    for together in alike.values():
        for group in [together] if len(together) >= many else [[one] for one in together]:
            yield FateRow(
                fields=tuple((text_of(one, "field") or "", text_of(one, "value")) for one in group),
                fate=group[0]["fate"],
                target=text_of(group[0], "target"),
                reason=text_of(group[0], "reason"),
            )


def _counts(found: list[Any]) -> tuple[tuple[str, int], ...]:
    counted = Counter(member(one, "fate") for one in found)
    return tuple((fate, counted[fate]) for fate in FATES if counted[fate])
