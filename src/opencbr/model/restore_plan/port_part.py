"""The ports of a plan: on which network, with which address and MAC."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import FixedAddress, NewPort, Ref
from opencbr.model.restore_plan.captured import Json, rows
from opencbr.model.restore_plan.choices import KEEP, MAP, NEW, PortChoice
from opencbr.model.restore_plan.draft import KEPT, LOST, MAPPED, Draft
from opencbr.model.restore_plan.draft import NEW as FATE_NEW
from opencbr.model.restore_plan.group_part import ref_of, resolve_group
from opencbr.model.restore_plan.interface_order import interface_order
from opencbr.model.restore_plan.view import Holder

_GIVEN = (
    "admin_state_up",
    "allowed_address_pairs",
    "extra_dhcp_opts",
    "binding:vnic_type",
    "port_security_enabled",
)
_FIXED = "fixed_ips"


class Ports:
    """Judges the captured ports, one after the other; `choices` are those that the mapping is given back with."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._chosen = {choice.port_id: choice for choice in draft.choices.ports}
        self._tags = {
            port: row.get("tag")
            for row in rows(draft.captured.documents.get("interface"), "interfaceAttachments")
            for port in named("interface", {"interfaceAttachments": [row]}, "port")
        }
        self.choices: list[PortChoice] = []
        self.made: list[NewPort] = []

    def plan(self) -> None:
        """Judge all: those of the server in its order, then the subports of trunks."""
        captured = self._draft.captured
        on_server, below = captured.of("port"), captured.of("subport")
        for port_id in interface_order(captured):
            self._port("port", port_id, on_server[port_id])
        for port_id, port in below.items():
            if port_id not in on_server:
                self._port("subport", port_id, port)

    def _port(self, kind: str, port_id: str, port: Json) -> None:
        draft, document = self._draft, f"{kind}/{port_id}"
        draft.makes(document)
        draft.need("network/port", port_id)
        for group in named("port", {"port": port}, "security_group"):
            resolve_group(draft, group)
        choice = self._chosen.get(port_id, PortChoice(port_id=port_id))
        network = self._network(document, port, choice)
        if network is None:
            self.choices.append(choice)
            return
        foreign = network.id is not None and self._is_foreign(network.id)
        usual = NEW if foreign or choice.network == MAP else KEEP
        choice = replace(choice, address=choice.address or usual, mac=choice.mac or usual)
        self.choices.append(choice)
        mac = self._mac(document, port, choice, network, foreign=foreign)
        addresses = self._addresses(document, port, choice, network, foreign=foreign)
        self.made.append(
            NewPort(
                key=port_id,
                name=str(port.get("name") or ""),
                network=network,
                mac=mac,
                addresses=addresses,
                groups=tuple(
                    ref
                    for one in named("port", {"port": port}, "security_group")
                    if (ref := ref_of(draft, one))
                ),
                fields=self._fields(document, port, foreign=foreign),
                tags=tuple(port.get("tags") or ()),
                nic_tag=self._tags.get(port_id),
                server=draft.captured.server_id if kind == "port" else None,
            )
        )

    def _network(self, document: str, port: Json, choice: PortChoice) -> Ref | None:
        """Find the port's network by the choice; None where nothing can be made on it."""
        draft, network_id = self._draft, named("port", {"port": port}, "network")[0]
        path, member = ("port", "network_id"), f"ports.{choice.port_id}.network"
        captured = draft.captured.of("network").get(network_id)
        now = draft.standing(f"network/{network_id}")
        ours = captured is not None and draft.captured.project_id in (
            captured.get("project_id"),
            captured.get("tenant_id"),
        )
        name = f"{captured.get('name')} ({network_id})" if captured else network_id
        options = tuple(o for o, there in ((KEEP, now is not None), (NEW, ours), (MAP, True)) if there)
        if choice.network is None:
            gone = "" if now is not None else ", which is gone"
            draft.ask(member, options, f"the port was on network {name}{gone}: choose its network", document)
            return None
        if choice.network == KEEP and now is not None:
            return Ref(id=network_id)
        if choice.network == KEEP:
            sentence = f"network {name} is gone: choose {' or '.join(options)}"
            draft.refuse(document, path, sentence, (network_id,))
        elif choice.network == NEW and ours:
            draft.makes(f"network/{network_id}", "made again from the record")
            for subnet in self._subnets_of(network_id):
                draft.makes(f"subnet/{subnet}", "made again from the record")
            return Ref(made=network_id)
        elif choice.network == NEW:
            draft.refuse(
                document,
                path,
                f"network {name} was another project's and cannot be made again: choose map",
                (network_id,),
            )
        elif choice.network_id is None:
            draft.ask(
                f"{member}_id", ("the id of a network",), "the port is mapped to a network: name it", document
            )
        else:
            draft.decide(document, path, MAPPED, "the network that was chosen", choice.network_id)
            return Ref(id=choice.network_id)
        return None

    def _subnets_of(self, network_id: str) -> list[str]:
        subnets = self._draft.captured.of("subnet")
        return [
            one for one, body in subnets.items() if network_id in named("subnet", {"subnet": body}, "network")
        ]

    def _is_foreign(self, network_id: str) -> bool:
        network = next((one for one in self._draft.view.networks if one.get("id") == network_id), {})
        return self._draft.project_id not in (network.get("project_id"), network.get("tenant_id"))

    def _mac(
        self, document: str, port: Json, choice: PortChoice, network: Ref, *, foreign: bool
    ) -> str | None:
        path, mac = ("port", "mac_address"), str(port.get("mac_address") or "")
        if choice.mac == NEW or not mac:
            self._draft.decide(document, path, FATE_NEW, "Neutron chooses one, as the mapping says")
            return None
        holder = self._draft.view.holder(network.id, mac=mac)
        if foreign:
            self._refuse_foreign(document, path, "mac")
        elif holder is not None:
            self._refuse_taken(document, path, f"MAC {mac}", holder, "mac")
        return mac

    def _addresses(
        self, document: str, port: Json, choice: PortChoice, network: Ref, *, foreign: bool
    ) -> tuple[FixedAddress, ...] | None:
        draft, found = self._draft, []
        for number, fixed in enumerate(rows(port, _FIXED)):
            path = ("port", _FIXED, str(number), "ip_address")
            address = str(fixed.get("ip_address") or "")
            subnet_ids = named("port", {"port": {_FIXED: [fixed]}}, "subnet")
            if choice.address == NEW:
                draft.decide(document, path, FATE_NEW, "Neutron chooses one, as the mapping says")
                self._tell_subnet(document, number, None)
                continue
            if foreign:
                self._refuse_foreign(document, path, "address")
                continue
            subnet = self._subnet(network, subnet_ids[0] if subnet_ids else "")
            if subnet is None:
                draft.refuse(
                    document,
                    path,
                    f"no subnet of the network is like the one of address {address}: choose `address: new`",
                )
                continue
            self._tell_subnet(document, number, subnet)
            if (holder := draft.view.holder(network.id, address=address)) is not None:
                self._refuse_taken(document, path, f"address {address}", holder, "address")
            found.append(FixedAddress(subnet=subnet, address=address))
        return None if choice.address == NEW else tuple(found)

    def _tell_subnet(self, document: str, number: int, subnet: Ref | None) -> None:
        path = ("port", _FIXED, str(number), "subnet_id")
        if subnet is None:
            self._draft.decide(document, path, FATE_NEW, "with the address that Neutron chooses")
        elif subnet.made is not None:
            self._draft.decide(document, path, FATE_NEW, "made again from the record")
        else:
            same = f"subnet/{subnet.id}" in self._draft.captured.documents
            why = "it stands in the cloud" if same else "this subnet of the network has the same range"
            self._draft.decide(document, path, KEPT if same else MAPPED, why, None if same else subnet.id)

    def _subnet(self, network: Ref, subnet_id: str) -> Ref | None:
        """Find the subnet that takes a captured one's place in the network: itself, or one of the same range."""
        if network.made is not None:
            return Ref(made=subnet_id) if f"subnet/{subnet_id}" in self._draft.things else None
        there = [
            one
            for one in self._draft.view.subnets
            if network.id in named("subnet", {"subnet": one}, "network")
        ]
        if any(one.get("id") == subnet_id for one in there):
            return Ref(id=subnet_id)
        cidr = self._draft.captured.of("subnet").get(subnet_id, {}).get("cidr")
        return next((Ref(id=str(one["id"])) for one in there if cidr and one.get("cidr") == cidr), None)

    def _refuse_taken(
        self, document: str, path: tuple[str, ...], what: str, holder: Holder, member: str
    ) -> None:
        sentence = f"{what} is taken by {holder.who}: free it, or choose `{member}: new`"
        self._draft.refuse(document, path, sentence, holder.ids)

    def _refuse_foreign(self, document: str, path: tuple[str, ...], member: str) -> None:
        sentence = (
            "the network is another project's, and Neutron lets only its owner choose this there: "
            f"choose `{member}: new`"
        )
        self._draft.refuse(document, path, sentence)

    def _fields(self, document: str, port: Json, *, foreign: bool) -> Mapping[str, Any]:
        draft = self._draft
        given = {name: port[name] for name in _GIVEN if name in port}
        given["description"] = port.get("description") or ""
        if foreign and given.pop("port_security_enabled", True) is False:
            why = "the network is another project's, and Neutron lets only its owner switch port security off there"
            draft.decide(document, ("port", "port_security_enabled"), LOST, why)
        for policy in named("port", {"port": port}, "qos_policy"):
            if draft.standing(f"qos_policy/{policy}") is not None:
                given["qos_policy_id"] = policy
            else:
                draft.decide(document, ("port", "qos_policy_id"), LOST, f"QoS policy {policy} is gone")
        return given
