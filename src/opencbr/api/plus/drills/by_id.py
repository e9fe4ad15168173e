"""One drill."""

from opencbr.api.plus.drills.body import DrillBody, drill_body
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import NO_SUCH_RESOURCE


def show_drill(request: Request[None, None]) -> DrillBody:
    """Answer ShowDrill."""
    return drill_body(request.services.drills.show(request.ctx, request.path["drill_id"]))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("ShowDrill", "GET", "/v3/{project_id}/drills/{drill_id}", "Drill"),
        handler=show_drill,
        right="cbr:drills:get",
        summary="Show a drill with all that was found",
        description=(
            "Gives the verdict of a drill, how long the recovery took, and everything that was looked at. A drill stays when "
            "its backup is deleted. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_RESOURCE,),
    ),
)
