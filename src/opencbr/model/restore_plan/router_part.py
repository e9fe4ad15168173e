"""The routers of a plan: used as they stand, mapped, made again from the record, or left out; and where they stand.

A record names the routers of the server's subnets, and of a floating IP the router that it comes by. In which subnet a router
stood is told by that, and where the server was in one subnet only; more is not in a record.
"""

from collections.abc import Iterator
from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewInterface, NewRouter, Ref
from opencbr.model.restore_plan.captured import Json, rows, thing
from opencbr.model.restore_plan.choices import DROP, NEW
from opencbr.model.restore_plan.draft import LOST, MADE, MAPPED, STANDS, UNDECIDED, Draft

_ROUTER = ("admin_state_up", "description", "availability_zone_hints")
_GATEWAY = "external_gateway_info"


def judge_routers(draft: Draft) -> None:
    """Judge the captured routers: those that are gone are to be chosen, but in another project, which may have its own."""
    for router_id, captured in draft.captured.of("router").items():
        document = f"router/{router_id}"
        chosen, now = draft.choices.routers.get(router_id), draft.standing(document)
        name = f"{captured.get('name') or 'without a name'} ({router_id})"
        if chosen == DROP:
            draft.loses(document, "the mapping does without this router")
        elif chosen == NEW:
            _make(draft, router_id, name, captured)
        elif chosen and chosen != router_id:
            found = next((one for one in draft.view.routers if one.get("id") == chosen), {})
            draft.maps(document, chosen, {"router": found}, "the router that was chosen")
        elif now is not None:
            draft.stands(document, now)
        elif draft.is_elsewhere:
            draft.loses(
                document,
                "it is not in the project that was chosen: `routers` in the mapping can have it made there",
            )
        else:
            sentence = f"router {name} is gone: have it made again, name another one, or do without"
            draft.ask(f"routers.{router_id}", (NEW, "the id of a router", DROP), sentence, document)


def why_unreachable(draft: Draft, router_id: str) -> str | None:
    """Say why nothing comes by a router any more; None where it does or may, or the record does not know the router."""
    found = draft.things.get(f"router/{router_id}")
    if found is None or found.how in (STANDS, MAPPED, MADE, UNDECIDED):
        return None
    if draft.is_elsewhere and router_id not in draft.choices.routers:
        return None  # another router leads there, or none: Neutron says so
    return f"router {router_id}, by which the floating IP was reached, is gone"


def new_routers(draft: Draft) -> tuple[NewRouter, ...]:
    """Give the routers that are made again."""
    found = []
    for router_id, captured in draft.captured.of("router").items():
        thing_ = draft.things.get(f"router/{router_id}")
        if thing_ is None or thing_.how != MADE:
            continue
        fields: dict[str, Any] = {
            name: captured[name] for name in _ROUTER if captured.get(name) not in (None, "", [])
        }
        gateway = captured.get(_GATEWAY) or {}
        if gateway.get("network_id"):
            fields[_GATEWAY] = {"network_id": gateway["network_id"]}
        found.append(
            NewRouter(
                key=router_id,
                name=str(captured.get("name") or ""),
                fields=fields,
                routes=tuple(dict(row) for row in rows(captured, "routes")),
                tags=tuple(captured.get("tags") or ()),
            )
        )
    return tuple(found)


