"""Routers that are made again, and where routers come to stand in the subnets of the plan."""

from typing import Any

from opencbr.cloud.errors import Refused
from opencbr.jobs.new_server.parts import Parts
from opencbr.model.restore_plan.blueprint import NewInterface, NewRouter

ROUTER = "router"


def make_routers(parts: Parts) -> None:
    """Make the routers again, let routers stand in their subnets, then set the routes, which lead through these."""
    for router in parts.blueprint.routers:
        _make_router(parts, router)
    for interface in parts.blueprint.interfaces:
        _plug(parts, interface)
    made = parts.ids(ROUTER) if parts.blueprint.routers else {}
    for router in parts.blueprint.routers:
        if router.routes:
            parts.ctx.guard()
            parts.project.networks.set_routes(made[router.key], router.routes)


def _make_router(parts: Parts, router: NewRouter) -> None:
    router_id = parts.of_neutron(ROUTER, router.key, router.fields)
    if router.tags:
        parts.project.networks.set_tags(ROUTER, router_id, router.tags)


def _plug(parts: Parts, interface: NewInterface) -> None:
    router, subnet = parts.resolve(ROUTER, interface.router), parts.resolve("subnet", interface.subnet)
    address = {"subnet_id": subnet} | ({"ip_address": interface.address} if interface.address else {})
    fields: dict[str, Any] = {
        "network_id": parts.resolve("network", interface.network),
        "fixed_ips": [address],
        "security_groups": [],
        "port_security_enabled": False,
    }
    keys = (one.made or one.id for one in (interface.router, interface.subnet))
    port_id = parts.of_neutron("port", f"router {' '.join(map(str, keys))}", fields)
    if _stands(parts, port_id):
        return
    parts.ctx.guard()
    try:
        parts.project.networks.plug_router(router, port_id)
    except Refused:  # it may stand there: the answer to an earlier request was lost
        if not _stands(parts, port_id):
            raise


def _stands(parts: Parts, port_id: str) -> bool:
    """Say whether the router is in its subnet: the port is this job's own, so nobody else has it."""
    return bool(parts.project.networks.get("port", port_id).get("device_id"))
