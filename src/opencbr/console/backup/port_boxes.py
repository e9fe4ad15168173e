"""Boxes and lines of the ports: each port, the subports of its trunk inside it."""

from collections.abc import Iterator

from opencbr.console.backup.amounts import few
from opencbr.console.backup.port_rows import PortRow
from opencbr.console.backup.view import BackupView
from opencbr.console.topology.diagram import Box, Line


def ports(view: BackupView) -> Iterator[Box]:
    """Draw the ports, those of one network below each other."""
    order = {network.id: number for number, network in enumerate(view.networks)}
    own = [port for port in view.ports if port.parent is None]
    for port in sorted(own, key=lambda one: order.get(one.network or "", len(order))):
        inside = (_port(sub) for sub in view.ports if sub.parent == port.id)
        yield _port(port, tuple(inside))


def lines(view: BackupView, server: str) -> Iterator[Line]:
    """Join the ports to their subnets, or networks where no subnet is told, to `server` and to their security groups."""
    drawn = {subnet.id for network in view.networks for subnet in network.subnets}
    for port in view.ports:
        subnets = [fixed.subnet for fixed in port.fixed if fixed.subnet in drawn]
        for subnet in dict.fromkeys(subnets):
            yield Line(f"subnet/{subnet}", f"port/{port.id}")
        if not subnets and port.network:
            yield Line(f"network/{port.network}", f"port/{port.id}")
        if port.parent is None:
            yield Line(f"port/{port.id}", server)
        for group in dict.fromkeys(port.groups):
            yield Line(f"port/{port.id}", f"security_group/{group}", "group")


def _port(port: PortRow, inside: tuple[Box, ...] = ()) -> Box:
    caption = "Port" if port.parent is None else f"Subport, {port.vlan or 'segment not known'}"
    return Box(
        key=f"port/{port.id}",
        kind="port" if port.parent is None else "subport",
        caption=f"{caption}, trunk" if port.trunk else caption,
        name=port.label,
        lines=few(tuple(_told(port))),
        faded=port.missing is not None,
        inside=inside,
    )


def _told(port: PortRow) -> Iterator[str]:
    for fixed in port.fixed:
        if fixed.address:
            yield fixed.address
    for one in port.floating:
        yield f"{'partly' if one.forwards else 'reached'} as {one.address or one.id}"
    if port.mac:
        yield port.mac
    if port.missing:
        yield port.missing
    elif port.port_security is False:
        yield "port security off"
    else:
        yield f"groups: {', '.join(port.group_names)}" if port.group_names else "no security group"
    if port.allowed_pairs:
        yield f"allowed pairs: {', '.join(port.allowed_pairs)}"
