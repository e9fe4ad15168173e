"""ShowCheckpoint (contract 3.2)."""

from opencbr.api.cbr.checkpoints.body import ShowCheckpointBody, show_checkpoint_body
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.request import Request
from opencbr.api.route import Route


def show_checkpoint(request: Request[None, None]) -> ShowCheckpointBody:
    """Answer ShowCheckpoint."""
    return show_checkpoint_body(request.services.checkpoints.show(request.ctx, request.path["checkpoint_id"]))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowCheckpoint"],
        handler=show_checkpoint,
        right="cbr:vaults:get",
        summary="Show how far a checkpoint is",
        description=(
            "Shows how far a checkpoint is, which is made of the backups that one request asked for. It is "
            "there as long as one of them is; after the last one's deletion the answer is 404."
        ),
        errors=("6217",),
    ),
)
