"""How a server is before its disks are written over."""

from collections.abc import Collection

from opencbr.cloud.disks import root_volume
from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.model.errors import SERVER_UNRESTORABLE
from opencbr.model.restore import FoundDisk, FoundServer, found_of, owner_of_lock
from opencbr.store import operation_logs


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
    is_locked, reason = _lock_of(ctx, project_id, server)
    return FoundServer(
        was_on=server.status == NOVA_ACTIVE,
        locked=is_locked,
        locked_reason=reason,
        disks=by_device(found),
    )


def _lock_of(ctx: JobContext, project_id: str, server: Server) -> tuple[bool, str | None]:
    """Say whether a tenant has locked it, and why: in the place of a lock that a job of ours has left, what that had found."""
    if not server.locked:
        return False, None
    owner = owner_of_lock(server.locked_reason)
    if owner is None:
        return True, server.locked_reason
    with ctx.database.read() as conn:
        left_by = operation_logs.get(conn, project_id, owner)
    found = found_of(left_by.parameters) if left_by else None
    return (found.locked, found.locked_reason) if found else (False, None)


def by_device(disks: Collection[FoundDisk]) -> tuple[FoundDisk, ...]:
    """Put disks into the sequence of their devices."""
    return tuple(sorted(disks, key=lambda disk: (len(disk.device or ""), disk.device or "")))
