"""Which steps the jobs have, asked of the jobs themselves: no list of ours can forget one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from opencbr.jobs.engine.port import StepFailed
from opencbr.model.operation_log import OperationLog

Run = Callable[[Any, Any, OperationLog], None]

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_ORDER = OperationLog(
    id="order",
    project_id="project",
    operation_type="any",
    vault_id="vault",
    backup_id="backup",
    resource_id="resource",
    created_at=_NOW,
    updated_at=_NOW,
)


def steps_of(run: Run, *, failing: str | None = None) -> list[str]:
    """Name the steps of a job in their order; a step whose name ends in an id ("delete 1234") without it.

    With `failing`, that step fails, and the steps that follow a failure are named alone.
    """
    names: list[str] = []

    class Dry:
        """Carries nothing out; where a step names backups, it names one."""

        id, project_id = "order", "project"

        def step(self, name: str, work: Callable[[], Any]) -> Any:
            names.append(name.split(maxsplit=1)[0])
            if name.split(maxsplit=1)[0] == failing:
                names.clear()
                raise StepFailed(name, "9910", "as ordered")
            return ["backup"]

    run(Dry(), None, _ORDER)
    return list(dict.fromkeys(names))
