"""How a server is before its disks are written over."""

from collections.abc import Collection

from opencbr.cloud.disks import root_volume
from opencbr.cloud.statuses import NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.model.errors import SERVER_UNRESTORABLE
from opencbr.model.restore import FoundDisk, FoundServer, is_own_lock


def look_at_server(
    ctx: JobContext, project_id: str, server_id: str, volume_ids: Collection[str]
) -> FoundServer:
    """Read how the server is, and where it has these of its volumes. Raises CloudError; JobError 2008 for its status."""
    servers = ctx.cloud.servers(project_id)
    server = servers.get(server_id)
    if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF) or server.task_state:
        doing = f" ({server.task_state})" if server.task_state else ""
        raise JobError(
            SERVER_UNRESTORABLE,
            f"server {server_id} is {server.status}{doing} ({server.request_id}): a restore wants it ACTIVE or SHUTOFF",
        )
    reader = ctx.cloud.reader()
    root = root_volume(reader.get_server(server_id), reader.get_attachments(server_id))
    found = [
        FoundDisk(
            volume_id=row.volume_id,
            device=row.device,
            tag=row.tag,
            delete_on_termination=row.delete_on_termination,
            is_root=row.volume_id == root,
        )
        for row in servers.attachments(server_id)
        if row.volume_id in volume_ids
    ]
    is_locked = server.locked and not is_own_lock(server.locked_reason)
    return FoundServer(
        was_on=server.status == NOVA_ACTIVE,
        locked=is_locked,
        locked_reason=server.locked_reason if is_locked else None,
        disks=by_device(found),
    )


def by_device(disks: Collection[FoundDisk]) -> tuple[FoundDisk, ...]:
    """Put disks into the sequence of their devices."""
    return tuple(sorted(disks, key=lambda disk: (len(disk.device or ""), disk.device or "")))
