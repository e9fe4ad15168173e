"""The form of a plan's mapping: what may be chosen, what is chosen, and what is still asked for.

An entry bears the name by which a plan asks for its choice (`ports.<id>.network`); beside one that can be MAP stands an entry
for the id of what it is mapped to.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.json_values import member, rows, words
from opencbr.console.restore_plan.captured_names import CapturedNames
from opencbr.model.restore_plan.choices import DROP, KEEP, MAP, NEW, RUN

OTHER = ".other"
"""What stands behind the name of an entry for the id of another thing."""
Option = tuple[str, str]
"""A value, and what it means."""

_ZONE = "Empty: the cloud chooses."
_UNCHOSEN: Option = ("", "choose …")
_WITH_RULES = "made again with its rules"
_USUAL: Option = ("", "as is usual on that network")


@dataclass(frozen=True, kw_only=True)
class Control:
    """An entry; without `options` it is a text, for which `offers` has ids and what they are called.

    `asked` is the plan's sentence where the choice is still to be made; `other` is the entry for an id beside it.
    """

    name: str
    label: str
    value: str
    options: tuple[Option, ...] = ()
    offers: tuple[Option, ...] = ()
    asked: str = ""
    other: "Control | None" = None
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class ControlGroup:
    """Entries that belong together."""

    title: str
    controls: tuple[Control, ...]


def control_groups(
    plan: Mapping[str, Any], mapping: Mapping[str, Any], names: CapturedNames
) -> tuple[ControlGroup, ...]:
    """Make the form of a plan with the values of `mapping`: the plan's own, or what was entered and refused."""
    groups = _GROUPS[plan["as"]](_Form(plan, mapping, names))
    return tuple(group for group in groups if group.controls)


def _of_a_server(form: "_Form") -> Iterator[ControlGroup]:
    yield ControlGroup(title="Server", controls=tuple(form.server()))
    yield from form.ports()
    yield ControlGroup(title="Security groups", controls=tuple(form.security_groups()))
    yield ControlGroup(title="Types of the disks", controls=tuple(form.volumes()))
    yield ControlGroup(title="Routers that are gone", controls=tuple(form.routers()))
    yield ControlGroup(title="Floating IPs", controls=tuple(form.floating_ips()))


def _of_a_checkpoint(form: "_Form") -> Iterator[ControlGroup]:
    yield ControlGroup(title="All of them", controls=tuple(form.all_resources()))
    yield from form.backups()
    yield from form.ports()
    yield ControlGroup(title="Security groups", controls=tuple(form.security_groups()))
    yield ControlGroup(title="Types of the disks", controls=tuple(form.volumes()))
    yield ControlGroup(title="Routers that are gone", controls=tuple(form.routers()))
    yield ControlGroup(title="Floating IPs", controls=tuple(form.floating_ips()))


def _of_a_volume(form: "_Form") -> Iterator[ControlGroup]:
    yield ControlGroup(title="Volume", controls=tuple(form.volume()))
    yield ControlGroup(title="Type of the disk", controls=tuple(form.volumes()))


def _in_place(form: "_Form") -> Iterator[ControlGroup]:
    yield ControlGroup(title="Server", controls=tuple(form.restored_server()))
    yield ControlGroup(title="Disks", controls=tuple(form.disks()))


_GROUPS: Mapping[str, Callable[["_Form"], Iterator[ControlGroup]]] = {
    "new_server": _of_a_server,
    "new_volume": _of_a_volume,
    "in_place": _in_place,
    "new_resources": _of_a_checkpoint,
}
"""What a plan restores as -> the entries of its form."""


