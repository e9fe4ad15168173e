"""The jobs there are: the one place where a new one is entered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opencbr.jobs.backup import compensation as backup
from opencbr.jobs.backup.job import run_backup
from opencbr.jobs.checkpoint.job import run_checkpoint_restore
from opencbr.jobs.compensation import Straighten
from opencbr.jobs.context import JobContext
from opencbr.jobs.delete import compensation as delete
from opencbr.jobs.delete.job import run_delete
from opencbr.jobs.delete.removal import run_remove_resource, run_vault_delete
from opencbr.jobs.drill.compensation import compensate_drill
from opencbr.jobs.drill.job import run_drill
from opencbr.jobs.drill.rows import give_up
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.new_server.compensation import compensate_plan
from opencbr.jobs.new_server.job import run_new_server
from opencbr.jobs.new_server.rows import give_back_rows as give_back_plan
from opencbr.jobs.new_volume.job import run_new_volume
from opencbr.jobs.restore.compensation import compensate_restore
from opencbr.jobs.restore.job import run_restore
from opencbr.jobs.restore.rows import give_back_rows
from opencbr.jobs.restore.way_back import may_stop
from opencbr.jobs.undo.compensation import compensate_undo, give_back_way
from opencbr.jobs.undo.job import run_undo
from opencbr.model import operation_log
from opencbr.model.operation_log import OperationLog

Run = Callable[[Job, JobContext, OperationLog], None]
Compensate = Callable[[Job, JobContext, OperationLog, StepFailed | Cancelled], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType:
    """What carries out the operations of one type.

    `run` does the work in steps and ends the operation log; what its steps raise is left to `compensate`,
    which cleans up, ends the log as failed, and must cope with any point that the work may have come to.
    `frees` lets go the resource, backup or vault that the operation keeps busy: `compensate` uses it, and it
    is all that is left to do when that breaks itself. `cancellable`: the steps heed the log's
    `cancel_requested`; of such a job `may_stop` says whether a wait within a step may still end by that.
    """

    run: Run
    compensate: Compensate
    cancellable: bool
    frees: Straighten
    may_stop: Callable[[JobContext, OperationLog], bool] = lambda ctx, operation: True  # noqa: ARG005

    def heeds_cancellation(self, ctx: JobContext, operation: OperationLog) -> bool:
        """Say whether a request to cancel is heeded now."""
        return self.cancellable and self.may_stop(ctx, operation)


JOB_TYPES: Mapping[str, JobType] = {
    operation_log.BACKUP: JobType(
        run=run_backup, compensate=backup.compensate_backup, cancellable=True, frees=backup.straighten
    ),
    operation_log.DELETE: JobType(
        run=run_delete,
        compensate=delete.compensate_delete,
        cancellable=False,
        frees=delete.give_back_backup,
    ),
    operation_log.RESTORE: JobType(
        run=run_restore,
        compensate=compensate_restore,
        cancellable=True,
        frees=give_back_rows,
        may_stop=may_stop,
    ),
    operation_log.RESTORE_UNDO: JobType(
        run=run_undo,
        compensate=compensate_undo,
        cancellable=False,
        frees=give_back_way,
    ),
    operation_log.RESTORE_NEW_SERVER: JobType(
        run=run_new_server,
        compensate=compensate_plan,
        cancellable=True,
        frees=give_back_plan,
    ),
    operation_log.RESTORE_NEW_VOLUME: JobType(
        run=run_new_volume,
        compensate=compensate_plan,
        cancellable=True,
        frees=give_back_plan,
    ),
    operation_log.RESTORE_CHECKPOINT: JobType(
        run=run_checkpoint_restore,
        compensate=compensate_plan,
        cancellable=True,
        frees=give_back_plan,
    ),
    operation_log.DRILL: JobType(run=run_drill, compensate=compensate_drill, cancellable=True, frees=give_up),
    operation_log.REMOVE_RESOURCE: JobType(
        run=run_remove_resource,
        compensate=delete.compensate_remove_resource,
        cancellable=True,
        frees=delete.give_back_resource,
    ),
    operation_log.VAULT_DELETE: JobType(
        run=run_vault_delete,
        compensate=delete.compensate_vault_delete,
        cancellable=True,
        frees=delete.give_back_vault,
    ),
}
"""Operation type -> what carries it out."""