def new_interfaces(draft: Draft) -> tuple[NewInterface, ...]:
    """Give the interfaces of routers that are made: where the router or the subnet is made again."""
    found, subnets = [], draft.captured.of("subnet")
    stood = _places(draft)
    for router_id, subnet_id in stood:
        router, subnet = draft.things.get(f"router/{router_id}"), draft.things.get(f"subnet/{subnet_id}")
        network_id = named("subnet", {"subnet": subnets[subnet_id]}, "network")[0]
        made = subnet is not None and subnet.how == MADE
        if router is None or router.how not in (STANDS, MAPPED, MADE) or not (made or router.how == MADE):
            continue
        if not made and draft.standing(f"subnet/{subnet_id}") is None:
            continue
        draft.need("network/port", f"router {router_id} {subnet_id}")
        address = subnets[subnet_id].get("gateway_ip")
        holder = None if made or not address else draft.view.holder(network_id, address=address)
        if holder is not None:
            sentence = (
                f"router {router_id} stood at {address} in subnet {subnet_id}, and that is taken by {holder.who}: name that "
                "router, or do without"
            )
            draft.refuse(f"router/{router_id}", ("router", "id"), sentence, holder.ids)
        found.append(
            NewInterface(
                router=Ref(made=router_id) if router.how == MADE else Ref(id=router.id or router_id),
                network=Ref(made=network_id) if made else Ref(id=network_id),
                subnet=Ref(made=subnet_id) if made else Ref(id=subnet_id),
                address=address,
            )
        )
    known = {subnet_id for _, subnet_id in stood}
    for subnet_id in subnets:
        again = draft.things.get(f"subnet/{subnet_id}")
        if again is not None and again.how == MADE and subnet_id not in known and draft.captured.of("router"):
            draft.notices.append(without_router(draft, subnet_id))
    return tuple(found)


def without_router(draft: Draft, subnet_id: str) -> str:
    """Say that nobody knows whether a subnet had a router."""
    name = draft.captured.of("subnet").get(subnet_id, {}).get("name") or subnet_id
    return f"subnet {name} is made again: whether a router stood in it is not in the record, and none gets an interface"


def _make(draft: Draft, router_id: str, name: str, captured: Json) -> None:
    document = f"router/{router_id}"
    gateway = captured.get(_GATEWAY) or {}
    external = gateway.get("network_id")
    if external and draft.standing(f"network/{external}") is None:
        sentence = f"external network {external}, to which router {name} leads, is gone: name another router, or do without"
        draft.refuse(document, (), sentence, (str(external),))
        return
    draft.makes(document, "made again from the record")
    draft.need("network/router", router_id)
    if gateway.get("enable_snat") is False:
        why = "Neutron lets only an administrator switch address translation off"
        draft.decide(document, ("router", _GATEWAY, "enable_snat"), LOST, why)


def _places(draft: Draft) -> list[tuple[str, str]]:
    """Say which routers stood in which subnets of the server's own networks."""
    captured = draft.captured
    ours = {
        subnet_id
        for subnet_id, subnet in captured.of("subnet").items()
        for network_id in named("subnet", {"subnet": subnet}, "network")
        if captured.project_id in _owners(captured.of("network").get(network_id, {}))
    }
    routers = captured.of("router")
    told = [(router, subnet) for router, subnet in _told(draft) if router in routers and subnet in ours]
    if len(ours) == 1:
        told += [(router, subnet) for router in routers for subnet in ours]
    return list(dict.fromkeys(told))


def _owners(network: Json) -> tuple[Any, Any]:
    return network.get("project_id"), network.get("tenant_id")


def _told(draft: Draft) -> Iterator[tuple[str, str]]:
    """Yield what floating IPs tell: the router that each comes by, and the subnet of the address that it leads to."""
    ports = {**draft.captured.of("port"), **draft.captured.of("subport")}
    for document, body in draft.captured.documents.items():
        kind, _, id_ = document.partition("/")
        for row in rows(body, "floatingips") if kind == "floatingips" else ():
            yield from _subnets_of(row.get("router_id"), ports.get(id_), row.get("fixed_ip_address"))
        if kind == "floatingip":
            for row in rows(draft.captured.documents.get(f"port_forwardings/{id_}"), "port_forwardings"):
                port = ports.get(str(row.get("internal_port_id")))
                yield from _subnets_of(
                    thing(kind, body).get("router_id"), port, row.get("internal_ip_address")
                )


def _subnets_of(router_id: Any, port: Json | None, address: Any) -> Iterator[tuple[str, str]]:
    for fixed in rows(port, "fixed_ips"):
        if router_id and fixed.get("ip_address") == address:
            for subnet in named("port", {"port": {"fixed_ips": [fixed]}}, "subnet"):
                yield str(router_id), subnet
