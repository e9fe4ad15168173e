"""One restore plan."""

from opencbr.api.plus.restore_plans.body import RestorePlanBody, plan_body
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import NO_SUCH_RESOURCE


def show_restore_plan(request: Request[None, None]) -> RestorePlanBody:
    """Answer ShowRestorePlan."""
    return plan_body(request.services.restore_plans.show(request.ctx, request.path["plan_id"]))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "ShowRestorePlan", "GET", "/v3/{project_id}/restore-plans/{plan_id}", "RestorePlan"
        ),
        handler=show_restore_plan,
        right="cbr:backups:restore",
        summary="Show a restore plan",
        description=(
            "Gives a plan as it was made: the cloud is not asked again. A plan is gone when it has expired. This operation is "
            "opencbr's own."
        ),
        errors=(NO_SUCH_RESOURCE,),
    ),
)
