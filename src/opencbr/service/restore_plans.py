"""Restore plans: the record of a backup against the cloud as it is now, kept sealed for a while."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NoReturn

import msgspec
from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import (
    BACKUP_UNRESTORABLE,
    BAD_PARAMETER,
    BEING_RESTORED,
    NO_SUCH_RESOURCE,
    CbrError,
)
from opencbr.model.ids import is_uuid, new_id
from opencbr.model.lists import Listing, Page
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import BackupChoices, Choices
from opencbr.model.restore_plan.draft import OpenChoice, Problem
from opencbr.model.restore_plan.listed import ListedPlan
from opencbr.model.restore_plan.outcome import READY, Plan, PlannedBackup
from opencbr.model.restore_plan.rows import Row
from opencbr.model.way_back import REQUIRED, WayBackRule
from opencbr.records.archive import Records
from opencbr.records.build import RecordRefused
from opencbr.records.kept_plans import KeptPlan, OfAnotherRelease, kept_of, open_plan
from opencbr.service import plan_kinds
from opencbr.service.access import find_own
from opencbr.service.checkpoints import no_such_checkpoint
from opencbr.service.context import Context
from opencbr.service.in_place_plans import Wanted
from opencbr.service.metadata import SECRETS_RIGHT
from opencbr.service.plan_kinds import Applied
from opencbr.service.plan_mapping import refuse_members, refuse_strangers
from opencbr.service.restore_project import refuse_project
from opencbr.service.restores import refuse_vault
from opencbr.store import backups, restore_plans
from opencbr.store.database import Database
from opencbr.store.errors import RecordDamaged
from opencbr.store.restore_plans import StoredPlan

PLAN_SECONDS = 3600.0
"""So long a plan is kept when nothing else is said: it holds secrets, and the cloud moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """A plan as its project sees it; values that are not for everybody are masked in its rows.

    Of a checkpoint `rows` are the fields of what several of its `backups` have.
    """

    id: str
    backup_id: str | None
    checkpoint_id: str | None
    kind: str
    status: str
    digest: str
    created_at: datetime
    expires_at: datetime
    mapping: Choices
    problems: tuple[Problem, ...]
    choices: tuple[OpenChoice, ...]
    notices: tuple[str, ...]
    counts: Mapping[str, int]
    rows: tuple[Row, ...]
    backups: tuple[PlannedBackup, ...]


