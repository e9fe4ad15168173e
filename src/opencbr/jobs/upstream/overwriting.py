"""Cinder writes over volumes: each write is asked for once, or once more where nobody knows what came of it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.statuses import (
    CINDER_AVAILABLE,
    CINDER_ERROR,
    CINDER_IN_USE,
    CINDER_RESTORING,
    CINDER_REVERTING,
)
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.parameters import reach, standing
from opencbr.jobs.upstream.limits import Seen
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.jobs.written import tell_written
from opencbr.model.errors import DISK_UNRESTORABLE, UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import ACCEPTED, BEGUN, RESTORED, WRITES, Writing, stage_of

_ATTEMPTS = 3
"""Writes over one disk asked for in a row: Cinder's services may go away while they write."""
_SECONDS_PER_GB = 60.0
"""So long Cinder may write a GiB before it is thought to stand still: nothing of it is to be seen."""


class Write(Protocol):
    """What is written over one volume. All raise CloudError, JobError."""

    @property
    def volume_id(self) -> str:
        """The volume."""

    @property
    def size_gb(self) -> int:
        """How much is written, in GiB."""

    def busy(self) -> Seen | None:
        """Say what must end before Cinder can be asked, None when nothing must."""

    def ask(self) -> None:
        """Ask Cinder to write; what is refused was not begun."""

    def failure(self, status: str, times: int) -> str:
        """Say what has failed so often, and left the volume in this error, and why."""


def overwrite(
    ctx: JobContext,
    operation: OperationLog,
    writes: Sequence[Write],
    *,
    step: str,
    progress: tuple[int, int],
    writing: Writing = WRITES,
    root_id: str | None = None,
    heed: Callable[[], None] = lambda: None,
    is_excused: Callable[[], bool] = lambda: False,
) -> None:
    """Have Cinder do the writes, all at once.

    `progress` is in percent, from when Cinder begins to write until it has ended, told as `tell_written` does;
    `writing` is where the parameters have the stages; `root_id` is a disk that stays on its server; what `heed` raises ends
    the wait. Raises CloudError, JobError, Lost.
    """
    sizes = {name_of(write.volume_id): write.size_gb for write in writes}

    def tell(unfinished: Sequence[str]) -> None:
        heed()
        tell_written(ctx, operation, sizes, unfinished, step=step, progress=progress)

    reconcile(
        ctx,
        operation,
        {
            name_of(write.volume_id): _Overwriting(
                ctx, operation, write, writing, is_root=write.volume_id == root_id
            )
            for write in writes
        },
        copying_seconds=copying_seconds([write.size_gb for write in writes]),
        is_excused=is_excused,
        told=tell,
    )


def copying_seconds(sizes_gb: Sequence[int]) -> float:
    """Say how long Cinder may write over disks of these sizes before it is thought to stand still."""
    return max(sizes_gb, default=0) * _SECONDS_PER_GB


def name_of(volume_id: str) -> str:
    """Say what a volume is called where a job tells what it waits for."""
    return f"volume {volume_id}"


class _Overwriting:
    """Has Cinder write over one disk. How far it is stands in the job's parameters, before it is so."""

    def __init__(
        self, ctx: JobContext, operation: OperationLog, write: Write, writing: Writing, *, is_root: bool
    ) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project = ctx.cloud.project(operation.project_id)
        self._write = write
        self._id = write.volume_id
        self._writing: Writing = writing
        self._is_root = is_root
        self._attempts = 0

    def __call__(self) -> Act | Seen | None:
        """Look at the disk, and say what it needs."""
        stage = self._stage()
        if stage == RESTORED:
            return None
        volume = self._project.get_volume(self._id)
        if volume.status in (CINDER_RESTORING, CINDER_REVERTING):
            return volume
        if volume.status.startswith(CINDER_ERROR):
            return self._again(volume.status)
        if stage == ACCEPTED:
            # Whoever has attached it meanwhile could do so only after its end.
            self._reach(RESTORED)
            return None
        if volume.status == CINDER_AVAILABLE:
            return self._write.busy() or self._ask
        if self._is_root and volume.status == CINDER_IN_USE:
            return partial(self._ctx.cloud.set_volume_status, self._id, CINDER_AVAILABLE)
        raise JobError(
            DISK_UNRESTORABLE,
            f"volume {self._id} is {volume.status} ({volume.request_id}) and cannot be written over",
        )

    def _ask(self) -> None:
        before = self._stage()
        self._reach(BEGUN)
        try:
            self._write.ask()
        except (Denied, NotFound, Refused):
            self._reach(before)
            raise
        self._reach(ACCEPTED)

    def _again(self, status: str) -> Act:
        self._attempts += 1
        # Without the right to take it out of the error the first failure is the last.
        if self._attempts >= _ATTEMPTS or not self._ctx.cloud.reader().sets_volume_status():
            raise JobError(UNEXPECTED, self._write.failure(status, self._attempts))
        return self._take_back

    def _take_back(self) -> None:
        # The stage goes back first: a volume that is available after ACCEPTED would be taken for written.
        self._reach(BEGUN)
        self._ctx.cloud.set_volume_status(self._id, CINDER_AVAILABLE)

    def _stage(self) -> str | None:
        return stage_of(standing(self._ctx, self._operation), self._id, self._writing)

    def _reach(self, stage: str | None) -> None:
        reach(self._ctx, self._operation, self._id, stage, self._writing)
