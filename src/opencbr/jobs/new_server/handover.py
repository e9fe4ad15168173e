"""The disks go into another project: Cinder restores a backup in its own alone, and hands volumes over."""

from functools import partial

from opencbr.cloud.errors import NotFound, Refused
from opencbr.cloud.objects import Volume
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_OFFERED
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.jobs.upstream.quota_refusals import with_numbers
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.model.errors import UNEXPECTED
from opencbr.model.restore_plan.blueprint import NewVolume
from opencbr.store import ledger


def hand_volumes_over(parts: Parts) -> None:
    """Have Cinder hand every volume over, where the server is made in another project. Raises CloudError, Cancelled, JobError.

    The key of an offer is told once and kept nowhere: an offer that was not taken at once is taken back, and made anew.
    """
    if not parts.is_elsewhere:
        return
    ids = parts.ids("volume")
    looks = {
        f"volume {ids[one.key]}": partial(_look, parts, one, ids[one.key]) for one in parts.blueprint.volumes
    }
    reconcile(
        parts.ctx, parts.operation, looks, told=lambda _: stop_if_cancelled(parts.ctx, parts.operation.id)
    )


def _look(parts: Parts, volume: NewVolume, volume_id: str) -> Act | Volume | None:
    """Look where the volume is, and say what it needs."""
    try:
        found = parts.home.get_volume(volume_id)
    except NotFound:
        found = parts.project.get_volume(volume_id)
        return None if found.status == CINDER_AVAILABLE else found
    if found.status == CINDER_OFFERED:
        return partial(parts.home.transfers.take_back, volume_id)
    if found.status == CINDER_AVAILABLE:
        return partial(_hand_over, parts, volume, volume_id)
    raise JobError(
        UNEXPECTED, f"volume {volume_id} is {found.status} ({found.request_id}) and cannot be handed over"
    )


def _hand_over(parts: Parts, volume: NewVolume, volume_id: str) -> None:
    # First, so that whoever removes it looks in both projects.
    with parts.ctx.database.write() as conn:
        ledger.move(conn, parts.operation.id, "volume", volume.key, parts.project.project_id)
    offered = parts.home.transfers.offer(volume_id, volume_id)
    try:
        parts.project.transfers.take(offered)
    except Refused as error:
        if error.is_over_quota:
            raise with_numbers(
                parts.ctx, error, parts.project.project_id, "volume", volume.size_gb
            ) from error
        raise
