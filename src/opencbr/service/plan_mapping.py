"""What the mapping of a restore plan may name: what the backup has, and what the project is shown in the cloud."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from typing import Any

from opencbr.model.errors import BAD_PARAMETER, NO_SUCH_RESOURCE, CbrError
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import DROP, KEEP, NEW, BackupChoices, Choices
from opencbr.model.restore_plan.view import CloudView

_CALLED = {"volume_types": "volumes"}
"""Members of a mapping that a request calls otherwise."""


def refuse_members(choices: Choices, known: Collection[str], restored_as: str) -> None:
    """Raise CbrError 9900 for a choice that this kind of restore does not have."""
    for member in fields(choices):
        if member.name not in known and getattr(choices, member.name) not in (None, (), {}):
            name = _CALLED.get(member.name, member.name)
            raise CbrError(
                BAD_PARAMETER,
                f"mapping.{name}: a restore as {restored_as} has no such choice: leave it out.",
            )


def refuse_strangers(captured: Sequence[Captured], choices: Choices) -> None:
    """Raise CbrError 9900 for what the mapping says of things that none of the records has, or says twice."""
    ports = [choice.port_id for choice in choices.ports]
    if len(set(ports)) < len(ports):
        raise CbrError(BAD_PARAMETER, "mapping: a port is named twice: name each once.")
    floating = {
        str(row.get("id"))
        for each in captured
        for name, body in each.documents.items()
        for row in (body.get("floatingips") or () if name.startswith("floatingips/") else ())
    }
    volumes = {disk.volume_id for each in captured for disk in each.disks}
    known: dict[str, tuple[Any, Any]] = {
        "port": (ports, _ids_of(captured, "port", "subport")),
        "security group": (choices.security_groups, {one for each in captured for one in each.groups()}),
        "volume": ([*filter(None, [choices.volume_id]), *choices.volume_types, *choices.disks], volumes),
        "router": (choices.routers, _ids_of(captured, "router")),
        "floating IP": (choices.floating_ips, floating | _ids_of(captured, "floatingip")),
        "network": (choices.networks, _ids_of(captured, "network")),
    }
    for what, (named, there) in known.items():
        for one in named:
            if one not in there:
                raise CbrError(
                    BAD_PARAMETER,
                    f"mapping: the backup has no {what} {one[:64]}: take the ids from the plan.",
                )


def refuse_foreign(captured: Sequence[Captured], view: CloudView, choices: Choices) -> None:
    """Raise CbrError 6302 for ids that the project is not shown in the cloud.

    What a thing was before may be named again, also in a mapping for another project: where it is gone the plan asks.
    """
    own: list[Choices | BackupChoices] = [choices, *choices.backups.values()]
    kinds = ("server group", "security group", "volume type", "router")
    was = {what: _ids_of(captured, what.replace(" ", "_")) for what in kinds}
    was["flavor"] = {str((one.thing("flavor") or {}).get("id")) for one in captured}
    networks = [one.network_id for one in choices.ports]
    networks += [one for one in choices.networks.values() if one != KEEP]
    named: dict[str, tuple[list[str | None], Any]] = {
        "flavor": ([one.flavor_id for one in own], view.flavors),
        "server group": ([one.server_group for one in own], view.server_groups),
        "network": (networks, view.networks),
        "security group": (list(choices.security_groups.values()), view.security_groups),
        "router": (list(choices.routers.values()), view.routers),
        "server": ([choices.server_id], view.servers),
        "volume type": (list(choices.volume_types.values()), view.volume_types),
    }
    for what, (wanted, there) in named.items():
        shown = {row.get("id") for row in there} | was.get(what, set())
        for one in wanted:
            if one not in (None, NEW, DROP) and one not in shown:
                raise CbrError(
                    NO_SUCH_RESOURCE,
                    f"There is no such {what} in this project's cloud. Asked for: {str(one)[:64]}.",
                )


def _ids_of(records: Iterable[Captured], *kinds: str) -> set[str]:
    """Name all things of these kinds that any of the records has."""
    return {one for each in records for kind in kinds for one in each.of(kind)}
