"""What a plan comes to, whatever it restores as: a status, a row for each captured field, and a digest."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Final

from opencbr.model.restore import RestoreRequest
from opencbr.model.restore_plan.blueprint import Blueprint
from opencbr.model.restore_plan.captured import Path
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.draft import FATES, Draft, Needs, OpenChoice, Problem
from opencbr.model.restore_plan.rows import Row, rows_of
from opencbr.model.restore_plan.view import CloudView, Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwrite:
    """A restore in place, and the server or volume that it is for."""

    request: RestoreRequest
    target_id: str
    target_name: str


READY: Final = "ready"
INCOMPLETE: Final = "incomplete"
REFUSED: Final = "refused"
_READER = frozenset({"reader"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBackup:
    """One backup of a checkpoint in its plan: `rows` are the fields that no other backup of it has."""

    backup_id: str
    resource_name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a restore will do; `blueprint` is what it makes, `overwrite` what it writes over: both None unless it is READY.

    Of a checkpoint `rows` are the fields of what several of its `backups` have.
    `digest` is 64 hex digits over the record's digest, the mapping, and all that the plan says: when it is the same for a plan
    made anew, nothing has moved in the cloud that would make a difference.
    """

    status: str
    mapping: Choices
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    choices: tuple[OpenChoice, ...]
    notices: tuple[str, ...]
    digest: str
    blueprint: Blueprint | None = None
    overwrite: Overwrite | None = None
    backups: tuple[PlannedBackup, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many captured fields have each fate."""
        found = Counter(row.fate for row in chain(self.rows, *(one.rows for one in self.backups)))
        return {fate: found[fate] for fate in FATES}


def status_of(draft: Draft) -> str:
    """Say how far a draft has come."""
    return REFUSED if draft.problems else INCOMPLETE if draft.open else READY


def check_rights(draft: Draft, document: str = "", field: Path = ()) -> None:
    """Refuse what the service user cannot do: by OpenStack's own rules who is a reader alone makes and changes nothing.

    `document` and `field` say whose the thing would be, where a captured field tells that.
    """
    if draft.view.roles != _READER:
        return
    sentence = (
        "the service user may only read in this project, and make nothing: an operator gives it the role `member` there "
        "(`opencbr register`)"
    )
    if document:
        draft.refuse(document, field, sentence)
    else:
        draft.problems.append(Problem(document="", field="", sentence=sentence))


def check_rooms(draft: Draft, what: str) -> None:
    """Refuse what a quota has no room for; `what` is what needs it."""
    draft.problems.extend(without_room(draft.needs, draft.view, what))


def without_room(needs: Needs, view: CloudView, what: str) -> Iterator[Problem]:
    """Yield the quotas that have no room, with both numbers: also where the disks are written before they are handed over."""
    total: Counter[str] = Counter()
    for (name, _), amount in needs.items():
        total[name] += amount
    for name, need in sorted(total.items()):
        service, _, counted = name.partition("/")
        room, lent = view.rooms.get(name), view.lending.get(name)
        way = "free some, or have the quota raised"
        if room is not None and lacks(room, need):
            sentence = f"the project has {room.used} of {room.limit} {counted} ({service}), and {what} needs {need} more: {way}"
            yield Problem(document="", field=name, sentence=sentence)
        if service == "volume" and lent is not None and lacks(lent, need):
            sentence = (
                "the disks are written in the backup's own project before they are handed over; it has "
                f"{lent.used} of {lent.limit} {counted} ({service}), and they need {need} more: {way}"
            )
            yield Problem(document="", field=name, sentence=sentence)


def lacks(room: Room, need: int) -> bool:
    """Say whether a quota is too small for so many more."""
    return 0 <= room.limit < room.used + need


def outcome_of(
    draft: Draft,
    mapping: Choices,
    blueprint: Blueprint | None = None,
    overwrite: Overwrite | None = None,
) -> Plan:
    """Give the plan that a draft has become, with its digest; `mapping` is the one that was filled in.

    What it would make is left out unless it is READY.
    """
    made = Plan(
        status=status_of(draft),
        mapping=mapping,
        rows=tuple(rows_of(draft)),
        problems=tuple(draft.problems),
        choices=tuple(draft.open),
        notices=tuple(draft.notices),
        digest="",
        blueprint=blueprint if status_of(draft) == READY else None,
        overwrite=overwrite if status_of(draft) == READY else None,
    )
    return with_digest(made, [draft.captured.digest])


def with_digest(made: Plan, records: Sequence[str]) -> Plan:
    """Give a plan with its digest; `records` are those of the records that it was made from."""
    text = json.dumps([*records, asdict(made)], sort_keys=True, separators=(",", ":"), default=str)
    return replace(made, digest=hashlib.sha256(text.encode()).hexdigest())
