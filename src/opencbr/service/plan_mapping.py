"""What the mapping of a restore plan may name: what the backup has, and what the project is shown in the cloud."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from opencbr.model.errors import BAD_PARAMETER, NO_SUCH_RESOURCE, CbrError
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import DROP, NEW, Choices
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


def refuse_strangers(captured: Captured, choices: Choices) -> None:
    """Raise CbrError 9900 for what the mapping says of things that the record has not, or says twice."""
    ports = [choice.port_id for choice in choices.ports]
    if len(set(ports)) < len(ports):
        raise CbrError(BAD_PARAMETER, "mapping: a port is named twice: name each once.")
    floating = {
        str(row.get("id"))
        for name, body in captured.documents.items()
        for row in (body.get("floatingips") or () if name.startswith("floatingips/") else ())
    } | captured.of("floatingip").keys()
    volumes = {disk.volume_id for disk in captured.disks}
    known: dict[str, tuple[Any, Any]] = {
        "port": (ports, {**captured.of("port"), **captured.of("subport")}),
        "security group": (choices.security_groups, captured.of("security_group")),
        "volume": ([*filter(None, [choices.volume_id]), *choices.volume_types, *choices.disks], volumes),
        "router": (choices.routers, captured.of("router")),
        "floating IP": (choices.floating_ips, floating),
    }
    for what, (named, there) in known.items():
        for one in named:
            if one not in there:
                raise CbrError(
                    BAD_PARAMETER,
                    f"mapping: the backup has no {what} {one[:64]}: take the ids from the plan.",
                )


def refuse_foreign(captured: Captured, view: CloudView, choices: Choices) -> None:
    """Raise CbrError 6302 for ids that the project is not shown in the cloud.

    What a thing was before may be named again, also in a mapping for another project: where it is gone the plan asks.
    """
    was = {
        "flavor": {str((captured.thing("flavor") or {}).get("id"))},
        "server group": captured.of("server_group").keys(),
        "security group": captured.of("security_group").keys(),
        "volume type": captured.of("volume_type").keys(),
        "router": captured.of("router").keys(),
    }
    named: dict[str, tuple[list[str | None], Any]] = {
        "flavor": ([choices.flavor_id], view.flavors),
        "server group": ([choices.server_group], view.server_groups),
        "network": ([one.network_id for one in choices.ports], view.networks),
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
