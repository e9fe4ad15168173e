"""The rows of a plan: every captured field and what becomes of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from opencbr.model.reference_fields import target_at
from opencbr.model.restore_plan.captured import MISSING, Json, Path, fields, kind_of
from opencbr.model.restore_plan.draft import (
    KEPT,
    LOST,
    MADE,
    MAPPED,
    NEW,
    STANDS,
    UNHANDLED,
    Draft,
    Fate,
    Thing,
)
from opencbr.model.restore_plan.treatment import (
    CHANGED,
    DERIVED,
    GIVEN,
    IDENTITY,
    IMPOSSIBLE,
    NAMES,
    OWNER,
    REPEATED,
    STATE,
    TIME,
    treatment_of,
)

_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)
_OWN = frozenset({IDENTITY, TIME, STATE, DERIVED, OWNER, REPEATED})
"""Treatments of fields by which two things of equal content differ."""
_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One captured field: `value` as everybody may see it, what becomes of it, the id that takes its place, and why."""

    document: str
    field: str
    value: Any
    fate: str
    target: str | None
    reason: str


def rows_of(draft: Draft) -> Iterator[Row]:
    """Yield a row for each captured field, in the order of the record."""
    for document, path, value, fate in judged(draft):
        yield Row(
            document=document,
            field=".".join(path),
            value=value,
            fate=fate.fate,
            target=fate.target,
            reason=fate.reason,
        )


def judged(draft: Draft) -> Iterator[tuple[str, Path, Any, Fate]]:
    """Yield each captured field with its document, its value as everybody may see it, and what becomes of it.

    What was read by the newest microversion too is told once, as that has it.
    """
    masked = draft.captured.masked
    newest = {
        (document.replace("@newest", ""), path)
        for document, body in masked.items()
        if "@newest" in document
        for path, _ in fields(body)
    }
    for document, body in masked.items():
        base, kind = document.replace("@newest", ""), kind_of(document)
        thing = draft.things.get(base) or _unnamed(draft, base, kind)
        for path, value in fields(body):
            if base == document and (base, path) in newest:
                continue
            place = _Place(kind, path, value, body)
            yield document, path, value, draft.fates.get((base, path)) or _fate(draft, place, thing)


def _unnamed(draft: Draft, document: str, kind: str) -> Thing:
    """Say what becomes of a document that no part of the plan has judged: it is made, or it stands or not."""
    if document not in draft.view.standing:
        return Thing(MADE)
    now = draft.standing(document)
    return Thing(STANDS, None, now) if now is not None else Thing(LOST, reason=f"this {kind} is gone")


class _Place(NamedTuple):
    """A captured field: kind of its document, path, value, and the whole body."""

    kind: str
    path: Path
    value: Any
    body: Json


def _fate(draft: Draft, place: _Place, thing: Thing) -> Fate:
    kind, path, value, _ = place
    treatment = treatment_of(kind, path)
    if treatment is None:
        return Fate(UNHANDLED, "no rule says how a restore treats this field: report it")
    if thing.how in (STANDS, MAPPED):
        return _compared(place, thing, treatment, draft.reasons)
    if thing.how != MADE:
        return Fate(thing.how, thing.reason)
    if treatment == NAMES:
        return _named(draft, kind, path, value)
    if treatment == IMPOSSIBLE:
        empty = value in _EMPTY
        return (
            Fate(KEPT, "nothing stood there") if empty else Fate(LOST, "the cloud lets nobody give it back")
        )
    return _made(draft, treatment)


def _made(draft: Draft, treatment: str) -> Fate:
    """Say what becomes of a field of a thing that is made, by its treatment alone."""
    if treatment == OWNER and draft.is_elsewhere:
        return Fate(MAPPED, "the project that was chosen", draft.project_id)
    return Fate(KEPT if treatment in (GIVEN, OWNER) else NEW, draft.reasons[treatment])


def _named(draft: Draft, kind: str, path: Path, value: Any) -> Fate:
    """Say what becomes of what a field names."""
    if value in _EMPTY:
        return Fate(KEPT, "nothing stood there")
    target = target_at(kind, path)
    name = target if target in ("flavor", "keypair") else f"{target}/{value}"
    thing = draft.things.get(name) or (
        _unnamed(draft, name, str(target)) if name in draft.view.standing else None
    )
    if thing is None:
        return (
            Fate(KEPT, draft.reasons[GIVEN]) if target is None else Fate(LOST, f"{name} is not in the record")
        )
    if thing.how == STANDS:
        return Fate(KEPT, "it stands in the cloud")
    if thing.how == MAPPED:
        return Fate(MAPPED, thing.reason, thing.id)
    return Fate(NEW, "made again from the record") if thing.how == MADE else Fate(thing.how, thing.reason)


def _compared(place: _Place, thing: Thing, treatment: str, reasons: Mapping[str, str]) -> Fate:
    """Say how a field of a thing that is not made again compares with the one that is used in its place."""
    kind, path, value, body = place
    if treatment == IDENTITY and thing.how == MAPPED:
        return Fate(MAPPED, thing.reason, thing.id)
    if treatment in (TIME, STATE, DERIVED, REPEATED):
        return Fate(NEW, reasons[treatment])
    now = counterpart(kind, path, body, thing.body or {})
    fate = KEPT if thing.how == STANDS else MAPPED
    if (
        treatment in (IDENTITY, OWNER)
        or now is MISSING
        or now == value
        or (now in _EMPTY and value in _EMPTY)
    ):
        return Fate(fate, "it stands in the cloud" if fate == KEPT else thing.reason, thing.id)
    if now is GONE:
        return Fate(LOST, "it is not there any more")
    return Fate(LOST, f"{reasons[CHANGED]} {json.dumps(now, ensure_ascii=False)[:_REASON_LENGTH]}", thing.id)


GONE: Any = object()
"""Of an element of a list that has no counterpart."""


def counterpart(kind: str, path: Path, before: Any, now: Any) -> Any:
    """Give what stands in `now` at the place of a captured field: elements of lists are found by id or by content.

    MISSING where the cloud does not show such a field, GONE where a list no longer has the element.
    """
    for number, step in enumerate(path):
        if isinstance(before, dict) and isinstance(now, dict):
            if step not in now:
                return MISSING
            before, now = before[step], now[step]
        elif isinstance(before, list) and isinstance(now, list):
            before = before[int(step)]
            found = [one for one in now if _is_same(kind, (*path[: number + 1],), before, one)]
            if not found:
                return GONE
            now = found[0]
        else:
            return now
    return now


def _is_same(kind: str, path: Path, before: Any, now: Any) -> bool:
    if isinstance(before, dict) and isinstance(now, dict):
        if "id" in before and before["id"] == now.get("id"):
            return True
        return all(
            treatment_of(kind, (*path, name)) in _OWN
            or name not in now
            or now[name] == value
            or (now[name] in _EMPTY and value in _EMPTY)
            for name, value in before.items()
        )
    return bool(before == now)


def same_content(before: Json, now: Json, *names: str) -> bool:
    """Say whether two things agree in these members; what is empty equals what is not there."""
    return all(
        before.get(name) == now.get(name)
        or (before.get(name) in (*_EMPTY, 0) and now.get(name) in (*_EMPTY, 0))
        for name in names
    )