class RestorePlans:
    """The use cases; they touch the context's project alone.

    `lifetime_seconds`: so long a plan is kept; `way_back`: what a restore in place keeps before it writes.
    """

    def __init__(
        self,
        database: Database,
        cloud: Cloud,
        records: Records,
        *,
        lifetime_seconds: float = PLAN_SECONDS,
        way_back: WayBackRule = REQUIRED,
    ) -> None:
        self._database = database
        self._cloud = cloud
        self._records = records
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._way_back = way_back

    def create(
        self, ctx: Context, backup_id: str, choices: Choices, *, kind: str = plan_kinds.NEW_SERVER
    ) -> ShownPlan:
        """Make the plan of a restore of this kind. Nothing is made or changed in the cloud.

        Raises CbrError 6200 (no such backup), 8600 (another project shares it), 2005 (its status), 9900 (the mapping makes no
        sense), 6302 (it names what is not the project's) and as `refuse_project`; CloudError.
        """
        if kind == plan_kinds.NEW_RESOURCES:
            raise CbrError(BAD_PARAMETER, "as: only a whole checkpoint is restored as new_resources.")
        with self._database.read() as conn:
            backup = find_own(conn, ctx.project_id, backup_id)
        return self._keep(ctx, kind, [backup], choices, backup_id=backup.id)

    def create_of_checkpoint(self, ctx: Context, checkpoint_id: str, choices: Choices) -> ShownPlan:
        """Make one plan of a restore of all backups of a checkpoint, but those that the mapping leaves out.

        Raises CbrError 6217 (no such checkpoint), 2005 (a backup's status, each is named), and as `create` does; CloudError.
        """
        with self._database.read() as conn:
            found = _of_checkpoint(conn, ctx.project_id, checkpoint_id)
        return self._keep(ctx, plan_kinds.NEW_RESOURCES, found, choices, checkpoint_id=checkpoint_id)

    def _keep(
        self, ctx: Context, kind: str, wanted: Sequence[Backup], choices: Choices, **subject: str
    ) -> ShownPlan:
        refuse_project(ctx, choices)
        found = self._make(ctx, kind, wanted, choices)
        text = msgspec.json.encode(kept_of(found, choices))
        plan_id = new_id(ctx.now)
        key_id, sealed = self._records.seal_plan(ctx.project_id, plan_id, text)
        stored = StoredPlan(
            id=plan_id,
            project_id=ctx.project_id,
            **subject,
            kind=kind,
            status=found.status,
            digest=found.digest,
            key_id=key_id,
            sealed=sealed,
            created_at=ctx.now,
            expires_at=ctx.now + self._lifetime,
        )
        with self._database.write() as conn:
            restore_plans.insert(conn, stored)
        return self._shown(stored)

    def list(
        self, ctx: Context, backup_ids: tuple[str, ...], page: Page, *, checkpoint_ids: tuple[str, ...] = ()
    ) -> Listing[ListedPlan]:
        """Return a page of the project's plans that have not expired, newest first unless sorted.

        Of these backups, and of these checkpoints, if any are named.

        Raises UnknownMarker and UnknownSortKey.
        """
        with self._database.read() as conn:
            return restore_plans.list(
                conn, ctx.project_id, backup_ids, page, now=ctx.now, checkpoint_ids=checkpoint_ids
            )

    def show(self, ctx: Context, plan_id: str) -> ShownPlan:
        """Return a plan of the project. Raises CbrError 6302 for all others and expired ones, and as `refuse_project`."""
        stored = self._stored(ctx, plan_id)
        refuse_project(ctx, self._opened(stored).given)
        return self._shown(stored)

    def apply(self, ctx: Context, plan_id: str) -> OperationLog:
        """Ask for the restore that a plan describes, and return its log; a worker carries it out.

        The plan is made anew first: where it says something else now, the cloud has moved and nothing is done. Raises CbrError
        6302 (no such plan), 9900 with 409 (the plan is refused or incomplete, or the cloud has moved), 2010 (it is being
        carried out, or its backup restored), and as `create` does; CloudError.
        """
        stored = self._stored(ctx, plan_id)
        kept = self._opened(stored)
        refuse_project(ctx, kept.given)
        if stored.status != READY:
            raise _conflict(
                f"The plan is {stored.status}: make one that is ready, its choices and problems say how."
            )
        with self._database.read() as conn:
            wanted = _backups(conn, stored)
        try:
            now = self._make(ctx, stored.kind, wanted, kept.given)
        except CbrError as error:
            if error.code != NO_SUCH_RESOURCE:
                raise
            raise _has_moved(error.message) from error  # it was there when the plan was made
        if now.digest != stored.digest:
            raise _has_moved(_moved(kept, now))
        return self._database.transact(lambda conn: self._request(conn, ctx, plan_id, now))

    def _request(self, conn: Connection, ctx: Context, plan_id: str, now: Plan) -> OperationLog:
        stored = restore_plans.get(conn, ctx.project_id, plan_id, lock=True)
        if stored is None:
            no_such_plan(plan_id)
        # In one order for all requests, so that no two wait for each other.
        ids = sorted(one.backup_id for one in now.backups) or [stored.backup_id or ""]
        wanted = [find_own(conn, ctx.project_id, one, lock=True) for one in ids]
        plan_kinds.refuse_backups(stored.kind, wanted)
        of_vault = {one.vault_id: one for one in wanted}
        held = {
            vault_id: refuse_vault(conn, ctx, of_vault[vault_id], lock=True) for vault_id in sorted(of_vault)
        }
        vault_name = held[wanted[0].vault_id].name
        applied = Applied(plan_id=plan_id, plan=now, backups=wanted, vault_name=vault_name)
        log = plan_kinds.KINDS[stored.kind].request(conn, ctx, applied)
        moved = all(
            backups.move_family(conn, ctx.project_id, one.id, to=statuses.WAITING_RESTORE, updated_at=ctx.now)
            for one in wanted
        )
        if not moved or not restore_plans.claim(conn, ctx.project_id, plan_id, log.id):
            raise CbrError(BEING_RESTORED)
        return log

    def _stored(self, ctx: Context, plan_id: str) -> StoredPlan:
        with self._database.read() as conn:
            stored = restore_plans.get(conn, ctx.project_id, plan_id) if is_uuid(plan_id) else None
        if stored is None or (stored.expires_at <= ctx.now and stored.operation_log_id is None):
            no_such_plan(plan_id)
        return stored

    def _opened(self, stored: StoredPlan) -> KeptPlan:
        """Open a plan. Raises CbrError 6302 for one of another release, which is as good as expired; RecordDamaged."""
        try:
            return open_plan(self._records, stored)
        except OfAnotherRelease:
            no_such_plan(stored.id)

    def _make(self, ctx: Context, kind: str, backups_: Sequence[Backup], choices: Choices) -> Plan:
        """Make a plan from the records and the cloud as it is now. Raises as `create` does."""
        refuse_members(choices, plan_kinds.KINDS[kind].members, kind)
        restored = _without(backups_, choices)
        plan_kinds.refuse_backups(kind, restored)
        wanted = [self._wanted(ctx, one, choices) for one in restored]
        left_out = [one for one in backups_ if one not in restored]
        refuse_strangers(
            [*(one.record.captured for one in wanted), *self._readable(left_out)],
            choices,
        )
        return plan_kinds.KINDS[kind].draft(self._cloud.reader(), wanted)

    def _readable(self, left_out: Iterable[Backup]) -> Iterator[Captured]:
        """Read what the mapping may still name of backups that it leaves out, as far as they have a record."""
        for one in left_out:
            with suppress(RecordRefused, RecordDamaged):
                yield self._records.restorable(one.project_id, one.id).captured

    def _wanted(self, ctx: Context, backup: Backup, choices: Choices) -> Wanted:
        try:
            record = self._records.restorable(backup.project_id, backup.id)
        except RecordRefused as error:
            raise CbrError(
                BACKUP_UNRESTORABLE, f"Backup {backup.id} has no record: no plan can be made of it."
            ) from error
        with self._database.read() as conn:
            children = backups.children(conn, backup.project_id, [backup.id])[backup.id]
        return Wanted(
            backup=backup,
            disks={one.resource_id: one for one in children} or {backup.resource_id: backup},
            record=record,
            choices=choices,
            gives_secrets=ctx.can(SECRETS_RIGHT),
            way_back=self._way_back,
        )

    def _shown(self, stored: StoredPlan) -> ShownPlan:
        kept = open_plan(self._records, stored)
        same = ("mapping", "problems", "choices", "notices", "counts", "rows", "backups")
        own = ("id", "backup_id", "checkpoint_id", "kind", "status", "digest", "created_at", "expires_at")
        return ShownPlan(**{n: getattr(kept, n) for n in same}, **{n: getattr(stored, n) for n in own})


