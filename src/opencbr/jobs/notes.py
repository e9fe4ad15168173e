"""What a job tells while it runs: once in its operation log, for its owner, and once in the worker's, for the operator."""

import logging

from sqlalchemy import Connection

from opencbr.jobs.context import CloudContext
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.store import operation_logs

log = logging.getLogger(__name__)


def note(ctx: CloudContext, operation: OperationLog, sentence: str) -> None:
    """Add a sentence to the operation's notes, unless it is there: a step may come here again."""

    def write(conn: Connection) -> bool:
        standing = operation_logs.get(conn, operation.project_id, operation.id, lock=True) or operation
        told = standing.details.get(NOTES, [])
        if sentence in told:
            return False
        return operation_logs.tell(conn, operation, {NOTES: [*told, sentence]}, now=ctx.clock.now())

    if ctx.database.transact(write):
        log.warning("job %s: %s", operation.id, sentence)
