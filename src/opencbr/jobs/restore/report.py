"""The report of a restore in place: what its plan says of the captured fields, or what it would have said without one."""

import logging
from collections.abc import Sequence
from typing import Any

from opencbr.cloud.errors import CloudError
from opencbr.cloud.restore_view import TOUCHED, Recorded, read_view
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server.parts import PLAN, plan_of
from opencbr.jobs.new_server.report import report_of
from opencbr.jobs.notes import note
from opencbr.model.field_classes import as_owner_sees
from opencbr.model.operation_log import REPORT, OperationLog
from opencbr.model.restore import request_of
from opencbr.model.restore_plan.choices import DROP, Choices
from opencbr.model.restore_plan.in_place import Place, Target, plan_in_place
from opencbr.model.restore_plan.outcome import Overwrite
from opencbr.model.restore_plan.rows import Row
from opencbr.model.way_back import WayBackRule
from opencbr.records.build import RecordRefused
from opencbr.store.errors import RecordDamaged

log = logging.getLogger(__name__)

_ATTEMPTS = 3
"""So often the cloud is read for a report."""


def told_report(ctx: JobContext, operation: OperationLog) -> dict[str, Any]:
    """Give the report; where plan or record cannot be read, or the cloud is silent, it is restored all the same.

    So it is where an answer of the cloud has another shape than any that is known.
    """
    try:
        rows = plan_of(ctx, operation).rows if PLAN in operation.parameters else _patiently(ctx, operation)
    except (JobError, RecordDamaged, RecordRefused):
        return {}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        log.exception("restore %s has no report", operation.id)
        note(ctx, operation, f"there is no report of the captured fields: {type(error).__name__}: {error}")
        return {}
    except CloudError as error:
        note(ctx, operation, f"there is no report of the captured fields: {error}")
        return {}
    return {REPORT: report_of(rows)}


def _patiently(ctx: JobContext, operation: OperationLog) -> Sequence[Row]:
    """Bear a bad moment of the cloud, and no longer: the server waits for nothing any more, but its owner does."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return _rows(ctx, operation)
        except CloudError:
            ctx.clock.sleep(ctx.settings.poll_seconds)
    return _rows(ctx, operation)


def _rows(ctx: JobContext, operation: OperationLog) -> Sequence[Row]:
    """Hold the record against what stands there, now that its disks are written: RestoreBackup has no plan (contract 5.3)."""
    record = ctx.records.restorable(operation.project_id, operation.backup_id or "")
    captured, request, reader = record.captured, request_of(operation.parameters), ctx.cloud.reader()
    backed_up = {backup_id: volume_id for volume_id, backup_id in captured.disk_backups.items()}
    targets = {
        backed_up[disk.backup_id]: disk.volume_id for disk in request.disks if disk.backup_id in backed_up
    }
    if request.server_id not in (None, captured.server_id):
        # Of another server there is nothing to compare but its disks.
        captured = captured.about_disks([disk.volume_id for disk in captured.disks])
    choices = Choices(
        server_id=request.server_id,
        disks={disk.volume_id: targets.get(disk.volume_id, DROP) for disk in captured.disks},
    )
    recorded = Recorded(
        captured=captured, documents=record.documents, choices=choices, fingerprint=record.fingerprint
    )
    view = read_view(reader, recorded, lists=(), kinds=TOUCHED - {"volume"})
    bodies = reader.at_once(reader.get_volume, list(targets.values()))
    disks = [
        Target(volume_id=disk, target_id=target, body=as_owner_sees("volume", body))
        for (disk, target), body in zip(targets.items(), bodies, strict=True)
    ]
    overwrite = Overwrite(request=request, target_id=operation.resource_id or "", target_name="")
    place = Place(
        server=None,
        disks=disks,
        problems=(),
        overwrite=overwrite,
        way_back=WayBackRule(is_taken=False),
    )
    return plan_in_place(captured, view, choices, place).rows
