"""Work on the networks of a tenant's project with its own token: ports, networks, groups, trunks and floating IPs are made."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from opencbr.cloud.retry import get_or_create
from opencbr.cloud.transport import Transport

Json = dict[str, Any]

COLLECTIONS = {
    "network": "networks",
    "subnet": "subnets",
    "port": "ports",
    "router": "routers",
    "security_group": "security-groups",
    "trunk": "trunks",
    "floatingip": "floatingips",
}
"""Kind, as Neutron's bodies name it -> its collection."""
_NAMELESS = frozenset({"floatingip"})
"""Kinds that have no name: they are known by their description."""
_ROUTER = "network:router_interface"


def name_member(kind: str) -> str:
    """Say which member holds what a thing of this kind is called by us."""
    return "description" if kind in _NAMELESS else "name"


class NetworkCloud:
    """Raises NotFound, Denied, Refused or Unreachable. Thread-safe.

    What is made is looked up by its name before it is asked for again; a floating IP has none, its description serves.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def find(self, kind: str, name: str) -> Json | None:
        """Return the oldest thing of this name."""
        by = name_member(kind)
        answer = self._transport.get("network", f"/{COLLECTIONS[kind]}", {by: name})
        envelope = COLLECTIONS[kind].replace("-", "_")
        rows = answer.rows(kind, envelope, where=lambda row: row.get(by) == name)
        return min(rows, key=lambda row: str(row.get("created_at")), default=None)

    def create(self, kind: str, name: str, fields: Mapping[str, Any]) -> Json:
        """Make a thing under a name that nothing else has."""
        body = {kind: {**fields, name_member(kind): name}}

        def create() -> Json:
            return self._transport.post("network", f"/{COLLECTIONS[kind]}", body).thing(kind, "identified")

        patience, clock = self._transport.patience, self._transport.clock
        return get_or_create(lambda: self.find(kind, name), create, patience, clock)

    def get(self, kind: str, id_: str) -> Json:
        """Return a thing as it stands."""
        return self._transport.get("network", _path(kind, id_)).thing(kind, "identified")

    def update(self, kind: str, id_: str, fields: Mapping[str, Any]) -> None:
        """Change members of a thing."""
        self._transport.put("network", _path(kind, id_), {kind: dict(fields)})

    def set_tags(self, kind: str, id_: str, tags: Sequence[str]) -> None:
        """Replace the tags of a thing."""
        self._transport.put("network", f"{_path(kind, id_)}/tags", {"tags": list(tags)})

    def delete(self, kind: str, id_: str) -> None:
        """Delete a thing; a port by which a router stands in a subnet goes by way of the router."""
        if kind == "port":
            port = self.get(kind, id_)
            if str(port.get("device_owner") or "").startswith(_ROUTER):
                path = f"/routers/{quote(str(port['device_id']), safe='')}/remove_router_interface"
                self._transport.put("network", path, {"port_id": id_})
                return
        self._transport.delete("network", _path(kind, id_))

    def plug_router(self, router_id: str, port_id: str) -> None:
        """Let a router stand in a subnet by this port."""
        path = f"/routers/{quote(router_id, safe='')}/add_router_interface"
        self._transport.put("network", path, {"port_id": port_id})

    def set_routes(self, router_id: str, routes: Sequence[Mapping[str, Any]]) -> None:
        """Replace the static routes of a router, without which it cannot leave the subnets that they lead through."""
        self.update("router", router_id, {"routes": [dict(route) for route in routes]})

    def forwardings(self, floating_ip_id: str) -> list[Json]:
        """List the port forwardings of a floating IP."""
        answer = self._transport.get("network", f"{_path('floatingip', floating_ip_id)}/port_forwardings")
        return answer.rows("port_forwarding")

    def add_forwarding(self, floating_ip_id: str, fields: Mapping[str, Any]) -> None:
        """Add a port forwarding to a floating IP. Refused (400) where one of its ports is in use."""
        path = f"{_path('floatingip', floating_ip_id)}/port_forwardings"
        self._transport.act("network", path, {"port_forwarding": dict(fields)})

    def add_rule(self, fields: Mapping[str, Any]) -> None:
        """Add a rule to a group. Refused (409) where the group has it."""
        body = {"security_group_rule": dict(fields)}
        self._transport.act("network", "/security-group-rules", body)

    def delete_rule(self, rule_id: str) -> None:
        """Take a rule out of its group."""
        self._transport.delete("network", f"/security-group-rules/{quote(rule_id, safe='')}")


def _path(kind: str, id_: str) -> str:
    return f"/{COLLECTIONS[kind]}/{quote(id_, safe='')}"
