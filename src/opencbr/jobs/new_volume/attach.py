"""The new volume on the server that was named: as one disk more, on a device that Nova chooses."""

from functools import partial

from opencbr.cloud.objects import Attachment
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_IN_USE
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.upstream.kinds import attachment_id
from opencbr.jobs.upstream.objects import planned
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.store import ledger


def attach(parts: Parts) -> None:
    """Attach the volume and wait until it is; nothing where no server was named. May be repeated.

    Raises CloudError, Cancelled, JobError, Lost.
    """
    server_id = parts.blueprint.attach_to
    if server_id is None:
        return
    ctx, operation = parts.ctx, parts.operation
    for volume_id in parts.ids("volume").values():
        entry = planned(ctx, operation, "attachment", server_id, volume_id=volume_id)
        with ctx.database.write() as conn:
            entry = ledger.plan(conn, entry)
        reconcile(
            ctx,
            operation,
            {f"volume {volume_id}": partial(_look, parts, server_id, volume_id)},
            told=lambda _: stop_if_cancelled(ctx, operation.id),
        )
        with ctx.database.write() as conn:
            ledger.made(conn, entry.id, attachment_id(server_id, volume_id), now=ctx.clock.now())


def _look(parts: Parts, server_id: str, volume_id: str) -> Act | str | None:
    volume = parts.project.get_volume(volume_id)
    if volume.status == CINDER_IN_USE and server_id in volume.server_ids:
        return None
    if volume.status == CINDER_AVAILABLE and not volume.server_ids:
        wanted = Attachment(volume_id=volume_id, device=None, tag=None, delete_on_termination=False)
        return partial(parts.project.servers.attach, server_id, wanted)
    return volume.status