class _Form:
    """Makes the entries; with `prefix` those of one backup of a checkpoint."""

    def __init__(
        self, plan: Mapping[str, Any], mapping: Mapping[str, Any], names: CapturedNames, prefix: str = ""
    ) -> None:
        self._plan, self._mapping, self._names, self._prefix = plan, mapping, names, prefix
        self._asked = {one["member"]: one for one in rows(plan, "choices")}

    def volume(self) -> Iterator[Control]:
        disks = self._names.things("volume")
        options = tuple((one, self._names.volume(one)) for one in disks)
        yield self._select("volume_id", "Disk of the backup", *options)
        yield self._text("name", "Name", hint="Of the new volume.")
        hint = "Empty: the new volume is on no server."
        yield self._text("server_id", "Server that it is attached to, its id", hint=hint)
        yield self._text("volume_availability_zone", "Availability zone", hint="Empty: as it was.")

    def restored_server(self) -> Iterator[Control]:
        if self._is_there("server_id"):
            yield self._text("server_id", "Server, its id", hint="Whose disks are written over.")
        power = self._mapping.get("power_on")
        if member(self._plan, "mapping", "power_on") is not None:
            yield Control(
                name="power_on",
                label="Afterwards",
                value="false" if power in (False, "false") else "true",
                options=(("true", "the server is started"), ("false", "it is left shut off")),
            )

    def disks(self) -> Iterator[Control]:
        chosen = {one["volume_id"]: one.get("target") for one in self._all("disks")}
        for one in self._ids("disks", "volume_id"):
            options = ((one, "written over itself"), (MAP, "over another volume"), (DROP, "left as it is"))
            name, value = f"disks.{one}", chosen.get(one) or one
            known = value in (one, DROP)
            other = Control(
                name=f"{name}{OTHER}", label="Another volume, its id", value="" if known else value
            )
            yield Control(
                name=name,
                label=self._names.volume(one),
                value=value if known else MAP,
                options=options,
                other=other,
            )

    def server(self) -> Iterator[Control]:
        yield self._text("name", "Name", hint="Of the new server.")
        yield from self.all_resources()
        yield from self._machine()

    def all_resources(self) -> Iterator[Control]:
        elsewhere = "Another project, in which you may restore too. Empty: the backup's own."
        yield self._text("project_id", "Project, its id", hint=elsewhere)
        yield self._text("volume_availability_zone", "Availability zone of the disks", hint=_ZONE)
        if self._plan.get("backups"):
            yield from self._networks()

    def _networks(self) -> Iterator[Control]:
        """Make an entry for each network that ports were on; what is said of a port itself counts for that."""
        ports = [port["port_id"] for port in rows(self._plan, "mapping", "ports")]
        entered = {one["network_id"]: one.get("target") for one in self._all("networks")}
        for one in dict.fromkeys(filter(None, (self._names.network_of(port) for port in ports))):
            yield Control(
                name=f"networks.{one}",
                label=f"Ports on {self._names.name(f'network/{one}') or one}",
                value=entered.get(one) or "",
                options=(
                    ("", "as each port says"),
                    (KEEP, "stay on it"),
                    (NEW, "on that one made again, once"),
                ),
            )

    def backups(self) -> Iterator[ControlGroup]:
        """Make the entries of each backup of a checkpoint."""
        planned = {one["backup_id"]: one for one in rows(self._plan, "backups")}
        entered = {one["backup_id"]: one for one in self._all("backups")}
        for own in rows(self._plan, "mapping", "backups"):
            backup_id = own["backup_id"]
            prefix, one = f"backups.{backup_id}.", planned.get(backup_id, {})
            asked = [
                choice | {"member": choice["member"].removeprefix(prefix)}
                for choice in rows(self._plan, "choices")
                if choice["member"].startswith(prefix)
            ]
            chosen = entered.get(backup_id, {})
            form = _Form({"mapping": own, "choices": asked}, chosen, self._names, prefix)
            flavor = CapturedNames(rows(one, "rows")).flavor()
            title = one.get("resource_name") or f"Backup {backup_id}, left out"
            yield ControlGroup(title=title, controls=tuple(form.resource(flavor)))

    def resource(self, flavor: str) -> Iterator[Control]:
        """Make the entries of one backup of a checkpoint."""
        yield Control(
            name=f"{self._prefix}leave_out",
            label="Restore it",
            value="true" if self._mapping.get("leave_out") in (True, "true") else "",
            options=(("", "yes"), ("true", "no: leave it out")),
        )
        yield self._text("name", "Name", hint="Of the new server or volume.")
        if self._is_there("flavor_id"):
            yield from self._machine(flavor)

    def _machine(self, flavor: str = "") -> Iterator[Control]:
        flavor = flavor or self._names.flavor()
        yield self._text("flavor_id", "Flavor, its id", hint=f"It was {flavor}." if flavor else "")
        yield self._text("availability_zone", "Availability zone of the server", hint=_ZONE)
        if self._is_there("user_data"):
            runs = (RUN, "give them again: they run at the first boot")
            yield self._select("user_data", "User data", runs, (DROP, "do without"))
        if self._is_there("key_pair"):
            yield self._select("key_pair", "Key pair", (KEEP, "the same one"), (DROP, "do without"))
        if self._is_there("server_group"):
            groups = self._names.things("server_group")
            yield self._mapped(
                "server_group", "Server group", self._mapping.get("server_group"), groups, made="made again"
            )

    def ports(self) -> Iterator[ControlGroup]:
        entered = {one.get("port_id"): one for one in rows(self._mapping, "ports")}
        offers = tuple(self._names.things("network").items())
        for port in rows(self._plan, "mapping", "ports"):
            port_id = port["port_id"]
            chosen, name = entered.get(port_id, {}), f"ports.{port_id}"
            other = Control(
                name=f"{name}.network_id",
                label="Another network, its id",
                value=chosen.get("network_id") or "",
                offers=offers,
                asked=self._sentence(f"{name}.network_id"),
            )
            allowed = self._allowed(f"{name}.network", {KEEP, NEW, MAP})
            options = (
                (KEEP, "the one that it was on"),
                (NEW, "that one made again from the record"),
                (MAP, "another one"),
            )
            network = Control(
                name=f"{name}.network",
                label="Network",
                value=chosen.get("network") or "",
                options=(_UNCHOSEN, *(one for one in options if one[0] in allowed)),
                asked=self._sentence(f"{name}.network"),
                other=other,
            )
            old_or_new = (_USUAL, (KEEP, "the same"), (NEW, "what the cloud chooses"))
            more = (
                Control(name=f"{name}.{what}", label=label, value=chosen.get(what) or "", options=old_or_new)
                for what, label in (("address", "Addresses"), ("mac", "MAC address"))
            )
            title = f"Port {self._names.port(port_id)}"
            yield ControlGroup(title=title, controls=(network, *more))

    def security_groups(self) -> Iterator[Control]:
        names = self._names.things("security_group")
        chosen = {one["security_group_id"]: one.get("target") for one in self._all("security_groups")}
        for one in self._ids("security_groups", "security_group_id"):
            label = names.get(one) or one
            yield self._mapped(
                f"security_groups.{one}", label, chosen.get(one), names, own=one, made=_WITH_RULES
            )

    def routers(self) -> Iterator[Control]:
        names = self._names.things("router")
        chosen = {one["router_id"]: one.get("target") for one in self._all("routers")}
        for one in self._ids("routers", "router_id"):
            label = names.get(one) or one
            made = "made again"
            yield self._mapped(f"routers.{one}", label, chosen.get(one), names, own=one, made=made)

    def volumes(self) -> Iterator[Control]:
        offers = tuple(self._names.things("volume_type").items())
        chosen = {one["volume_id"]: one.get("volume_type_id") for one in self._all("volumes")}
        for one in self._ids("volumes", "volume_id", asked="volume_types"):
            yield Control(
                name=f"volume_types.{one}",
                label=self._names.volume(one),
                value=chosen.get(one) or "",
                offers=offers,
                asked=self._sentence(f"volume_types.{one}"),
                hint="The id of a volume type.",
            )

    def floating_ips(self) -> Iterator[Control]:
        chosen = {one["floating_ip_id"]: one.get("address") for one in self._all("floating_ips")}
        for one in self._ids("floating_ips", "floating_ip_id"):
            name = f"floating_ips.{one}"
            allowed = self._allowed(name, {KEEP, NEW, DROP})
            options = ((KEEP, "the same address"), (NEW, "another address"), (DROP, "do without"))
            yield Control(
                name=name,
                label=self._names.floating_ip(one),
                value=chosen.get(one) or "",
                options=(_UNCHOSEN, *(each for each in options if each[0] in allowed)),
                asked=self._sentence(name),
            )

    def _text(self, name: str, label: str, *, hint: str = "") -> Control:
        offers = tuple((one, "") for one in self._options(name) if not one.startswith("the id of"))
        return Control(
            name=self._prefix + name,
            label=label,
            value=self._mapping.get(name) or "",
            offers=offers,
            asked=self._sentence(name),
            hint=hint,
        )

    def _select(self, name: str, label: str, *options: Option) -> Control:
        value = self._mapping.get(name) or ""
        return Control(
            name=self._prefix + name,
            label=label,
            value=value,
            options=options if value else (_UNCHOSEN, *options),
            asked=self._sentence(name),
        )

    def _mapped(
        self,
        name: str,
        label: str,
        value: str | None,
        names: Mapping[str, str],
        *,
        own: str = "",
        made: str,
    ) -> Control:
        """Make the entry of a thing that stays, is made again, dropped, or mapped to another one."""
        own = own or next(iter(names), "")
        asked = self._sentence(name)
        options = [_UNCHOSEN, (own, "as it stands in the cloud")] if not asked and own else [_UNCHOSEN]
        options += [(NEW, made), (MAP, "another one"), (DROP, "do without")]
        known = value is None or any(value == option for option, _ in options)
        entry = self._prefix + name
        other = Control(
            name=f"{entry}{OTHER}", label="Another one, its id", value="" if known else value or ""
        )
        shown = (value or "") if known else MAP
        return Control(name=entry, label=label, value=shown, options=tuple(options), asked=asked, other=other)

    def _is_there(self, name: str) -> bool:
        return bool(self._mapping.get(name) or member(self._plan, "mapping", name) or name in self._asked)

    def _all(self, name: str) -> list[Any]:
        return rows(self._mapping, name)

    def _ids(self, name: str, key: str, *, asked: str = "") -> list[str]:
        """List the ids of what the plan, the mapping or an open choice speaks of, each once."""
        told = [
            one[key] for source in (self._plan.get("mapping"), self._mapping) for one in rows(source, name)
        ]
        prefix = f"{asked or name}."
        told += [one.removeprefix(prefix) for one in self._asked if one.startswith(prefix)]
        return list(dict.fromkeys(told))

    def _options(self, name: str) -> list[str]:
        return rows(self._asked.get(name), "options")

    def _allowed(self, name: str, all_: set[str]) -> set[str]:
        return set(self._options(name)) or all_

    def _sentence(self, name: str) -> str:
        return words(member(self._asked.get(name), "sentence")) or ""
