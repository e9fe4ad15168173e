"""The new volume on the server that was named: as one disk more, on a device that Nova chooses."""

from functools import partial

from opencbr.cloud.objects import Attachment, Volume
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_IN_USE
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.jobs.upstream.reconcile import Act, reconcile


def attach(parts: Parts) -> None:
    """Attach the volume and wait until it is; nothing where no server was named. May be repeated.

    Whoever removes a volume that the ledger has takes it off its server first.

    Raises CloudError, Cancelled, JobError, Lost.
    """
    server_id = parts.blueprint.attach_to
    if server_id is None:
        return
    ctx, operation = parts.ctx, parts.operation
    reconcile(
        ctx,
        operation,
        {f"volume {one}": partial(_look, parts, server_id, one) for one in parts.ids("volume").values()},
        told=lambda _: stop_if_cancelled(ctx, operation.id),
    )


def _look(parts: Parts, server_id: str, volume_id: str) -> Act | Volume | None:
    volume = parts.project.get_volume(volume_id)
    if volume.status == CINDER_IN_USE and server_id in volume.server_ids:
        return None
    if volume.status == CINDER_AVAILABLE and not volume.server_ids:
        wanted = Attachment(volume_id=volume_id, device=None, tag=None, delete_on_termination=False)
        return partial(parts.project.servers.attach, server_id, wanted)
    return volume
