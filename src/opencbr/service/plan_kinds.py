"""The kinds of restore plans: which backups one takes, what may be chosen, how it is drafted, and which job carries it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from opencbr.cloud.reader import Reader
from opencbr.cloud.restore_view import VOLUME_LISTS, read_view
from opencbr.model import operation_log as logs
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import BAD_PARAMETER, CbrError
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.new_volume import disk_of, plan_new_volume
from opencbr.model.restore_plan.outcome import Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.model.vault import SERVER, VOLUME
from opencbr.records.restorable import Restorable
from opencbr.service.plan_mapping import refuse_foreign
from opencbr.service.restores import not_available

NEW_SERVER: Final = "new_server"
NEW_VOLUME: Final = "new_volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a plan is made of besides the cloud; with `gives_secrets` what is sealed may go into another project."""

    record: Restorable
    choices: Choices
    gives_secrets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKind:
    """One kind. `takes` are the types of what was backed up, `members` the choices that it has.

    `draft` holds a record against the cloud and raises CbrError 6302 for what is not the project's, CloudError. `operation` is
    the type of the operation that carries a plan out.
    """

    takes: frozenset[str]
    members: frozenset[str]
    draft: Callable[[Reader, Wanted], Plan]
    operation: str


def refuse_backup(name: str, backup: Backup) -> None:
    """Raise CbrError 9900 for a backup of which this kind makes nothing, 2005 for one that is not available."""
    if backup.parent_id is not None:
        raise CbrError(
            BAD_PARAMETER,
            f"This is one disk of the server backup {backup.parent_id}: make the plan of that one.",
        )
    if backup.resource_type not in KINDS[name].takes:
        raise CbrError(BAD_PARAMETER, "as: the backup is of a disk, and no server can be made of it.")
    if backup.status != statuses.AVAILABLE:
        raise not_available(backup)


def _draft_server(reader: Reader, wanted: Wanted) -> Plan:
    record, choices = wanted.record, wanted.choices
    view = read_view(reader, record.captured, record.documents, choices, record.fingerprint)
    view = replace(view, gives_secrets=wanted.gives_secrets)
    refuse_foreign(record.captured, view, choices)
    return plan(record.captured, view, choices)


def _draft_volume(reader: Reader, wanted: Wanted) -> Plan:
    record, choices = wanted.record, wanted.choices
    disk = disk_of(record.captured, choices)
    captured = record.captured.about_disks(
        [disk] if disk else [one.volume_id for one in record.captured.disks]
    )
    view = read_view(reader, captured, record.documents, choices, record.fingerprint, lists=VOLUME_LISTS)
    refuse_foreign(captured, view, choices)
    return plan_new_volume(captured, view, choices)


_OF_A_VOLUME = frozenset({"name", "volume_id", "server_id", "volume_availability_zone", "volume_types"})

KINDS: Mapping[str, PlanKind] = {
    NEW_SERVER: PlanKind(
        takes=frozenset({SERVER}),
        members=frozenset(one.name for one in fields(Choices)) - {"volume_id", "server_id"},
        draft=_draft_server,
        operation=logs.RESTORE_NEW_SERVER,
    ),
    NEW_VOLUME: PlanKind(
        takes=frozenset({SERVER, VOLUME}),
        members=_OF_A_VOLUME,
        draft=_draft_volume,
        operation=logs.RESTORE_NEW_VOLUME,
    ),
}
"""What a backup is restored as -> its kind."""
