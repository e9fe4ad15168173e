"""What is kept of a restore plan, sealed with its project's key: it holds user data and key material."""

from dataclasses import dataclass

import msgspec

from opencbr.model.restore_plan.blueprint import Blueprint
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.draft import OpenChoice, Problem
from opencbr.model.restore_plan.outcome import Plan, PlannedBackup
from opencbr.model.restore_plan.rows import Row
from opencbr.records.archive import Records
from opencbr.store.errors import RecordDamaged
from opencbr.store.restore_plans import StoredPlan


class OfAnotherRelease(RecordDamaged):
    """A plan that another release of this program has kept, in a form that this one does not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """What is sealed of a plan: what is shown, the mapping as it was given, and what is to be made."""

    mapping: Choices
    problems: tuple[Problem, ...]
    choices: tuple[OpenChoice, ...]
    notices: tuple[str, ...]
    counts: dict[str, int]
    rows: tuple[Row, ...]
    given: Choices
    blueprint: Blueprint | None
    backups: tuple[PlannedBackup, ...] = ()


def kept_of(found: Plan, given: Choices) -> KeptPlan:
    """Say what is sealed of a plan."""
    names = ("mapping", "problems", "choices", "notices", "rows", "blueprint", "backups")
    return KeptPlan(**{name: getattr(found, name) for name in names}, counts=found.counts, given=given)


def open_plan(records: Records, stored: StoredPlan) -> KeptPlan:
    """Give back what was sealed of a plan. Raises OfAnotherRelease, RecordDamaged."""
    text = records.open_plan(stored.project_id, stored.id, stored.key_id, stored.sealed)
    try:
        return msgspec.json.decode(text, type=KeptPlan)
    except msgspec.DecodeError as error:
        raise OfAnotherRelease(
            f"restore plan {stored.id} was made by another release: make a new one"
        ) from error
