"""Images of servers' root disks that are no volumes: Nova is asked, and watched until it is done.

Nova tells no bad end. It works on the server as long as it makes an image, so that an image that is not active once Nova is
done gets no bytes any more.
"""

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.objects import Image
from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.names import prefix, properties
from opencbr.jobs.upstream.objects import make
from opencbr.jobs.upstream.polling import Awaited, wait
from opencbr.model.operation_log import OperationLog
from opencbr.store.ledger import Entry

IMAGE_ACTIVE = "active"
_GIB = 1 << 30
_SECONDS_PER_GB = 60.0
"""So long Nova may copy a GiB before it is thought to stand still: nothing of it is to be seen."""


class NotMade(Exception):
    """Nova makes no image of this server; the text is the reason."""


def begin_image(ctx: JobContext, entry: Entry, server_id: str) -> str:
    """Ask Nova for an image of the root disk, as `entry` plans it; return its id. Raises NotMade, CloudError."""
    servers = ctx.cloud.servers(entry.project_id)

    def create() -> str:
        try:
            return servers.create_image(server_id, entry.name, properties(prefix(ctx.installation)))
        except (Refused, Denied, NotFound) as error:
            if error.service == "identity":
                raise  # it was not Nova who was asked
            raise NotMade(str(error)) from error

    return make(ctx, entry, create)


def await_image(ctx: JobContext, operation: OperationLog, server_id: str, image_id: str) -> None:
    """Wait until an image has its bytes. Raises NotMade, and as `polling.wait`."""
    project = ctx.cloud.project(operation.project_id)
    copying = copying_seconds(size_gb(project, image_id))
    waited = Awaited(image_id, "image", image_id, copying_seconds=copying)
    wait(ctx, operation, [waited], lambda _: _look(project, server_id, image_id))


def size_gb(project: ProjectCloud, image_id: str) -> int:
    """Give the size of an image's disk in GiB, 0 of one that is gone. Raises CloudError."""
    try:
        image = project.images.get(image_id)
    except NotFound:
        return 0
    return max(image.min_disk_gb, -(-image.size_bytes // _GIB))


def copying_seconds(size_gb: int) -> float:
    """Say how long Nova may copy between an image and a root disk before it is thought to stand still."""
    return _SECONDS_PER_GB * size_gb


def _look(project: ProjectCloud, server_id: str, image_id: str) -> Image | None:
    """Show an image that is being made, None once it is active."""
    try:
        # The server first: Nova sets the image active before it leaves the server.
        is_at_work = project.servers.get(server_id).task_state.startswith("image_")
    except NotFound:
        is_at_work = False  # deleted since: an image that is active is good all the same
    try:
        image = project.images.get(image_id)
    except NotFound as error:
        raise NotMade(f"the image is gone: {error}") from error
    if image.status == IMAGE_ACTIVE and image.size_bytes:
        return None
    if is_at_work:
        return image
    raise NotMade(f"Nova has ended its work and left image {image_id} {image.status}, without bytes")
