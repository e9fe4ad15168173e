"""What a plan comes to, whatever it restores as: a status, a row for each captured field, and a digest."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Final

from opencbr.model.restore import RestoreRequest
from opencbr.model.restore_plan.blueprint import Blueprint
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.draft import FATES, Draft, OpenChoice, Problem
from opencbr.model.restore_plan.rows import Row, rows_of
from opencbr.model.restore_plan.view import Room


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
class Plan:
    """What a restore will do; `blueprint` is what it makes, `overwrite` what it writes over: both None unless it is READY.

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

    @property
    def counts(self) -> dict[str, int]:
        """How many captured fields have each fate."""
        found = Counter(row.fate for row in self.rows)
        return {fate: found[fate] for fate in FATES}


def status_of(draft: Draft) -> str:
    """Say how far a draft has come."""
    return REFUSED if draft.problems else INCOMPLETE if draft.open else READY


def check_rights(draft: Draft) -> None:
    """Refuse what the service user cannot make: by OpenStack's own rules who is a reader alone makes nothing."""
    if draft.view.roles == _READER:
        sentence = (
            "the service user may only read in this project, and make nothing: an operator gives it the role `member` there "
            "(`opencbr register`)"
        )
        draft.refuse("server", ("server", "user_id"), sentence)


def check_rooms(draft: Draft, what: str) -> None:
    """Refuse what a quota has no room for, with both numbers; `what` is what needs it."""
    for name, need in sorted(draft.needs.items()):
        room = draft.view.rooms.get(name)
        if room is None or not lacks(room, need):
            continue
        service, _, counted = name.partition("/")
        draft.problems.append(
            Problem(
                document="",
                field=name,
                sentence=f"the project has {room.used} of {room.limit} {counted} ({service}), and {what} needs {need} more: "
                "free some, or have the quota raised",
            )
        )


def lacks(room: Room, need: int) -> bool:
    """Say whether a quota is too small for so many more."""
    return 0 <= room.limit < room.used + need


def outcome_of(
    draft: Draft,
    mapping: Choices,
    blueprint: Blueprint | None = None,
    overwrite: Overwrite | None = None,
) -> Plan:
    """Give the plan that a draft has become, with its digest; `mapping` is the one that was filled in."""
    made = Plan(
        status=status_of(draft),
        mapping=mapping,
        rows=tuple(rows_of(draft)),
        problems=tuple(draft.problems),
        choices=tuple(draft.open),
        notices=tuple(draft.notices),
        digest="",
        blueprint=blueprint,
        overwrite=overwrite,
    )
    text = json.dumps(
        [draft.captured.digest, asdict(made)], sort_keys=True, separators=(",", ":"), default=str
    )
    return replace(made, digest=hashlib.sha256(text.encode()).hexdigest())
