"""Boxes and lines of what lies around the ports: external networks with floating IPs, routers, networks with subnets."""

from collections.abc import Iterator

from opencbr.console.backup.amounts import few
from opencbr.console.backup.floating_addresses import FloatingAddress
from opencbr.console.backup.network_rows import NetworkRow, SubnetRow
from opencbr.console.backup.view import BackupView
from opencbr.console.topology.diagram import Box, Line


def outside(view: BackupView) -> Iterator[Box]:
    """Draw the external networks with the floating IPs in them, and those of which the network is not told."""
    floating = _floating(view)
    led_to = {one.network for one, _ in floating.values()} | {router.gateway for router in view.routers}
    told = {network.id: network for network in view.networks}
    for network in view.networks:
        if network.id in led_to or (network.external and not network.joined):
            yield Box(
                key=f"outside/{network.id}",
                kind="external",
                caption="External network",
                name=network.label,
                lines=(network.missing,) if network.missing else (),
                faded=network.missing is not None,
                inside=(
                    *(_address(one, lines) for one, lines in floating.values() if one.network == network.id),
                    *(() if network.joined else map(_subnet, network.subnets)),
                ),
            )
    for one, lines in floating.values():
        if one.network not in told:
            yield _address(one, lines)


def routers(view: BackupView) -> Iterator[Box]:
    """Draw the routers."""
    for router in view.routers:
        lines = [router.missing or f"status {router.status or 'unknown'}"]
        lines += [f"outside {address}" for address in router.addresses]
        lines += ["SNAT off"] if router.snat is False else []
        yield Box(
            key=f"router/{router.id}",
            kind="router",
            caption="Router",
            name=router.label,
            lines=few(tuple(lines)),
            faded=router.missing is not None,
        )


def networks(view: BackupView) -> Iterator[Box]:
    """Draw the networks that the ports are on, with their subnets."""
    for network in view.networks:
        if network.joined or not network.external:
            yield Box(
                key=f"network/{network.id}",
                kind="network",
                caption=_caption(network),
                name=network.label,
                lines=(network.missing,) if network.missing else (),
                faded=network.missing is not None,
                inside=tuple(map(_subnet, network.subnets)),
            )


def lines(view: BackupView) -> Iterator[Line]:
    """Join floating IPs and external networks to routers, and routers to subnets."""
    for one, _ in _floating(view).values():
        if one.router:
            yield Line(f"floatingip/{one.id}", f"router/{one.router}", "floating")
    for router in view.routers:
        if router.gateway:
            yield Line(f"outside/{router.gateway}", f"router/{router.id}", "gateway")
        for subnet in router.subnets:
            yield Line(f"router/{router.id}", f"subnet/{subnet}")


def _floating(view: BackupView) -> dict[str, tuple[FloatingAddress, tuple[str, ...]]]:
    """Return each floating IP once, with what it leads to."""
    found: dict[str, tuple[FloatingAddress, tuple[str, ...]]] = {}
    for port in view.ports:
        for one in port.floating:
            leads_to = one.forwards or (f"to {one.fixed or port.label}",)
            before = found.get(one.id, (one, ()))[1]
            found[one.id] = one, (*before, *leads_to)
    return found


def _address(one: FloatingAddress, leads_to: tuple[str, ...]) -> Box:
    return Box(
        key=f"floatingip/{one.id}",
        kind="floating",
        caption="Floating IP",
        name=one.address or one.id,
        lines=few(leads_to),
    )


def _caption(network: NetworkRow) -> str:
    parts = ("External network" if network.external else "Network", "shared" if network.shared else None)
    return ", ".join(filter(None, parts))


def _subnet(subnet: SubnetRow) -> Box:
    told = (subnet.cidr, f"gateway {subnet.gateway}" if subnet.gateway else None, subnet.missing)
    return Box(
        key=f"subnet/{subnet.id}",
        kind="subnet",
        caption="Subnet",
        name=subnet.label,
        lines=tuple(filter(None, told)),
        faded=subnet.missing is not None,
    )
