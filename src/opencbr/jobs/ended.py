"""The one line of the worker's log with which every job ends."""

import logging

from opencbr.model import statuses
from opencbr.model.operation_log import LEFT, OperationLog

log = logging.getLogger("opencbr.jobs")


def tell_end(operation: OperationLog) -> None:
    """Say what has ended, whose it was, how long it took since it was requested, and why it failed; a WARNING then.

    `operation` is the row after its end. A worker that dies between the end and this line leaves it to the next one,
    so a job may be told twice and is never told not at all.
    """
    good = operation.status in (statuses.SUCCESS, statuses.SKIPPED)
    seconds = ((operation.ended_at or operation.updated_at) - operation.created_at).total_seconds()
    subject = (
        operation.resource_name or operation.backup_name or operation.vault_name or operation.resource_id
    )
    why = f": {operation.error_code}: {operation.error_message}" if operation.error_message else ""
    standing = operation.details.get(LEFT, ())
    # The sentence of one that failed has named it already.
    left = "; still in the cloud: " + "; ".join(standing) if good and standing else ""
    fields = {
        "operation_log": operation.id,
        "project": operation.project_id,
        "resource": operation.resource_id,
        "backup": operation.backup_id,
        "vault": operation.vault_id,
    }
    log.log(
        logging.INFO if good else logging.WARNING,
        "%s of %s ended: %s after %.1f s%s%s",
        operation.operation_type,
        subject or "?",
        operation.status,
        seconds,
        why,
        left,
        extra={"fields": {name: value for name, value in fields.items() if value}},
    )
