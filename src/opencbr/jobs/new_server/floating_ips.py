"""Floating IPs: those that stand and new ones lead to the ports of the job, or forward some of their ports there."""

from collections.abc import Mapping
from typing import Any

from opencbr.cloud.errors import Refused
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server.parts import Parts
from opencbr.model.errors import UNEXPECTED
from opencbr.model.restore_plan.blueprint import NewFloatingIp, NewForwarding, outer_ports

_IPV4 = "."
Json = dict[str, Any]


def lead_floating_ips(parts: Parts) -> None:
    """Let the floating IPs lead to the ports, or forward to them. Raises CloudError; JobError as `_redirect`."""
    ports = parts.ids("port") if parts.blueprint.floating_ips else {}
    kept = {port.key for port in parts.blueprint.ports if port.addresses is not None}
    for one in parts.blueprint.floating_ips:
        floating_ip = _lead(parts, one, ports, has_address=one.port in kept)
        _forward(parts, floating_ip, one.forwards, ports)


def _lead(parts: Parts, one: NewFloatingIp, ports: Mapping[str, str], *, has_address: bool) -> str:
    to: Json = {"port_id": ports[one.port]} if one.port is not None else {}
    if has_address and one.fixed_address:
        to["fixed_ip_address"] = one.fixed_address
    parts.ctx.guard()
    if one.id is not None:
        if to:
            _redirect(parts, one.id, to)
        return one.id
    made = parts.of_neutron("floatingip", one.key, {"floating_network_id": one.network_id, **to})
    if one.tags:
        parts.project.networks.set_tags("floatingip", made, one.tags)
    return made


def _redirect(parts: Parts, floating_ip: str, to: Json) -> None:
    """Lead a floating IP that stands to a port. Raises JobError 9910 for one that somebody has led elsewhere meanwhile.

    It led nowhere when the plan was applied, hours ago perhaps, and Neutron takes it from any port without a word.
    """
    leads_to = parts.project.networks.get("floatingip", floating_ip).get("port_id")
    if leads_to == to["port_id"]:
        return
    if leads_to:
        raise JobError(
            UNEXPECTED,
            f"floating IP {floating_ip} was led to port {leads_to} since the plan was applied, and is left there: free it, or "
            "choose a new one or none in the mapping",
        )
    parts.ctx.guard()
    parts.project.networks.update("floatingip", floating_ip, to)


def _forward(
    parts: Parts, floating_ip: str, wanted: tuple[NewForwarding, ...], ports: Mapping[str, str]
) -> None:
    """Add the port forwardings that are not there. They go with their ports."""
    there = _there(parts, floating_ip) if wanted else set()
    for one in wanted:
        if outer_ports(one.fields) in there:
            continue
        address = one.address or _address(parts, ports[one.port])
        to = {"internal_port_id": ports[one.port], "internal_ip_address": address}
        parts.ctx.guard()
        try:
            parts.project.networks.add_forwarding(floating_ip, {**one.fields, **to})
        except Refused:  # it may be there: the answer to an earlier request was lost
            if outer_ports(one.fields) not in _there(parts, floating_ip):
                raise


def _there(parts: Parts, floating_ip: str) -> set[tuple[str, str]]:
    return {outer_ports(row) for row in parts.project.networks.forwardings(floating_ip)}


def _address(parts: Parts, port_id: str) -> str:
    """Give the first IPv4 address of a port: a forwarding takes no other."""
    fixed = parts.project.networks.get("port", port_id).get("fixed_ips") or ()
    return next((row["ip_address"] for row in fixed if _IPV4 in row["ip_address"]), "")
