"""What is written over is one operation's until that has ended: of two that want the same the second is refused."""

from collections.abc import Collection

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.errors import BEING_REMOVED, BEING_RESTORED, CbrError
from opencbr.service.context import Context
from opencbr.store import resources, restore_targets

_BUSY = {statuses.PROTECTING: "2002", statuses.RESTORING: BEING_RESTORED, statuses.REMOVING: BEING_REMOVED}


def claim_targets(conn: Connection, ctx: Context, log_id: str, targets: Collection[str]) -> None:
    """Make busy what is written over. Raises CbrError 2010 for what another restore has, 2002, 6134 for what is busy."""
    taken = restore_targets.claim(conn, ctx.project_id, targets, log_id)
    if taken is not None:
        raise CbrError(BEING_RESTORED, f"{taken} is being restored already: wait for that to end.")
    for resource_id in sorted(targets):
        if resources.set_status(
            conn, ctx.project_id, resource_id, statuses.RESTORING, only_from=resources.AT_REST
        ):
            continue
        bound = resources.get(conn, ctx.project_id, resource_id)
        if bound is not None:
            raise CbrError(_BUSY.get(bound.protect_status, BEING_RESTORED))
