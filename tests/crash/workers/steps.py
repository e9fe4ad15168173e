"""Which steps the jobs have, asked of the jobs themselves: no list of ours can forget one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.execution import carry_out
from opencbr.jobs.registry import JobType
from opencbr.model.operation_log import OperationLog

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_LOG = OperationLog(
    id="log",
    project_id="project",
    operation_type="any",
    vault_id="vault",
    backup_id="backup",
    resource_id="resource",
    created_at=_NOW,
    updated_at=_NOW,
)


def steps_of(job_type: JobType, *, failing: str | None = None, cancelled: str | None = None) -> list[str]:
    """Name the steps of a job in their order; a step whose name ends in an id ("delete 1234") without it.

    With `failing` that step fails, with `cancelled` it is cancelled, and the steps that follow are named alone.
    """
    names: list[str] = []

    class Dry:
        """Carries nothing out; where a step names backups, it names one."""

        id, project_id = "log", "project"

        def step(self, name: str, work: Callable[[], Any]) -> Any:
            names.append(name.split(maxsplit=1)[0])
            if names[-1] in (failing, cancelled):
                end = Cancelled(name) if names[-1] == cancelled else StepFailed(name, "9910", "as requested")
                names.clear()
                raise end
            return ["backup"]

        def patched(self, _: str) -> bool:
            return True

    carry_out(job_type, cast("Job", Dry()), cast("JobContext", None), _LOG)
    return list(dict.fromkeys(names))
