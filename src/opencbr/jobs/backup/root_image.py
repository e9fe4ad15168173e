"""The root disk of a server that boots from an image is no volume: Nova makes an image of it, which belongs to the backup.

A server whose image Nova does not make is backed up without it where it has volumes: the record says what is missing and
why.
"""

from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.names import image_name
from opencbr.jobs.upstream.objects import planned
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.jobs.upstream.server_images import NotMade, await_image, begin_image
from opencbr.model.document import Document, Reading
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.root_image import KIND
from opencbr.records.drafts import IMAGE
from opencbr.store import ledger
from opencbr.store.ledger import Entry


def begin(ctx: JobContext, operation: OperationLog, reading: Reading) -> None:
    """Ask Nova for an image of the root disk. Raises CloudError; JobError 9910 where nothing else is to be backed up."""
    backup_id = operation.backup_id or ""
    name = image_name(ctx.installation, backup_id)
    entry = planned(ctx, operation, "image", reading.resource_id, name=name, backup_id=backup_id)
    try:
        begin_image(ctx, entry, reading.resource_id)
    except NotMade as why:
        _do_without(ctx, operation, reading, str(why))


def finish(ctx: JobContext, operation: OperationLog, reading: Reading) -> None:
    """Wait until Nova is done; keep Glance's description of the image for the record.

    Raises Cancelled; CloudError; JobError 9910 as `begin` does, and when nothing moves for too long.
    """
    entry = _entry(ctx, operation)
    if entry is None or entry.upstream_id is None:
        return  # done without: the record will say so
    try:
        await_image(ctx, operation, reading.resource_id, entry.upstream_id)
        _keep(ctx, operation, documents=(_described(ctx, operation, entry.upstream_id),))
    except NotMade as why:
        _do_without(ctx, operation, reading, str(why))


def _described(ctx: JobContext, operation: OperationLog, image_id: str) -> Document:
    reader = ctx.cloud.reader().within(operation.project_id)
    document = reader.document(f"{KIND}/{image_id}", "image", f"/images/{image_id}")
    if not isinstance(document, Document):
        raise NotMade(f"image {image_id} cannot be read: {document.outcome} ({document.request_id})")
    return document


def _do_without(ctx: JobContext, operation: OperationLog, reading: Reading, why: str) -> None:
    """Go on without the image where there are volumes, and let log and record say so; what was made of it is removed."""
    sentence = f"The root disk is not a volume and is not in this backup: no image of it could be made: {why}"
    if not reading.disks:
        raise JobError(UNEXPECTED, sentence)
    entry = _entry(ctx, operation)
    left = remove_briefly(ctx, [entry] if entry else [], log_id=operation.id)
    if left:
        with ctx.database.write() as conn:
            ledger.leave(conn, operation.id, "image")
    note(ctx, operation, "; ".join([sentence, *left]))
    _keep(ctx, operation, gaps=(sentence,))


def _entry(ctx: JobContext, operation: OperationLog) -> Entry | None:
    with ctx.database.read() as conn:
        return next((one for one in ledger.of_log(conn, operation.id) if one.kind == "image"), None)


def _keep(
    ctx: JobContext,
    operation: OperationLog,
    *,
    documents: tuple[Document, ...] = (),
    gaps: tuple[str, ...] = (),
) -> None:
    now = ctx.clock.now()
    reading = Reading(
        resource_id=operation.resource_id or "",
        resource_type="",
        resource_name="",
        project_id=operation.project_id,
        availability_zone=None,
        documents=documents,
        unread=(),
        hidden=(),
        disks=(),
        started_at=now,
        ended_at=now,
        gaps=gaps,
    )
    ctx.records.keep(operation.project_id, operation.backup_id or "", IMAGE, reading)
