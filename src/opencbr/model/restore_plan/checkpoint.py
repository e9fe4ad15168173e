"""The plan of a whole checkpoint: each backup is planned by itself in one view of the cloud, then all are joined.

What stands in several of the records is told once, is made once, and counts once in the quotas.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.checkpoint_choices import OWN, choices_for, joined_choices
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.draft import LOST, Draft, OpenChoice, Problem
from opencbr.model.restore_plan.joining import Joining
from opencbr.model.restore_plan.layout import Layout
from opencbr.model.restore_plan.new_volume import lay_out_volume
from opencbr.model.restore_plan.outcome import (
    INCOMPLETE,
    READY,
    REFUSED,
    Plan,
    PlannedBackup,
    with_digest,
    without_room,
)
from opencbr.model.restore_plan.plan import lay_out_server
from opencbr.model.restore_plan.router_part import without_router
from opencbr.model.restore_plan.rows import Row, rows_of
from opencbr.model.restore_plan.view import CloudView

_OF_NOBODY = ("floatingip/", "port_forwardings/")
"""Documents whose things no server has alone: what one of the servers gives back is not lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One backup of the checkpoint that is restored: its record, and the cloud as it is seen for it."""

    backup_id: str
    resource_name: str
    captured: Captured
    view: CloudView


def plan_checkpoint(members: Sequence[Member], choices: Choices) -> Plan:
    """Say what a restore of all `members` as new servers and volumes would do; there is one at least."""
    laid = {one.backup_id: _lay_out(one, choices) for one in members}
    names = {one.backup_id: f"{one.resource_name} (backup {one.backup_id})" for one in members}
    joining = Joining(names)
    for backup_id, one in laid.items():
        joining.add(backup_id, one)
    needs = {by: amount for one in laid.values() for by, amount in one.draft.needs.items()}
    problems = [
        *_problems(members, laid),
        *joining.problems,
        *without_room(needs, members[0].view, "the restore"),
    ]
    open_ = list(dict.fromkeys(choice for key, one in laid.items() for choice in _choices(key, one.draft)))
    status = REFUSED if problems else INCOMPLETE if open_ else READY
    shared, own = _rows({key: tuple(rows_of(one.draft)) for key, one in laid.items()})
    made = Plan(
        status=status,
        mapping=joined_choices(choices, {key: one.mapping for key, one in laid.items()}),
        rows=shared,
        problems=tuple(problems),
        choices=tuple(open_),
        notices=tuple(_notices(members, laid, joining.subnets())),
        digest="",
        blueprint=joining.blueprint() if status == READY else None,
        backups=tuple(
            PlannedBackup(backup_id=one.backup_id, resource_name=one.resource_name, rows=own[one.backup_id])
            for one in members
        ),
    )
    return with_digest(made, [one.captured.digest for one in members])


def _lay_out(member: Member, choices: Choices) -> Layout:
    captured, view = member.captured, member.view
    chosen = choices_for(captured, choices, member.backup_id)
    if captured.server_id:
        return lay_out_server(captured, view, chosen)
    return lay_out_volume(Draft(captured, view, chosen), captured.disks[0])


def _choices(backup_id: str, draft: Draft) -> Iterable[OpenChoice]:
    """Give what is still to be chosen by where it stands in the mapping of a checkpoint."""
    for one in draft.open:
        yield replace(one, member=f"backups.{backup_id}.{one.member}") if one.member in OWN else one


def _problems(members: Sequence[Member], laid: Mapping[str, Layout]) -> Iterable[Problem]:
    """Give what stands against the backups, each with whose it is; what stands against several alike is told once."""
    told = Counter(one.sentence for each in laid.values() for one in each.draft.problems)
    seen = set()
    for member in members:
        for one in laid[member.backup_id].draft.problems:
            if told[one.sentence] > 1:
                if one.sentence not in seen:
                    yield one
                seen.add(one.sentence)
            else:
                sentence = f"{member.resource_name}: {one.sentence}"
                yield replace(one, sentence=sentence, backup_id=member.backup_id)


def _notices(members: Sequence[Member], laid: Mapping[str, Layout], routed: Collection[str]) -> Iterable[str]:
    """Give what else is to be known; where one record knows the router of a subnet, it is no news that another does not."""
    told = Counter(one for each in laid.values() for one in set(each.draft.notices))
    found = (
        sentence if told[sentence] > 1 else f"{member.resource_name}: {sentence}"
        for member in members
        for sentence in laid[member.backup_id].draft.notices
        if sentence not in {without_router(laid[member.backup_id].draft, one) for one in routed}
    )
    return dict.fromkeys(found)


def _rows(rows: Mapping[str, Sequence[Row]]) -> tuple[tuple[Row, ...], Mapping[str, tuple[Row, ...]]]:
    """Take out of the rows of each backup those that stand in another one alike, and give both."""
    found: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for backup_id, each in rows.items():
        for row in each:
            if "/" in row.document:
                found[row.document, row.field][backup_id] = row
    shared = {place: _same(list(by.values())) for place, by in found.items() if len(by) > 1}
    return (
        tuple(row for row in shared.values() if row is not None),
        {
            backup_id: tuple(row for row in each if shared.get((row.document, row.field)) is None)
            for backup_id, each in rows.items()
        },
    )


def _same(rows: Sequence[Row]) -> Row | None:
    """Give the row that says what all of these say, None where they do not agree."""
    if rows[0].document.startswith(_OF_NOBODY):
        rows = [row for row in rows if row.fate != LOST] or rows
    return rows[0] if all(row == rows[0] for row in rows) else None
