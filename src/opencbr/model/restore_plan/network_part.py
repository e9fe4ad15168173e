"""What lies around the ports of a plan: networks that are made again, and floating IPs."""

from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewFloatingIp, NewNetwork, NewPort, NewSubnet
from opencbr.model.restore_plan.captured import Json, rows
from opencbr.model.restore_plan.choices import DROP, KEEP, NEW
from opencbr.model.restore_plan.draft import KEPT, LOST, MADE, UNDECIDED, Draft
from opencbr.model.restore_plan.draft import NEW as FATE_NEW

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
_LIST = "floatingips"


def new_networks(draft: Draft) -> tuple[NewNetwork, ...]:
    """Give the networks that are made again with their subnets."""
    found = []
    routers = _routers(draft)
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
                routers=tuple(
                    one for one in routers.get(subnet_id, ()) if draft.standing(f"router/{one}") is not None
                ),
            )
            for subnet_id, subnet in draft.captured.of("subnet").items()
            if network_id in named("subnet", {"subnet": subnet}, "network")
        )
        draft.needs["network/network"] += 1
        draft.needs["network/subnet"] += len(subnets)
        fields = {"name": network.get("name") or ""} | _given(network, _NETWORK)
        found.append(
            NewNetwork(key=network_id, fields=fields, tags=tuple(network.get("tags") or ()), subnets=subnets)
        )
        if draft.captured.of("router"):
            draft.notices.append(
                f"network {network.get('name') or network_id} is made again: a router gets an interface in a subnet of it "
                "where the record says so by a floating IP, and nowhere else"
            )
    return tuple(found)


def plan_floating_ips(draft: Draft, ports: list[NewPort]) -> tuple[tuple[NewFloatingIp, ...], dict[str, str]]:
    """Judge the floating IPs of the ports; return those that the server gets, and the choices filled in."""
    made, chosen = [], {}
    holders = {one.address: one for one in draft.view.floating}
    there = {port.key for port in ports}
    unreached = {port.key for port in ports if port.network.made is not None}
    for document, body in draft.captured.documents.items():
        kind, _, port_id = document.partition("/")
        for number, row in enumerate(rows(body, _LIST) if kind == "floatingips" else ()):
            address, own = str(row.get("floating_ip_address") or ""), str(row.get("id"))
            choice, holder = draft.choices.floating_ips.get(own), holders.get(address)
            free = holder is not None and holder.id is not None and holder.port_id is None
            choice = choice or (KEEP if free else None)
            if choice is not None:
                chosen[own] = choice
            if choice == DROP:
                _tell(draft, document, number, LOST, "the mapping does without this floating IP")
                continue
            sentence = _why_not(address, holder)
            if choice is None:
                draft.ask(f"floating_ips.{own}", (NEW, DROP), sentence)
                _tell(draft, document, number, UNDECIDED, sentence)
                continue
            if choice == KEEP and not free:
                where = (_LIST, str(number), "floating_ip_address")
                ids = tuple(one for one in (holder.id, holder.port_id) if one) if holder else ()
                draft.refuse(document, where, sentence, ids)
                continue
            if _refused(draft, document, number, row, choice) or port_id not in there:
                continue
            if draft.is_elsewhere and port_id in unreached:
                draft.refuse(
                    document,
                    (_LIST, str(number), "router_id"),
                    f"the network of port {port_id} is made again in project {draft.project_id}, where no router stands in it: "
                    "do without the floating IP",
                    (port_id,),
                )
                continue
            if choice == NEW:
                draft.needs["network/floatingip"] += 1
                draft.decide(
                    document, (_LIST, str(number), "floating_ip_address"), FATE_NEW, "as the mapping says"
                )
            else:
                draft.decide(
                    document, (_LIST, str(number), "id"), KEPT, "it is the project's and leads nowhere"
                )
            made.append(
                NewFloatingIp(
                    key=own,
                    id=holder.id if holder is not None and choice == KEEP else None,
                    network_id=named(kind, {_LIST: [row]}, "network")[0],
                    port=port_id,
                    fixed_address=row.get("fixed_ip_address"),
                    description=str(row.get("description") or ""),
                    tags=tuple(row.get("tags") or ()),
                )
            )
    _tell_forwardings(draft)
    return tuple(made), chosen


def _why_not(address: str, holder: Any) -> str:
    if holder is None:
        return (
            f"floating address {address} was given back, and Neutron lets only an administrator ask for a certain one: "
            "choose a new one, or do without"
        )
    if holder.id is None:
        return f"floating address {address} is another project's now: choose a new one, or do without"
    return f"floating address {address} ({holder.id}) leads to port {holder.port_id}: free it, choose a new one, or do without"


def _refused(draft: Draft, document: str, number: int, row: Json, choice: str) -> bool:
    """Refuse a floating IP that could not be had or reached."""
    (network_id, *_) = [*named("floatingips", {_LIST: [row]}, "network"), ""]
    where = (_LIST, str(number), "floating_network_id")
    if choice == NEW and draft.standing(f"network/{network_id}") is None:
        sentence = f"external network {network_id} is gone: do without the floating IP"
        draft.refuse(document, where, sentence, (network_id,))
        return True
    router = row.get("router_id")
    if (
        router
        and not draft.is_elsewhere  # another router leads there, or none: Neutron says so
        and f"router/{router}" in draft.captured.documents
        and draft.standing(f"router/{router}") is None
    ):
        sentence = (
            f"router {router}, by which the floating IP was reached, is gone: do without the floating IP"
        )
        draft.refuse(document, (_LIST, str(number), "router_id"), sentence, (str(router),))
        return True
    return False


def _tell(draft: Draft, document: str, number: int, fate: str, why: str) -> None:
    for name in rows(draft.captured.documents[document], _LIST)[number]:
        draft.decide(document, (_LIST, str(number), name), fate, why)


def _tell_forwardings(draft: Draft) -> None:
    for document in draft.captured.documents:
        if document.startswith(("floatingip/", "port_forwardings/")):
            draft.loses(document, "port forwardings are not made again: set them on the floating IP yourself")


def _routers(draft: Draft) -> dict[str, set[str]]:
    """Say which routers stood in which subnets, as far as floating IPs tell: by subnet."""
    found: dict[str, set[str]] = {}
    ports = draft.captured.of("port")
    for document, body in draft.captured.documents.items():
        kind, _, port_id = document.partition("/")
        for row in rows(body, _LIST) if kind == "floatingips" else ():
            for fixed in rows(ports.get(port_id), "fixed_ips"):
                if row.get("router_id") and fixed.get("ip_address") == row.get("fixed_ip_address"):
                    for subnet in named("port", {"port": {"fixed_ips": [fixed]}}, "subnet"):
                        found.setdefault(subnet, set()).add(str(row["router_id"]))
    return found


def _given(body: Json, names: tuple[str, ...], keep_null: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: body[name]
        for name in names
        if name in body and (name in keep_null or body[name] not in (None, "", []))
    }
