"""The root disk of a server that boots from an image is no volume: Nova makes an image of it, which belongs to the backup.

A server whose image Nova does not make is backed up without it where it has volumes: the record says what is missing and
why. Nova tells no such end. It works on the server as long as it makes an image, so that an image that is not active once
Nova is done gets no bytes any more.
"""

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.names import image_name, prefix, properties
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.polling import Awaited, wait
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.model.document import Document, Reading
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.root_image import KIND
from opencbr.records.drafts import IMAGE
from opencbr.store import ledger
from opencbr.store.ledger import Entry

_ACTIVE = "active"
_SECONDS_PER_GB = 60.0
"""So long Nova may copy a GiB before it is thought to stand still: nothing of it is to be seen."""


class _NotMade(Exception):
    """Nova makes no image of this server; the text is the reason."""


def begin(ctx: JobContext, operation: OperationLog, reading: Reading) -> None:
    """Ask Nova for an image of the root disk. Raises CloudError; JobError 9910 where nothing else is to be backed up."""
    project = ctx.cloud.project(operation.project_id)
    backup_id = operation.backup_id or ""
    name = image_name(ctx.installation, backup_id)
    entry = planned(ctx, operation, "image", reading.resource_id, name=name, backup_id=backup_id)

    def create() -> str:
        try:
            own = properties(prefix(ctx.installation))
            return project.servers.create_image(reading.resource_id, name, own)
        except (Refused, Denied, NotFound) as error:
            raise _NotMade(str(error)) from error

    try:
        make(ctx, entry, create)
    except _NotMade as why:
        _do_without(ctx, operation, reading, str(why))


def finish(ctx: JobContext, operation: OperationLog, reading: Reading) -> None:
    """Wait until Nova is done; keep Glance's description of the image for the record.

    Raises Cancelled; CloudError; JobError 9910 as `begin` does, and when nothing moves for too long.
    """
    entry = _entry(ctx, operation)
    if entry is None or entry.upstream_id is None:
        return  # done without: the record will say so
    project, image_id = ctx.cloud.project(operation.project_id), entry.upstream_id
    waited = Awaited(
        image_id, "image", image_id, copying_seconds=_SECONDS_PER_GB * _min_disk_gb(project, image_id)
    )
    try:
        wait(ctx, operation, [waited], lambda _: _look(project, reading.resource_id, image_id))
        _keep(ctx, operation, documents=(_described(ctx, operation, image_id),))
    except _NotMade as why:
        _do_without(ctx, operation, reading, str(why))


def _look(project: ProjectCloud, server_id: str, image_id: str) -> str | None:
    """Give the status of an image that is being made, None once it is active."""
    try:
        # The server first: Nova sets the image active before it leaves the server.
        is_at_work = project.servers.get(server_id).task_state.startswith("image_")
        image = project.images.get(image_id)
    except NotFound as error:
        raise _NotMade(f"server or image is gone: {error}") from error
    if image.status == _ACTIVE and image.size_bytes:
        return None
    if is_at_work:
        return image.status
    raise _NotMade(f"Nova has ended its work and left image {image_id} {image.status}, without bytes")


def _min_disk_gb(project: ProjectCloud, image_id: str) -> int:
    try:
        return project.images.get(image_id).min_disk_gb
    except NotFound:
        return 0


def _described(ctx: JobContext, operation: OperationLog, image_id: str) -> Document:
    reader = ctx.cloud.reader().within(operation.project_id)
    document = reader.document(f"{KIND}/{image_id}", "image", f"/images/{image_id}")
    if not isinstance(document, Document):
        raise _NotMade(f"image {image_id} cannot be read: {document.outcome} ({document.request_id})")
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
