"""What every drill looks at: the server runs, with all disks and addresses that its plan says."""

from opencbr.cloud.objects import Attachment, Server
from opencbr.cloud.statuses import NOVA_ACTIVE
from opencbr.jobs.context import parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server.parts import Parts
from opencbr.model.drill import DISK, PORT, SERVER, Finding, not_held
from opencbr.model.errors import BACKUP_UNRESTORABLE
from opencbr.model.restore_plan.blueprint import NewPort, NewVolume
from opencbr.model.restore_plan.root_part import ORIGINAL_ONLY
from opencbr.store import drills


def look(parts: Parts) -> None:
    """Look at the server, and write down what was found. Raises JobError 2005 when anything is not as planned; CloudError."""
    server_id = parts.ids("server")[parts.server.key]
    server = parts.project.servers.get(server_id)
    attached = {one.volume_id: one for one in parts.project.servers.attachments(server_id)}
    plan, volumes, ports = parts.blueprint, parts.ids("volume"), parts.ids("port")
    found = [
        Finding(kind=SERVER, name=parts.server.name, held=server.status == NOVA_ACTIVE, said=server.status),
        *_root(parts, server),
        *parallel(lambda one: _disk(parts, one, attached.get(volumes[one.key])), plan.volumes),
        *parallel(lambda one: _port(parts, one, ports[one.key], server_id), plan.ports),
    ]
    write_down(parts, found)


def write_down(parts: Parts, found: list[Finding]) -> None:
    """Keep what was found. Raises JobError 2005 when anything is not as it should be."""
    with parts.ctx.database.write() as conn:
        drills.find(conn, parts.operation.id, found)
    if wrong := not_held(found):
        raise JobError(BACKUP_UNRESTORABLE, wrong)


def _root(parts: Parts, server: Server) -> list[Finding]:
    """Look at a root disk that is no volume: Nova writes it from the image that the server was asked for with."""
    planned = parts.server.image_id
    if planned is None:
        return []
    held = server.image_id == planned
    said = f"from image {planned}" if held else f"it should be from image {planned}"
    if held and ORIGINAL_ONLY in parts.kept.notices:
        said = f"{said}, the original one: this backup has nothing of it"
    return [Finding(kind=DISK, name="root disk", held=held, said=said)]


def _disk(parts: Parts, planned: NewVolume, attached: Attachment | None) -> Finding:
    name = planned.name or planned.key
    if attached is None:
        return Finding(kind=DISK, name=name, held=False, said="it is not on the server")
    size = parts.project.get_volume(attached.volume_id).size_gb
    said = f"{size} GiB, {attached.device or 'attached'}"
    if size != planned.size_gb:
        return Finding(
            kind=DISK, name=name, held=False, said=f"{said}, and {planned.size_gb} GiB were backed up"
        )
    return Finding(kind=DISK, name=name, held=True, said=said)


def _port(parts: Parts, planned: NewPort, port_id: str, server_id: str) -> Finding:
    """Look at a port. Addresses are named where they are wrong alone: findings lie in the database in clear."""
    port = parts.project.networks.get("port", port_id)
    wanted = {one.address for one in planned.addresses or () if one.address}
    there = {str(one.get("ip_address")) for one in port.get("fixed_ips") or ()}
    wrong = [f"address {one} is missing" for one in sorted(wanted - there)]
    if planned.mac and str(port.get("mac_address") or "").lower() != planned.mac.lower():
        wrong.append(f"its MAC should be {planned.mac}")
    if planned.server and port.get("device_id") != server_id:
        wrong.append("it is not on the server")
    said = ", and ".join(wrong) or f"MAC and {len(there)} address{'' if len(there) == 1 else 'es'} as planned"
    return Finding(kind=PORT, name=planned.name or planned.key, held=not wrong, said=said)