def _of_checkpoint(conn: Connection, project_id: str, checkpoint_id: str) -> list[Backup]:
    """Read the project's own backups of a checkpoint. Raises CbrError 6217 where there are none."""
    found = backups.of_checkpoint(conn, project_id, checkpoint_id) if is_uuid(checkpoint_id) else []
    if not found:
        raise no_such_checkpoint(checkpoint_id)
    return found


def _backups(conn: Connection, stored: StoredPlan) -> list[Backup]:
    """Read what a plan is of. Raises as `create` and `create_of_checkpoint` do."""
    if stored.checkpoint_id is not None:
        return _of_checkpoint(conn, stored.project_id, stored.checkpoint_id)
    return [find_own(conn, stored.project_id, stored.backup_id or "")]


def _without(wanted: Sequence[Backup], choices: Choices) -> list[Backup]:
    """Leave out what the mapping of a checkpoint leaves out. Raises CbrError 9900 where it names others, or nothing is left."""
    for one in choices.backups.keys() - {backup.id for backup in wanted}:
        raise CbrError(
            BAD_PARAMETER,
            f"mapping.backups: the checkpoint has no backup {one[:64]}: take the ids from the plan.",
        )
    left = [one for one in wanted if not choices.backups.get(one.id, BackupChoices()).leave_out]
    if not left:
        raise CbrError(BAD_PARAMETER, "mapping.backups: all backups are left out: keep one at least.")
    return left


def no_such_plan(plan_id: str) -> NoReturn:
    """Raise 404/6302."""
    raise CbrError(
        NO_SUCH_RESOURCE,
        "There is no such restore plan, or it has expired, by time or by an upgrade: make a new one. "
        f"Asked for: {plan_id[:64]}.",
    )


def _conflict(sentence: str) -> CbrError:
    return CbrError(BAD_PARAMETER, sentence, status=HTTPStatus.CONFLICT)


def _has_moved(what: str) -> CbrError:
    return _conflict(f"The cloud is not as it was when the plan was made: {what} Make a new plan.")


def _moved(kept: KeptPlan, now: Plan) -> str:
    """Say what is another than in the plan, the first thing of it."""
    if now.problems:
        return f"{now.problems[0].sentence}."
    if now.choices:
        return f"{now.choices[0].sentence}."
    for before, after in zip(_rows(kept), _rows(now), strict=False):
        if (before.fate, before.target, before.reason) != (after.fate, after.target, after.reason):
            return f"{after.field} of {after.document} is {after.fate} now ({after.reason})."
    return "what stands there is another."


def _rows(of: KeptPlan | Plan) -> list[Row]:
    return [*of.rows, *(row for one in of.backups for row in one.rows)]
