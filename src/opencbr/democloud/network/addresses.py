"""Which addresses of a subnet are free."""

import ipaddress

from opencbr.democloud.backend import Backend
from opencbr.democloud.response import ApiError
from opencbr.democloud.state import Doc


def _taken(backend: Backend, network_id: str) -> set[str]:
    ports = backend.state.all("port", network_id=network_id)
    used = {fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]}
    floating = [row for row in backend.state.all("floatingip") if row["floating_network_id"] == network_id]
    return used | {row["floating_ip_address"] for row in floating}


def free_address(backend: Backend, subnet: Doc, wanted: str | None = None) -> str:
    """Return `wanted` or the next free address of the subnet; refuses (409) when there is none.

    The gateway's address is given to whoever asks for it, and to nobody else.
    """
    taken = _taken(backend, subnet["network_id"])
    if wanted:
        if ipaddress.ip_address(wanted) not in ipaddress.ip_network(subnet["cidr"]):
            raise ApiError(
                400, f"IP address {wanted} is not a valid IP for the specified subnet.", "InvalidIpForSubnet"
            )
        if wanted in taken:
            message = f"IP address {wanted} already allocated in subnet {subnet['id']}"
            raise ApiError(409, message, "IpAddressAlreadyAllocated")
        return wanted
    for host in ipaddress.ip_network(subnet["cidr"]).hosts():
        if str(host) not in taken | {subnet["gateway_ip"]} and int(host) & 0xFF > 9:  # noqa: PLR2004 - low addresses stay for gateways
            return str(host)
    message = f"No more IP addresses available on network {subnet['network_id']}."
    raise ApiError(409, message, "IpAddressGenerationFailure")


def wanted_addresses(backend: Backend, network: Doc, wanted: list[Doc]) -> list[Doc]:
    """Return the addresses that a port asks for, each of a subnet, an address of its own, or both."""
    chosen: list[Doc] = []
    for one in wanted:
        if not one.get("subnet_id"):
            chosen += choose_addresses(backend, network, one.get("ip_address"))
            continue
        subnet = backend.state.get("subnet", one["subnet_id"])
        if subnet is None or subnet["network_id"] != network["id"]:
            message = f"Invalid input for operation: Failed to create port on network {network['id']}, because fixed_ips"
            raise ApiError(400, f"{message} included invalid subnet {one['subnet_id']}.", "InvalidInput")
        address = free_address(backend, subnet, one.get("ip_address"))
        chosen.append({"subnet_id": subnet["id"], "ip_address": address})
    return chosen


def choose_addresses(backend: Backend, network: Doc, wanted: str | None) -> list[Doc]:
    """Return an address of each subnet, or `wanted` alone; refuses one that is outside (400) or taken (409)."""
    subnets = [s for id_ in network["subnets"] if (s := backend.state.get("subnet", id_))]
    if wanted:
        inside = [s for s in subnets if ipaddress.ip_address(wanted) in ipaddress.ip_network(s["cidr"])]
        if not inside:
            message = (
                f"IP address {wanted} is not a valid IP for any of the subnets on the specified network."
            )
            raise ApiError(400, message, "InvalidIpForNetwork")
        subnets = inside
    return [{"subnet_id": s["id"], "ip_address": free_address(backend, s, wanted)} for s in subnets]
