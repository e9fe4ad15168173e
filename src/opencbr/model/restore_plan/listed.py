"""A restore plan as a list has it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlan:
    """Nothing of a plan that is sealed; `operation_log_id` names the restore that carries it out just now."""

    id: str
    backup_id: str | None
    checkpoint_id: str | None
    kind: str
    status: str
    created_at: datetime
    expires_at: datetime
    operation_log_id: str | None
