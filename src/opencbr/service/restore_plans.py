"""Restore plans: the record of a backup against the cloud as it is now, kept sealed for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NoReturn

import msgspec
from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.reader import Reader
from opencbr.cloud.restore_view import read_view
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
from opencbr.model.restore_plan.choices import DROP, NEW, Choices
from opencbr.model.restore_plan.draft import OpenChoice, Problem
from opencbr.model.restore_plan.listed import ListedPlan
from opencbr.model.restore_plan.outcome import READY, Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.model.restore_plan.rows import Row
from opencbr.model.restore_plan.view import CloudView
from opencbr.model.vault import SERVER
from opencbr.records.archive import Records
from opencbr.records.build import RecordRefused
from opencbr.records.kept_plans import KeptPlan, kept_of, open_plan
from opencbr.service import new_operations
from opencbr.service.access import find_own
from opencbr.service.context import Context
from opencbr.service.metadata import SECRETS_RIGHT
from opencbr.service.restore_project import refuse_project
from opencbr.service.restores import not_available
from opencbr.store import backups, restore_plans, vaults
from opencbr.store.database import Database
from opencbr.store.restore_plans import StoredPlan

PLAN_SECONDS = 3600.0
"""So long a plan is kept when nothing else is said: it holds secrets, and the cloud moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """A plan as its project sees it; values that are not for everybody are masked in `rows`."""

    id: str
    backup_id: str
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


