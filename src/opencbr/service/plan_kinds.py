"""The kinds of restore plans: which backups one takes, what may be chosen, how it is drafted, and which job carries it out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from sqlalchemy import Connection

from opencbr.cloud.reader import Reader
from opencbr.cloud.restore_view import VOLUME_LISTS, read_view, read_views
from opencbr.model import operation_log as logs
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import BACKUP_UNRESTORABLE, BAD_PARAMETER, BEING_RESTORED, CbrError
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.checkpoint import Member, plan_checkpoint
from opencbr.model.restore_plan.checkpoint_choices import choices_for, without_left_out
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
from opencbr.service.restores import not_available
from opencbr.store import restore_targets

NEW_SERVER: Final = "new_server"
NEW_VOLUME: Final = "new_volume"
NEW_RESOURCES: Final = "new_resources"
"""Of a checkpoint: each of its backups as a new server or volume."""
IN_PLACE: Final = "in_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A plan that is carried out: made anew it says what it said, and its backups are there; several of a checkpoint alone."""

    plan_id: str
    plan: Plan
    backups: Sequence[Backup]
    vault_name: str | None

    @property
    def backup(self) -> Backup:
        """The backup, or of a checkpoint the first one."""
        return self.backups[0]

    @property
    def project_id(self) -> str:
        """Where all that is made will stand."""
        blueprint = self.plan.blueprint
        return (blueprint.project_id if blueprint else None) or self.backup.project_id


Request = Callable[[Connection, Context, Applied], OperationLog]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKind:
    """One kind. `takes` are the types of what was backed up, `members` the choices that it has.

    `draft` holds a record, or those of a checkpoint, against the cloud and raises CbrError 6302 for what is not the project's,
    CloudError. `request` asks for the operation that carries a plan out, and makes busy what is changed; raises CbrError.
    """

    takes: frozenset[str]
    members: frozenset[str]
    draft: Callable[[Reader, Sequence[Wanted]], Plan]
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


def refuse_backups(name: str, backups: Iterable[Backup]) -> None:
    """Raise as `refuse_backup`; of those of a checkpoint that are not available each is named."""
    wanted = list(backups)
    if name != NEW_RESOURCES:
        refuse_backup(name, *wanted)
        return
    found = [
        f"{one.resource_name} (backup {one.id}) is {one.status}"
        for one in wanted
        if one.status != statuses.AVAILABLE
    ]
    if found:
        raise CbrError(
            BACKUP_UNRESTORABLE,
            f"Not all backups of the checkpoint are available: {'; '.join(found)}. Wait, or leave out what cannot be restored "
            "(`leave_out` in the mapping's `backups`).",
        )


def _of_one(draft: Callable[[Reader, Wanted], Plan]) -> Callable[[Reader, Sequence[Wanted]], Plan]:
    return lambda reader, wanted: draft(reader, *wanted)


def _draft_checkpoint(reader: Reader, wanted: Sequence[Wanted]) -> Plan:
    choices = without_left_out(wanted[0].choices, [one.record.captured for one in wanted])
    own = [replace(one, choices=choices_for(one.record.captured, choices, one.backup.id)) for one in wanted]
    views = read_views(reader, [one.recorded(one.record.captured) for one in own])
    refuse_foreign([one.record.captured for one in own], views[0], choices)
    members = [
        Member(
            backup_id=one.backup.id,
            resource_name=one.backup.resource_name,
            captured=one.record.captured,
            view=replace(view, gives_secrets=one.gives_secrets),
        )
        for one, view in zip(own, views, strict=True)
    ]
    return plan_checkpoint(members, choices)


def _draft_server(reader: Reader, wanted: Wanted) -> Plan:
    record, choices = wanted.record, wanted.choices
    view = read_view(reader, wanted.recorded(record.captured))
    view = replace(view, gives_secrets=wanted.gives_secrets)
    refuse_foreign([record.captured], view, choices)
    return plan(record.captured, view, choices)


def _draft_volume(reader: Reader, wanted: Wanted) -> Plan:
    record, choices = wanted.record, wanted.choices
    disk = disk_of(record.captured, choices)
    captured = record.captured.about_disks([disk] if disk else list(wanted.disks))
    view = read_view(reader, wanted.recorded(captured), lists=VOLUME_LISTS)
    refuse_foreign([captured], view, choices)
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
            project_id=applied.project_id,
        )
        server = applied.plan.blueprint.attach_to if applied.plan.blueprint else None
        if server and restore_targets.claim(conn, ctx.project_id, [server], log.id):
            raise CbrError(BEING_RESTORED, f"{server} is being restored already: wait for that to end.")
        return log

    return request


def _makes_all(conn: Connection, ctx: Context, applied: Applied) -> OperationLog:
    return new_operations.request_checkpoint_restore(
        conn,
        ctx,
        applied.backups,
        applied.vault_name,
        plan_id=applied.plan_id,
        project_id=applied.project_id,
    )


def _writes_over(conn: Connection, ctx: Context, applied: Applied) -> OperationLog:
    target = applied.plan.overwrite
    assert target is not None, "a plan in place that is ready says what it writes over"
    log = new_operations.request_restore(
        conn, ctx, applied.backup, applied.vault_name, target, plan_id=applied.plan_id
    )
    claim_targets(conn, ctx, log.id, target.request.targets)
    return log


_ALL = frozenset(one.name for one in fields(Choices))
_OF_A_VOLUME = frozenset({"name", "volume_id", "server_id", "volume_availability_zone", "volume_types"})
_IN_PLACE = frozenset({"server_id", "disks", "power_on"})
_OF_A_CHECKPOINT = frozenset({"networks", "backups"})

KINDS: Mapping[str, PlanKind] = {
    NEW_SERVER: PlanKind(
        takes=frozenset({SERVER}),
        members=_ALL - {"volume_id", *_IN_PLACE, *_OF_A_CHECKPOINT},
        draft=_of_one(_draft_server),
        request=_makes(logs.RESTORE_NEW_SERVER),
    ),
    NEW_VOLUME: PlanKind(
        takes=frozenset({SERVER, VOLUME}),
        members=_OF_A_VOLUME,
        draft=_of_one(_draft_volume),
        request=_makes(logs.RESTORE_NEW_VOLUME),
    ),
    NEW_RESOURCES: PlanKind(
        takes=frozenset({SERVER, VOLUME}),
        members=_ALL - {"name", "volume_id", *_IN_PLACE},
        draft=_draft_checkpoint,
        request=_makes_all,
    ),
    IN_PLACE: PlanKind(
        takes=frozenset({SERVER, VOLUME}),
        members=_IN_PLACE,
        draft=_of_one(draft_in_place),
        request=_writes_over,
    ),
}
"""What a backup, or a checkpoint, is restored as -> its kind."""
