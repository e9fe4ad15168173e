"""The networks of a plan that are made again, with their subnets."""

from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewNetwork, NewSubnet
from opencbr.model.restore_plan.captured import Json
from opencbr.model.restore_plan.draft import MADE, Draft

_NETWORK = ("admin_state_up", "description", "port_security_enabled", "availability_zone_hints", "dns_domain")
_SUBNET = (
    *(
        "ip_version",
        "cidr",
        "gateway_ip",
        "enable_dhcp",
        "allocation_pools",
        "dns_nameservers",
        "host_routes",
    ),
    *("description", "ipv6_ra_mode", "ipv6_address_mode"),
)


def new_networks(draft: Draft) -> tuple[NewNetwork, ...]:
    """Give the networks that are made again with their subnets."""
    found = []
    for network_id, network in draft.captured.of("network").items():
        thing = draft.things.get(f"network/{network_id}")
        if thing is None or thing.how != MADE:
            continue
        subnets = tuple(
            NewSubnet(
                key=subnet_id,
                fields={"name": subnet.get("name") or ""}
                | _given(subnet, _SUBNET, keep_null=("gateway_ip",)),
                tags=tuple(subnet.get("tags") or ()),
            )
            for subnet_id, subnet in draft.captured.of("subnet").items()
            if network_id in named("subnet", {"subnet": subnet}, "network")
        )
        draft.need("network/network", network_id)
        for subnet in subnets:
            draft.need("network/subnet", subnet.key)
        fields = {"name": network.get("name") or ""} | _given(network, _NETWORK)
        found.append(
            NewNetwork(key=network_id, fields=fields, tags=tuple(network.get("tags") or ()), subnets=subnets)
        )
    return tuple(found)


def _given(body: Json, names: tuple[str, ...], keep_null: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: body[name]
        for name in names
        if name in body and (name in keep_null or body[name] not in (None, "", []))
    }
