"""The kinds of restore plans: which backups one takes, what may be chosen, how it is drafted, and which job carries it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from sqlalchemy import Connection

from opencbr.cloud.reader import Reader
from opencbr.cloud.restore_view import VOLUME_LISTS, read_view
from opencbr.model import operation_log as logs
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import BAD_PARAMETER, BEING_RESTORED, CbrError
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.new_volume import disk_of, plan_new_volume
from opencbr.model.restore_plan.outcome import Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.model.vault import SERVER, VOLUME
from opencbr.service import new_operations
from opencbr.service.context import Context
from opencbr.service.in_place_plans import Wanted, draft_in_place
from opencbr.service.plan_mapping import refuse_foreign
from opencbr.service.restore_claims import claim_targets
from opencbr.service.restores import not_available, refuse_vault
from opencbr.store import restore_targets

NEW_SERVER: Final = "new_server"
NEW_VOLUME: Final = "new_volume"
IN_PLACE: Final = "in_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A plan that is carried out: made anew it says what it said, and its backup is there."""

    plan_id: str
    plan: Plan
    backup: Backup
    vault_name: str | None


Request = Callable[[Connection, Context, Applied], OperationLog]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKind:
    """One kind. `takes` are the types of what was backed up, `members` the choices that it has.

    `draft` holds a record against the cloud and raises CbrError 6302 for what is not the project's, CloudError. `request` asks
    for the operation that carries a plan out, and makes busy what is changed; raises CbrError.
    """

    takes: frozenset[str]
    members: frozenset[str]
    draft: Callable[[Reader, Wanted], Plan]
    request: Request


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
    captured = record.captured.about_disks([disk] if disk else list(wanted.disks))
    view = read_view(reader, captured, record.documents, choices, record.fingerprint, lists=VOLUME_LISTS)
    refuse_foreign(captured, view, choices)
    return plan_new_volume(captured, view, choices)


def _makes(operation_type: str) -> Request:
    """Ask for a job that makes things, and attaches them to a server where the plan says so."""

    def request(conn: Connection, ctx: Context, applied: Applied) -> OperationLog:
        log = new_operations.request_planned(
            conn,
            ctx,
            applied.backup,
            applied.vault_name,
            operation_type=operation_type,
            plan_id=applied.plan_id,
            name=applied.plan.mapping.name or "",
        )
        server = applied.plan.blueprint.attach_to if applied.plan.blueprint else None
        if server and restore_targets.claim(conn, ctx.project_id, [server], log.id):
            raise CbrError(BEING_RESTORED, f"{server} is being restored already: wait for that to end.")
        return log

    return request


def _writes_over(conn: Connection, ctx: Context, applied: Applied) -> OperationLog:
    target = applied.plan.overwrite
    assert target is not None, "a plan in place that is ready says what it writes over"
    refuse_vault(conn, ctx, applied.backup)
    log = new_operations.request_restore(
        conn, ctx, applied.backup, applied.vault_name, target, plan_id=applied.plan_id
    )
    claim_targets(conn, ctx, log.id, target.request.targets)
    return log


_ALL = frozenset(one.name for one in fields(Choices))
_OF_A_VOLUME = frozenset({"name", "volume_id", "server_id", "volume_availability_zone", "volume_types"})
_IN_PLACE = frozenset({"server_id", "disks", "power_on"})

KINDS: Mapping[str, PlanKind] = {
    NEW_SERVER: PlanKind(
        takes=frozenset({SERVER}),
        members=_ALL - {"volume_id", *_IN_PLACE},
        draft=_draft_server,
        request=_makes(logs.RESTORE_NEW_SERVER),
    ),
    NEW_VOLUME: PlanKind(
        takes=frozenset({SERVER, VOLUME}),
        members=_OF_A_VOLUME,
        draft=_draft_volume,
        request=_makes(logs.RESTORE_NEW_VOLUME),
    ),
    IN_PLACE: PlanKind(
        takes=frozenset({SERVER, VOLUME}),
        members=_IN_PLACE,
        draft=draft_in_place,
        request=_writes_over,
    ),
}
"""What a backup is restored as -> its kind."""
