"""The plan of a drill: that of a new server, of a record that is cut off from all that stands."""

from datetime import datetime

import msgspec

from opencbr.cloud.restore_view import Recorded, read_view
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server.parts import PLAN
from opencbr.model.errors import BACKUP_UNRESTORABLE, QUOTA_USED_UP
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.isolation import isolated
from opencbr.model.restore_plan.outcome import READY, Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.records.build import RecordRefused
from opencbr.records.kept_plans import kept_of
from opencbr.store import drills, operation_logs, restore_plans
from opencbr.store.errors import RecordDamaged
from opencbr.store.restore_plans import StoredPlan


def make_plan(ctx: JobContext, operation: OperationLog) -> None:
    """Make the plan and keep it until the drill has ended.

    Raises JobError 8300 with both numbers when a quota has no room, 2005 when the plan is refused or leaves something to be
    chosen; CloudError.
    """
    found, choices = _plan(ctx, operation)
    if found.status != READY:
        raise _refused(found)
    plan_id, now = str(operation.parameters[PLAN]), ctx.clock.now()
    text = msgspec.json.encode(kept_of(found, choices))
    key_id, sealed = ctx.records.seal_plan(operation.project_id, plan_id, text)
    stored = StoredPlan(
        id=plan_id,
        project_id=operation.project_id,
        backup_id=operation.backup_id or "",
        status=found.status,
        digest=found.digest,
        key_id=key_id,
        sealed=sealed,
        created_at=now,
        expires_at=now,
        operation_log_id=operation.id,
    )
    with ctx.database.write() as conn:
        restore_plans.replace(conn, stored)
        standing = operation_logs.get(conn, operation.project_id, operation.id) or operation
        drills.begin(conn, operation.id, now=_begun(standing, now))


def _begun(operation: OperationLog, now: datetime) -> datetime:
    return operation.started_at or now


def _plan(ctx: JobContext, operation: OperationLog) -> tuple[Plan, Choices]:
    try:
        record = ctx.records.restorable(operation.project_id, operation.backup_id or "")
    except (RecordRefused, RecordDamaged) as error:
        raise JobError(BACKUP_UNRESTORABLE, f"the backup's record cannot be used: {error}") from error
    captured, choices = isolated(record.captured)
    documents = [one for one in record.documents if one.name in captured.documents]
    recorded = Recorded(
        captured=captured, documents=documents, choices=choices, fingerprint=record.fingerprint
    )
    view = read_view(ctx.cloud.reader(), recorded)
    return plan(captured, view, choices), choices


def _refused(found: Plan) -> JobError:
    """Say why a drill cannot be carried out: a quota alone says nothing against the backup."""
    quotas = [one for one in found.problems if not one.document]
    others = [one.sentence for one in found.problems if one.document]
    others += [one.sentence for one in found.choices]
    if not others:
        return JobError(QUOTA_USED_UP, "; ".join(one.sentence for one in quotas))
    return JobError(BACKUP_UNRESTORABLE, "the server could not be restored as it was: " + "; ".join(others))
