"""ShowOpLog (contract 3.8)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operation_logs.body import OperationLogBody, operation_log_body
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.request import Request
from opencbr.api.route import Route


class ShowOpLogBody(Struct):
    """The envelope of one log."""

    operation_log: Annotated[OperationLogBody, Meta(description="the log")]


def show_op_log(request: Request[None, None]) -> ShowOpLogBody:
    """Answer ShowOpLog."""
    log = request.services.operation_logs.show(request.ctx, request.path["operation_log_id"])
    return ShowOpLogBody(operation_log_body(log))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowOpLog"],
        handler=show_op_log,
        right="cbr:tasks:get",
        summary="Show one operation log",
        description=(
            "Shows one piece of work: its status, its progress in per cent, the step that is done, and how it "
            "failed, if it did."
        ),
        errors=("6500",),
    ),
)
