"""Making a restore plan."""

from typing import Annotated

from msgspec import Meta, Struct, field

from opencbr.api.plus.restore_plans.body import RestoredAs, RestorePlanBody, plan_body
from opencbr.api.plus.restore_plans.mapped_choices import choices_of
from opencbr.api.plus.restore_plans.mapping import PlanMapping
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import BACKUP_UNRESTORABLE, NO_SUCH_BACKUP, NO_SUCH_RESOURCE


class WantedPlan(Struct, kw_only=True):
    """What the backup is to be restored as, and what was chosen."""

    as_: RestoredAs = field(name="as")
    mapping: Annotated[
        PlanMapping | None, Meta(description="what was chosen; left out: the plan says what is to be chosen")
    ] = None


class CreateRestorePlanBody(Struct):
    """The request of CreateRestorePlan."""

    restore_plan: Annotated[WantedPlan, Meta(description="the plan that is wanted")]


def create_restore_plan(request: Request[None, CreateRestorePlanBody]) -> RestorePlanBody:
    """Answer CreateRestorePlan: the record against the cloud as it is now."""
    wanted = request.body.restore_plan
    plans, choices = request.services.restore_plans, choices_of(wanted.mapping)
    return plan_body(plans.create(request.ctx, request.path["backup_id"], choices, kind=wanted.as_))


class WantedCheckpointPlan(Struct, kw_only=True):
    """All backups of the checkpoint as new servers and volumes."""

    mapping: Annotated[
        PlanMapping | None, Meta(description="what was chosen; left out: the plan says what is to be chosen")
    ] = None


class CreateCheckpointRestorePlanBody(Struct):
    """The request of CreateCheckpointRestorePlan."""

    restore_plan: Annotated[WantedCheckpointPlan, Meta(description="the plan that is wanted")]


def create_checkpoint_restore_plan(
    request: Request[None, CreateCheckpointRestorePlanBody],
) -> RestorePlanBody:
    """Answer CreateCheckpointRestorePlan: the records of all its backups against the cloud as it is now."""
    plans, choices = request.services.restore_plans, choices_of(request.body.restore_plan.mapping)
    return plan_body(plans.create_of_checkpoint(request.ctx, request.path["checkpoint_id"], choices))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "CreateCheckpointRestorePlan",
            "POST",
            "/v3/{project_id}/checkpoints/{checkpoint_id}/restore-plans",
            "RestorePlan",
        ),
        handler=create_checkpoint_restore_plan,
        right="cbr:backups:restore",
        summary="Plan the restore of a whole checkpoint as new servers and volumes",
        description=(
            "Holds the records of all backups of a checkpoint against the cloud as it is now, as CreateRestorePlan does with "
            "one, and makes one plan of them: networks, groups, routers and whatever else several of the servers had is made "
            "once, quotas must have room for all, and what two backups ask for in contradiction is a problem that names both. "
            "Nothing is made or changed. Each backup must be available or left out by the mapping. This operation is "
            "opencbr's own."
        ),
        errors=("6217", NO_SUCH_RESOURCE, BACKUP_UNRESTORABLE),
        upstream=True,
    ),
    Route(
        operation=Operation(
            "CreateRestorePlan", "POST", "/v3/{project_id}/backups/{backup_id}/restore-plans", "RestorePlan"
        ),
        handler=create_restore_plan,
        right="cbr:backups:restore",
        summary="Plan a restore as a new server, as a new volume or in place",
        description=(
            "Holds the record of a backup against the cloud as it is now and says of every captured field what a restore "
            "would do with it, as a new server, of one disk as a new volume, or in place, and why. Nothing is made or changed. "
            "What is to be chosen stands in `choices`, what stands against it in `problems`; edit `mapping`, send it again, "
            "and another plan is made. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, NO_SUCH_RESOURCE, BACKUP_UNRESTORABLE),
        upstream=True,
    ),
)