class RestorePlans:
    """The use cases; they touch the context's project alone. `lifetime_seconds`: so long a plan is kept."""

    def __init__(
        self, database: Database, cloud: Cloud, records: Records, *, lifetime_seconds: float = PLAN_SECONDS
    ) -> None:
        self._database = database
        self._cloud = cloud
        self._records = records
        self._lifetime = timedelta(seconds=lifetime_seconds)

    def create(self, ctx: Context, backup_id: str, choices: Choices) -> ShownPlan:
        """Make the plan of a restore as a new server. Nothing is made or changed in the cloud.

        Raises CbrError 6200 (no such backup), 8600 (another project shares it), 2005 (its status), 9900 (the mapping makes no
        sense), 6302 (it names what is not the project's) and as `refuse_project`; CloudError.
        """
        with self._database.read() as conn:
            backup = find_own(conn, ctx.project_id, backup_id)
        refuse_project(ctx, choices)
        found = self.make(backup, choices, gives_secrets=ctx.can(SECRETS_RIGHT))
        text = msgspec.json.encode(kept_of(found, choices))
        plan_id = new_id(ctx.now)
        key_id, sealed = self._records.seal_plan(ctx.project_id, plan_id, text)
        stored = StoredPlan(
            id=plan_id,
            project_id=ctx.project_id,
            backup_id=backup.id,
            status=found.status,
            digest=found.digest,
            key_id=key_id,
            sealed=sealed,
            created_at=ctx.now,
            expires_at=ctx.now + self._lifetime,
        )
        with self._database.write() as conn:
            restore_plans.delete_over(conn, ctx.now)
            restore_plans.insert(conn, stored)
        return self._shown(stored)

    def list(self, ctx: Context, backup_ids: tuple[str, ...], page: Page) -> Listing[ListedPlan]:
        """Return a page of the project's plans that have not expired, newest first unless sorted; of these backups, if any.

        Raises UnknownMarker and UnknownSortKey.
        """
        with self._database.read() as conn:
            return restore_plans.list(conn, ctx.project_id, backup_ids, page, now=ctx.now)

    def show(self, ctx: Context, plan_id: str) -> ShownPlan:
        """Return a plan of the project. Raises CbrError 6302 for all others and expired ones, and as `refuse_project`."""
        stored = self._stored(ctx, plan_id)
        refuse_project(ctx, open_plan(self._records, stored).given)
        return self._shown(stored)

    def apply(self, ctx: Context, plan_id: str) -> OperationLog:
        """Ask for the restore that a plan describes, and return its log; a worker carries it out.

        The plan is made anew first: where it says something else now, the cloud has moved and nothing is done. Raises CbrError
        6302 (no such plan), 9900 with 409 (the plan is refused or incomplete, or the cloud has moved), 2010 (it is being
        carried out, or its backup restored), and as `create` does; CloudError.
        """
        stored = self._stored(ctx, plan_id)
        kept = open_plan(self._records, stored)
        refuse_project(ctx, kept.given)
        if stored.status != READY:
            raise _conflict(
                f"The plan is {stored.status}: make one that is ready, its choices and problems say how."
            )
        with self._database.read() as conn:
            backup = find_own(conn, ctx.project_id, stored.backup_id)
        now = self.make(backup, kept.given, gives_secrets=ctx.can(SECRETS_RIGHT))
        if now.digest != stored.digest:
            raise _conflict(
                f"The cloud is not as it was when the plan was made: {_moved(kept, now)} Make a new plan."
            )
        return self._database.transact(lambda conn: self._request(conn, ctx, plan_id, now.mapping.name or ""))

    def _request(self, conn: Connection, ctx: Context, plan_id: str, name: str) -> OperationLog:
        stored = restore_plans.get(conn, ctx.project_id, plan_id, lock=True)
        if stored is None:
            no_such_plan(plan_id)
        backup = find_own(conn, ctx.project_id, stored.backup_id, lock=True)
        _refuse(backup)
        vault = vaults.get(conn, ctx.project_id, backup.vault_id)
        vault_name = vault.name if vault else None
        log = new_operations.request_new_server(conn, ctx, backup, vault_name, plan_id=plan_id, name=name)
        moved = backups.move_family(
            conn, ctx.project_id, backup.id, to=statuses.WAITING_RESTORE, updated_at=ctx.now
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

    def make(self, backup: Backup, choices: Choices, *, gives_secrets: bool) -> Plan:
        """Make a plan from the record and the cloud as it is now. Raises as `create` does.

        With `gives_secrets` what is sealed may go into another project.
        """
        _refuse(backup)
        try:
            record = self._records.restorable(backup.project_id, backup.id)
        except RecordRefused as error:
            raise CbrError(
                BACKUP_UNRESTORABLE, "The backup has no record: it cannot be restored as a server."
            ) from error
        _refuse_strangers(record.captured, choices)
        view = read_view(self._reader(), record.captured, record.documents, choices, record.fingerprint)
        view = replace(view, gives_secrets=gives_secrets)
        _refuse_foreign(record.captured, view, choices)
        return plan(record.captured, view, choices)

    def _reader(self) -> Reader:
        return self._cloud.reader()

    def _shown(self, stored: StoredPlan) -> ShownPlan:
        kept = open_plan(self._records, stored)
        same = ("mapping", "problems", "choices", "notices", "counts", "rows")
        own = ("id", "backup_id", "status", "digest", "created_at", "expires_at")
        return ShownPlan(**{n: getattr(kept, n) for n in same}, **{n: getattr(stored, n) for n in own})


def no_such_plan(plan_id: str) -> NoReturn:
    """Raise 404/6302."""
    raise CbrError(
        NO_SUCH_RESOURCE,
        f"There is no such restore plan, or it has expired: make a new one. Asked for: {plan_id[:64]}.",
    )


def _conflict(sentence: str) -> CbrError:
    return CbrError(BAD_PARAMETER, sentence, status=HTTPStatus.CONFLICT)


def _moved(kept: KeptPlan, now: Plan) -> str:
    """Say what is another than in the plan, the first thing of it."""
    if now.problems:
        return f"{now.problems[0].sentence}."
    if now.choices:
        return f"{now.choices[0].sentence}."
    for before, after in zip(kept.rows, now.rows, strict=True):
        if (before.fate, before.target, before.reason) != (after.fate, after.target, after.reason):
            return f"{after.field} of {after.document} is {after.fate} now ({after.reason})."
    return "what stands there is another."


def _refuse(backup: Backup) -> None:
    if backup.parent_id is not None:
        raise CbrError(
            BAD_PARAMETER,
            f"This is one disk of the server backup {backup.parent_id}: make the plan of that one.",
        )
    if backup.resource_type != SERVER:
        raise CbrError(BAD_PARAMETER, "as: the backup is of a disk, and no server can be made of it.")
    if backup.status != statuses.AVAILABLE:
        raise not_available(backup)


def _refuse_strangers(captured: Captured, choices: Choices) -> None:
    """Raise CbrError 9900 for what the mapping says of things that the record has not, or says twice."""
    ports = [choice.port_id for choice in choices.ports]
    if len(set(ports)) < len(ports):
        raise CbrError(BAD_PARAMETER, "mapping: a port is named twice: name each once.")
    floating = {
        str(row.get("id"))
        for name, body in captured.documents.items()
        if name.startswith("floatingips/")
        for row in body.get("floatingips") or ()
    }
    known: dict[str, tuple[Any, Any]] = {
        "port": (ports, {**captured.of("port"), **captured.of("subport")}),
        "security group": (choices.security_groups, captured.of("security_group")),
        "volume": (choices.volume_types, {disk.volume_id for disk in captured.disks}),
        "floating IP": (choices.floating_ips, floating),
    }
    for what, (named, there) in known.items():
        for one in named:
            if one not in there:
                raise CbrError(
                    BAD_PARAMETER,
                    f"mapping: the backup has no {what} {one[:64]}: take the ids from the plan.",
                )


def _refuse_foreign(captured: Captured, view: CloudView, choices: Choices) -> None:
    """Raise CbrError 6302 for ids that the project is not shown in the cloud.

    What a thing was before may be named again, also in a mapping for another project: where it is gone the plan asks.
    """
    was = {
        "flavor": {str((captured.thing("flavor") or {}).get("id"))},
        "server group": captured.of("server_group").keys(),
        "security group": captured.of("security_group").keys(),
        "volume type": captured.of("volume_type").keys(),
    }
    named: dict[str, tuple[list[str | None], Any]] = {
        "flavor": ([choices.flavor_id], view.flavors),
        "server group": ([choices.server_group], view.server_groups),
        "network": ([one.network_id for one in choices.ports], view.networks),
        "security group": (list(choices.security_groups.values()), view.security_groups),
        "volume type": (list(choices.volume_types.values()), view.volume_types),
    }
    for what, (wanted, there) in named.items():
        shown = {row.get("id") for row in there} | was.get(what, set())
        for one in wanted:
            if one not in (None, NEW, DROP) and one not in shown:
                raise CbrError(
                    NO_SUCH_RESOURCE,
                    f"There is no such {what} in this project's cloud. Asked for: {str(one)[:64]}.",
                )
