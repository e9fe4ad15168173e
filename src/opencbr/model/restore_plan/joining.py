"""What the backups of a checkpoint would make, as one: what several of them make alike is made once.

What they ask for in contradiction is a problem that names both backups.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

from opencbr.model.restore_plan.blueprint import (
    Blueprint,
    NewFloatingIp,
    NewGroup,
    NewNetwork,
    NewPort,
    NewServer,
    Ref,
    outer_ports,
)
from opencbr.model.restore_plan.draft import Problem
from opencbr.model.restore_plan.layout import Layout

T = TypeVar("T", bound=Hashable)

_KEY = "keypair"
_WAY = "leave one of the two out (`leave_out`), and restore it by a plan of its own"


class Joining:
    """Takes what each backup would make, one after the other. `names` says which backup is meant, in words."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._made: dict[tuple[str, Hashable], tuple[str, Any]] = {}
        self._claims: dict[tuple[Hashable, ...], tuple[str, str]] = {}
        self._project_id: str | None = None
        self.problems: list[Problem] = []

    def add(self, backup_id: str, laid: Layout) -> None:
        """Add what one backup would make."""
        plan = laid.blueprint
        self._project_id = plan.project_id
        for group in plan.groups:
            self._once(backup_id, "security_group", group.key, group, _of_group)
        for network in plan.networks:
            self._network(backup_id, network)
        for server_group in plan.server_groups:
            self._once(backup_id, "server_group", server_group.key, server_group, asdict)
            what = f"server group {server_group.name}"
            self._claim(backup_id, ("server_group", server_group.name), what, by=server_group.key)
        for router in plan.routers:
            self._once(backup_id, "router", router.key, router, _of_router)
        for interface in plan.interfaces:
            self._made.setdefault(("interface", (interface.router, interface.subnet)), (backup_id, interface))
            if interface.address:
                by = interface.router.id or interface.router.made or ""
                self._address(backup_id, interface.network, interface.address, by=by)
        self._add_own(backup_id, plan)

    def _add_own(self, backup_id: str, plan: Blueprint) -> None:
        for port in plan.ports:
            self._port(backup_id, port)
        for trunk in plan.trunks:
            self._alone(backup_id, "trunk", trunk.key, trunk)
        for volume in plan.volumes:
            self._alone(backup_id, "volume", volume.key, volume)
        for floating in plan.floating_ips:
            self._floating(backup_id, floating)
        for server in plan.servers:
            self._server(backup_id, server)

    def blueprint(self) -> Blueprint:
        """Give all that is made, in the order of the backups."""
        return Blueprint(
            servers=self._all("server"),
            server_groups=self._all("server_group"),
            groups=self._all("security_group"),
            networks=self._all("network"),
            routers=self._all("router"),
            interfaces=self._all("interface"),
            ports=self._all("port"),
            trunks=self._all("trunk"),
            volumes=self._all("volume"),
            floating_ips=self._all("floatingip"),
            project_id=self._project_id,
        )

    def subnets(self) -> set[str]:
        """Name the subnets that are made again with a router in them."""
        return {one.subnet.made for one in self._all("interface") if one.subnet.made}

    def _all(self, kind: str) -> tuple[Any, ...]:
        return tuple(made for (of, _), (_, made) in self._made.items() if of == kind)

    def _once(self, backup_id: str, kind: str, key: str, made: T, content: Callable[[T], Any]) -> None:
        """Have a thing made once, and refuse one that the backups do not have alike."""
        other, first = self._made.setdefault((kind, key), (backup_id, made))
        if _text(content(first)) != _text(content(made)):
            what = f"{kind.replace('_', ' ')} {key}"
            sentence = (
                f"{what} is not in the backup of {self._names[other]} as it is in that of {self._names[backup_id]}: it was "
                "changed between the two"
            )
            self._refuse(f"{kind}/{key}", f"{sentence}; map it to one that stands, or {_WAY}", key)

    def _alone(self, backup_id: str, kind: str, key: str, made: T) -> None:
        """Have a thing made for one backup alone."""
        other, _ = self._made.setdefault((kind, key), (backup_id, made))
        if other != backup_id:
            what = f"{kind} {key} is in the backup of {self._names[other]} and in that of {self._names[backup_id]}"
            self._refuse(f"{kind}/{key}", f"{what}, and only one server can have it: {_WAY}", key)

    def _claim(self, backup_id: str, what: tuple[Hashable, ...], words: str, *, by: str) -> None:
        """Take what there is once for one thing; a backup does not contradict itself."""
        who, other = self._claims.setdefault(what, (backup_id, by))
        if other != by and who != backup_id:
            sentence = f"{words} is wanted by the backup of {self._names[who]} and by that of {self._names[backup_id]}"
            ids = () if what[0] == _KEY else (other, by)
            self._refuse("", f"{sentence}: choose another one for one of them, or {_WAY}", *ids)

    def _network(self, backup_id: str, network: NewNetwork) -> None:
        """Join a network: each backup knows the subnets that its server was in."""
        self._once(backup_id, "network", network.key, replace(network, subnets=()), _of_network)
        owner, known = self._made["network", network.key]
        subnets = {one.key: one for one in known.subnets}
        for subnet in network.subnets:
            self._once(backup_id, "subnet", subnet.key, subnet, asdict)
            subnets.setdefault(subnet.key, subnet)
        self._made["network", network.key] = owner, replace(known, subnets=tuple(subnets.values()))

    def _port(self, backup_id: str, port: NewPort) -> None:
        self._alone(backup_id, "port", port.key, port)
        if port.mac:
            self._claim(backup_id, ("mac", port.network, port.mac), f"MAC {port.mac}", by=port.key)
        for fixed in port.addresses or ():
            if fixed.address:
                self._address(backup_id, port.network, fixed.address, by=port.key)

    def _address(self, backup_id: str, network: Ref, address: str, *, by: str) -> None:
        self._claim(backup_id, ("address", network, address), f"address {address}", by=by)

    def _floating(self, backup_id: str, floating: NewFloatingIp) -> None:
        """Join a floating IP: one that forwards ports may do so to several servers."""
        if floating.id is not None:
            self._claim(backup_id, ("leads", floating.id), f"floating IP {floating.id}", by=floating.key)
        place = ("floatingip", floating.key)
        owner, known = self._made.setdefault(place, (backup_id, floating))
        if owner == backup_id:
            return
        if known.port or floating.port:
            self._alone(backup_id, "floatingip", floating.key, floating)
            return
        there = {outer_ports(one.fields) for one in known.forwards}
        more = tuple(one for one in floating.forwards if outer_ports(one.fields) not in there)
        self._made[place] = owner, replace(known, forwards=(*known.forwards, *more))
        for one in floating.forwards:
            words = "{} port {} of floating IP {}".format(*outer_ports(one.fields), floating.key)
            for each in known.forwards:
                if outer_ports(each.fields) == outer_ports(one.fields) and each.port != one.port:
                    self._claim(owner, (*place, outer_ports(each.fields)), words, by=each.port)
                    self._claim(backup_id, (*place, outer_ports(one.fields)), words, by=one.port)

    def _server(self, backup_id: str, server: NewServer) -> None:
        self._alone(backup_id, "server", server.key, server)
        if server.key_name and server.public_key:
            self._claim(
                backup_id, (_KEY, server.key_name), f"key pair {server.key_name}", by=server.public_key
            )

    def _refuse(self, document: str, sentence: str, *ids: str) -> None:
        self.problems.append(Problem(document=document, field="", sentence=sentence, ids=ids))


def _text(content: Any) -> str:
    return json.dumps(content, sort_keys=True, default=str)


def _of_group(group: NewGroup) -> Any:
    rules = sorted(_text(asdict(rule)) for rule in group.rules)
    return {**asdict(group), "tags": sorted(group.tags), "rules": rules}


def _of_network(network: NewNetwork) -> Any:
    return network.fields, sorted(network.tags)


def _of_router(router: Any) -> Any:
    return {**asdict(router), "tags": sorted(router.tags), "routes": sorted(map(_text, router.routes))}
