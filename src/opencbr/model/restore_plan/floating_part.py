"""The floating IPs of a plan: those that lead to the server's ports, and those that forward some of their ports there."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewFloatingIp, NewForwarding, NewPort
from opencbr.model.restore_plan.captured import Json, Path, rows, thing
from opencbr.model.restore_plan.choices import DROP, KEEP, NEW
from opencbr.model.restore_plan.draft import KEPT, LOST, MADE, MAPPED, REFUSED, UNDECIDED, Draft
from opencbr.model.restore_plan.draft import NEW as FATE_NEW
from opencbr.model.restore_plan.router_part import why_unreachable
from opencbr.model.restore_plan.view import FloatingHolder

_LIST, _FORWARDS = "floatingips", "port_forwardings"
_FORWARD = (
    "protocol",
    "external_port",
    "internal_port",
    "external_port_range",
    "internal_port_range",
    "description",
)


class _Floating(NamedTuple):
    """A captured floating IP: the document and the place that it stands in, and the port that it leads to."""

    document: str
    path: Path
    row: Json
    port: str | None

    @property
    def id(self) -> str:
        return str(self.row.get("id"))

    @property
    def address(self) -> str:
        return str(self.row.get("floating_ip_address") or "")


class FloatingIps:
    """Judges the captured floating IPs; `made` are those that the server gets, `choices` those of the mapping, filled in."""

    def __init__(self, draft: Draft, ports: Sequence[NewPort]) -> None:
        self._draft = draft
        self._ports = {port.key: port for port in ports}
        self._holders = {one.address: one for one in draft.view.floating}
        self.made: list[NewFloatingIp] = []
        self.choices: dict[str, str] = {}

    def plan(self) -> None:
        """Judge all."""
        for document, body in self._draft.captured.documents.items():
            kind, _, id_ = document.partition("/")
            for number, row in enumerate(rows(body, _LIST) if kind == _LIST else ()):
                self._judge(_Floating(document, (_LIST, str(number)), row, id_))
            if kind == "floatingip":
                self._judge(_Floating(document, (kind,), thing(kind, body), None))

    def _judge(self, one: _Floating) -> None:
        draft, holder = self._draft, self._holders.get(one.address)
        forwards = self._forwards(one)
        why = _why_not(one, holder, forwards)
        choice = draft.choices.floating_ips.get(one.id) or (None if why else KEEP)
        if choice is not None:
            self.choices[one.id] = choice
        if choice is None:
            sentence = f"{why}: choose a new one, or do without"
            draft.ask(f"floating_ips.{one.id}", (NEW, DROP), sentence)
            self._tell(one, UNDECIDED, sentence)
        elif choice == DROP:
            self._tell(one, LOST, "the mapping does without this floating IP")
        elif choice == KEEP and why:
            ids = tuple(id_ for id_ in (holder.id, holder.port_id) if id_) if holder else ()
            draft.refuse(
                one.document,
                (*one.path, "floating_ip_address"),
                f"{why}: choose a new one, or do without",
                ids,
            )
            self._tell_forwards(one, REFUSED, why)
        elif not self._is_out_of_reach(one, choice):
            self._make(one, None if choice == NEW or holder is None else holder.id, forwards)

    def _make(self, one: _Floating, id_: str | None, forwards: tuple[NewForwarding, ...]) -> None:
        """Give the server this floating IP, or (None) a new one. An address that was asked for again has another id."""
        draft = self._draft
        if one.port is not None and one.port not in self._ports:
            return
        path = (*one.path, "id")
        if id_ is None:
            draft.need("network/floatingip", one.id)
            draft.decide(one.document, (*one.path, "floating_ip_address"), FATE_NEW, "as the mapping says")
        elif id_ == one.id:
            draft.decide(one.document, path, KEPT, "it is the project's and leads nowhere else")
        else:
            draft.decide(one.document, path, MAPPED, "the project has the address again, by this id", id_)
        self.made.append(
            NewFloatingIp(
                key=one.id,
                id=id_,
                network_id=named(_LIST, {_LIST: [one.row]}, "network")[0],
                port=one.port,
                fixed_address=one.row.get("fixed_ip_address"),
                description=str(one.row.get("description") or ""),
                tags=tuple(one.row.get("tags") or ()),
                forwards=forwards,
            )
        )

    def _forwards(self, one: _Floating) -> tuple[NewForwarding, ...]:
        """Give the port forwardings that lead to the server's ports; what leads elsewhere is told."""
        found = []
        document = f"{_FORWARDS}/{one.id}"
        for number, row in enumerate(rows(self._draft.captured.documents.get(document), _FORWARDS)):
            port = self._ports.get(str(row.get("internal_port_id")))
            if port is None:
                why = "it leads to a port that the new server does not have"
                for name in row:
                    self._draft.decide(document, (_FORWARDS, str(number), name), LOST, why)
                continue
            fields = {name: row[name] for name in _FORWARD if row.get(name) not in (None, "")}
            address = row.get("internal_ip_address") if port.addresses is not None else None
            if address is None:
                why = "the address that Neutron chooses for the port"
                self._draft.decide(document, (_FORWARDS, str(number), "internal_ip_address"), FATE_NEW, why)
            found.append(NewForwarding(port=port.key, address=address, fields=_exact(fields)))
        return tuple(found)

    def _is_out_of_reach(self, one: _Floating, choice: str) -> bool:
        """Refuse a floating IP that could not be had or reached."""
        draft = self._draft
        (network_id, *_) = [*named(_LIST, {_LIST: [one.row]}, "network"), ""]
        if choice == NEW and draft.standing(f"network/{network_id}") is None:
            sentence = f"external network {network_id} is gone: do without the floating IP"
            draft.refuse(one.document, (*one.path, "floating_network_id"), sentence, (network_id,))
            self._tell_forwards(one, REFUSED, sentence)
            return True
        router = str(one.row.get("router_id") or "")
        thing_ = draft.things.get(f"router/{router}")
        if thing_ is not None and thing_.how == UNDECIDED:
            self._tell(one, UNDECIDED, thing_.reason)
            return True
        if why := why_unreachable(draft, router):
            sentence = f"{why}: do without the floating IP, or have the router made again"
            draft.refuse(one.document, (*one.path, "router_id"), sentence, (router,))
            self._tell_forwards(one, REFUSED, sentence)
            return True
        port = self._ports.get(one.port or "")
        in_vain = thing_ is None or thing_.how not in (MADE, MAPPED)
        if draft.is_elsewhere and in_vain and port is not None and port.network.made is not None:
            sentence = (
                f"the network of port {one.port} is made again in project {draft.project_id}, where no router stands in it: "
                "do without the floating IP, or have its router made there"
            )
            draft.refuse(one.document, (*one.path, "router_id"), sentence, (port.key,))
            return True
        return False

    def _tell(self, one: _Floating, fate: str, why: str) -> None:
        for name in one.row:
            self._draft.decide(one.document, (*one.path, name), fate, why)
        self._tell_forwards(one, fate, why)

    def _tell_forwards(self, one: _Floating, fate: str, why: str) -> None:
        document = f"{_FORWARDS}/{one.id}"
        for number, row in enumerate(rows(self._draft.captured.documents.get(document), _FORWARDS)):
            for name in row:
                self._draft.decide(document, (_FORWARDS, str(number), name), fate, why)


def _exact(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the range of a single port: Neutron takes a port or a range."""
    return {
        n: v
        for n, v in fields.items()
        if n.removesuffix("_range") == n or n.removesuffix("_range") not in fields
    }


def _why_not(one: _Floating, holder: FloatingHolder | None, forwards: Sequence[NewForwarding]) -> str | None:
    """Say why the same address cannot be had; None when it can."""
    if holder is None:
        return f"floating address {one.address} was given back, and Neutron lets only an administrator ask for a certain one"
    if holder.id is None:
        return f"floating address {one.address} is another project's now"
    if holder.port_id is not None:
        return f"floating address {one.address} ({holder.id}) leads to port {holder.port_id}: free it"
    wanted = {(each.fields.get("protocol"), each.fields.get("external_port")) for each in forwards}
    for protocol, external, port in holder.forwards:
        if not forwards or (protocol, external) in wanted:
            it = f"floating address {one.address} ({holder.id})"
            return f"{it} forwards its {protocol} port {external} to port {port}: free it"
    return None
