"""Patience with a cloud that does not answer, the same in each step of each job: every step may be run again."""

from collections.abc import Callable
from datetime import datetime, timedelta

from opencbr.cloud.errors import CredentialRefused, Unreachable
from opencbr.deadline import interrupted_by
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job, T
from opencbr.jobs.intervals import pauses
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.polling import rest, stop_if_cancelled
from opencbr.model.operation_log import OperationLog


class Patient:
    """A job whose steps are run again while the cloud is away, `patience_seconds` long at most.

    An outage is told once in the operation log. A service credential that Keystone refuses is borne until an operator has
    corrected it: to fail would help nobody. While the job is `cancellable` a request to cancel ends the wait; with `way_back`
    the job has failed or is cancelled, and its end waits for the credential no longer than for the cloud: what it leaves is
    the janitor's.
    """

    def __init__(
        self,
        job: Job,
        ctx: JobContext,
        operation: OperationLog,
        *,
        cancellable: Callable[[], bool],
        way_back: bool = False,
    ) -> None:
        self.id = job.id
        self.project_id = job.project_id
        self._job = job
        self._ctx = ctx
        self._operation = operation
        self._cancellable = cancellable
        self._way_back = way_back

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Run `work` as the job does, patiently. Raises as `Job.step`."""
        return self._job.step(name, lambda: self._outlast(name, work))

    def patched(self, name: str, /) -> bool:
        """Say what the job says."""
        return self._job.patched(name)

    def without_journal(self) -> Job:
        """Return the job for its last act, as patient."""
        bare = self._job.without_journal()
        return Patient(
            bare, self._ctx, self._operation, cancellable=self._cancellable, way_back=self._way_back
        )

    def _heed_cancellation(self) -> None:
        if self._cancellable():
            stop_if_cancelled(self._ctx, self._operation.id)

    def _outlast(self, name: str, work: Callable[[], T]) -> T:
        ctx = self._ctx
        gaps = pauses(ctx.settings.poll_seconds)
        until: datetime | None = None
        while True:
            try:
                with interrupted_by(self._heed_cancellation):
                    return work()
            except Unreachable as error:
                now = ctx.clock.now()
                if isinstance(error, CredentialRefused) and not self._way_back:
                    until = None
                    note(ctx, self._operation, f"step {name} waits: {error.reason}")
                elif until is None:
                    until = now + timedelta(seconds=ctx.settings.patience_seconds)
                    note(ctx, self._operation, f"step {name} waits for the cloud: {error}")
                elif now >= until:
                    raise
            rest(ctx, next(gaps), self._operation.id if self._cancellable() else None)
