"""The topology of a backup as a diagram: outside, routers, networks, ports, server, disks."""

from collections.abc import Iterator

from opencbr.console.backup import network_boxes, port_boxes
from opencbr.console.backup.amounts import counted, few
from opencbr.console.backup.disk_rows import DiskRow
from opencbr.console.backup.security_groups import SecurityGroup
from opencbr.console.backup.view import BackupView
from opencbr.console.topology.diagram import Box, Column, Diagram, Line

_SERVER = "server"
_RULES = 4
"""Lines of a security group's rules in its box; the page's cards have them all."""

_NOT_DRAWN = {
    "keypair": "key pair",
    "server_group": "server group",
    "image": "image",
    "volume_type": "volume type",
    "encryption": "volume encryption",
    "qos_specs": "QoS specs",
    "qos_policy": "QoS policy",
    "address_group": "address group",
    "export": "export record of a disk",
    "root_image": "image of the root disk",
}
"""Kinds of documents without a box, and what one is called."""


def diagram_of(view: BackupView) -> Diagram:
    """Make the diagram.

    Every server, port, network, subnet, router, floating IP, security group and disk is a box; what else the record has is
    counted in the remarks.
    """
    columns = (
        Column("Outside", tuple(network_boxes.outside(view))),
        Column("Routers", tuple(network_boxes.routers(view))),
        Column("Networks", tuple(network_boxes.networks(view))),
        Column("Ports", tuple(port_boxes.ports(view))),
        Column("Server and security groups", (*_server(view), *map(_group, view.groups))),
        Column("Disks", tuple(_disks(view))),
    )
    name = view.backup.resource_name or view.backup.resource_id or view.backup.id
    return Diagram(
        title=f"Topology of {name}",
        description=_description(view),
        columns=columns,
        lines=(*network_boxes.lines(view), *port_boxes.lines(view, _SERVER), *_lines(view)),
        remarks=tuple(_remarks(view)),
    )


def _server(view: BackupView) -> Iterator[Box]:
    server = view.server
    if server is None:
        if not view.is_disk:
            name = view.backup.resource_name or view.backup.resource_id or "unknown"
            yield Box(
                key=_SERVER,
                kind="server",
                caption="Server",
                name=name,
                lines=("not in this record",),
                faded=True,
            )
        return
    lines = [f"status {server.status or 'unknown'}"]
    if flavor := server.flavor:
        lines.append(f"flavor {flavor.name or 'without a name'}")
        amounts = ((flavor.vcpus, "vCPU"), (flavor.ram_mib, "MiB"), (flavor.disk_gib, "GiB"))
        lines.append(", ".join(f"{amount} {unit}" for amount, unit in amounts if amount is not None))
    else:
        lines.append("flavor not known")
    if server.availability_zone:
        lines.append(f"zone {server.availability_zone}")
    yield Box(
        key=_SERVER,
        kind="server",
        caption="Server",
        name=server.name or server.id or "",
        lines=tuple(filter(None, lines)),
    )


def _group(group: SecurityGroup) -> Box:
    rules = f"{counted(len(group.incoming), 'rule')} in, {len(group.outgoing)} out"
    return Box(
        key=f"security_group/{group.id}",
        kind="group",
        caption="Security group",
        name=group.label,
        lines=(
            group.missing or rules,
            *few((*group.incoming, *group.outgoing), _RULES),
            f"on {counted(group.on_ports, 'port')}" if group.on_ports else "named by a rule only",
        ),
        faded=group.missing is not None,
    )


def _disks(view: BackupView) -> Iterator[Box]:
    if view.server is not None and view.server.boot.kind == "image" and not view.is_disk:
        image = view.server.boot.name or view.server.boot.id or "unknown"
        kept = view.server.boot.kept
        yield Box(
            key="root",
            kind="disk",
            caption="Root disk",
            name="on the hypervisor",
            lines=(f"from image {image}", f"kept as image {kept}" if kept else "not in this backup"),
            faded=kept is None,
        )
    yield from map(_disk, view.disks)


def _disk(disk: DiskRow) -> Box:
    size = f"{disk.size_gib} GiB" if disk.size_gib is not None else "size not known"
    told = [
        ", ".join(filter(None, (size, disk.type, "encrypted" if disk.encrypted else None))),
        disk.missing if disk.in_backup else "not in this backup",
    ]
    caption = f"Disk {disk.device or 'without a device name'}" + (", boots" if disk.boots else "")
    return Box(
        key=f"volume/{disk.id}",
        kind="disk",
        caption=caption,
        name=disk.name or disk.id,
        lines=few(tuple(filter(None, told))),
        faded=not disk.in_backup,
    )


def _lines(view: BackupView) -> Iterator[Line]:
    for disk in view.disks:
        yield Line(_SERVER, f"volume/{disk.id}", "disk" if disk.in_backup else "disk faded")
    yield Line(_SERVER, "root", "disk faded")


def _description(view: BackupView) -> str:
    floating = {one.id for port in view.ports for one in port.floating}
    parts = [
        counted(len([port for port in view.ports if port.parent is None]), "port"),
        counted(len([port for port in view.ports if port.parent is not None]), "subport"),
        counted(len(view.networks), "network"),
        counted(sum(len(one.subnets) for one in view.networks), "subnet"),
        counted(len(view.routers), "router"),
        counted(len(floating), "floating IP"),
        counted(len(view.groups), "security group"),
        counted(len(view.disks), "disk"),
    ]
    told = [part for part in parts if not part.startswith("0 ")]
    what = "One disk" if view.is_disk and view.server is None else "The server"
    return (
        f"{what} with {', '.join(told)}. The list after the drawing says the same in words."
        if told
        else f"{what}."
    )


def _remarks(view: BackupView) -> Iterator[str]:
    others = [counted(view.kinds[kind], word) for kind, word in _NOT_DRAWN.items() if view.kinds.get(kind)]
    if others:
        yield f"Also in the record and not drawn: {', '.join(others)}."
    for router in view.routers:
        if not router.subnets and router.missing is None:
            yield f"Router {router.label} stands in one of the server's subnets; the record does not say in which."
