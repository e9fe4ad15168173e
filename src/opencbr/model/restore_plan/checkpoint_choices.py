"""The mapping of a checkpoint's plan: what it says for one backup, and the mappings of all backups as one.

Ports, groups, volumes, routers and floating IPs are named by their ids in the records, so that one list of each says it for all
backups; only what a server has once is said for each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import KEEP, MAP, NEW, BackupChoices, Choices, PortChoice

OWN = tuple(one.name for one in fields(BackupChoices) if one.name != "leave_out")
"""What is chosen for a backup; a mapping may say it for all that do not say it themselves."""
_TABLES = ("security_groups", "volume_types", "routers", "floating_ips")


def choices_for(captured: Captured, choices: Choices, backup_id: str) -> Choices:
    """Give what the mapping of a checkpoint says for one of its backups."""
    own = choices.backups.get(backup_id, BackupChoices())
    ports = {**captured.of("port"), **captured.of("subport")}
    chosen, known = {one.port_id: one for one in choices.ports}, _ids_in(captured)
    said: dict[str, Any] = {name: getattr(own, name) or getattr(choices, name) for name in OWN}
    said |= {
        name: {key: value for key, value in getattr(choices, name).items() if key in known}
        for name in _TABLES
    }
    return Choices(
        project_id=choices.project_id,
        volume_availability_zone=choices.volume_availability_zone,
        ports=tuple(
            _port(chosen.get(port_id, PortChoice(port_id=port_id)), port, choices.networks)
            for port_id, port in ports.items()
        ),
        **said,
    )


def without_left_out(choices: Choices, records: Iterable[Captured]) -> Choices:
    """Give a mapping without what it says of backups that are left out; `records` are those of the others."""
    known = {one for captured in records for one in _ids_in(captured)}
    kept: dict[str, Any] = {
        name: {key: value for key, value in getattr(choices, name).items() if key in known}
        for name in (*_TABLES, "networks")
    }
    return replace(
        choices,
        ports=tuple(port for port in choices.ports if port.port_id in known),
        backups={
            backup_id: BackupChoices(leave_out=True) if one.leave_out else one
            for backup_id, one in choices.backups.items()
        },
        **kept,
    )


def _ids_in(captured: Captured) -> set[str]:
    """Name the things of a record, floating IPs too, which stand in lists."""
    return {name.partition("/")[2] for name in captured.documents} | {
        str(row.get("id"))
        for name, body in captured.documents.items()
        for row in (body.get("floatingips") or () if name.startswith("floatingips/") else ())
    }


def _port(choice: PortChoice, port: Mapping[str, Any], networks: Mapping[str, str]) -> PortChoice:
    """Say where a port goes by what is said of its network, unless it is said of the port."""
    network = next(iter(named("port", {"port": port}, "network")), "")
    target = networks.get(network) if choice.network is None else None
    if target is None:
        return choice
    if target in (KEEP, NEW):
        return replace(choice, network=target)
    return replace(choice, network=MAP, network_id=target)


def joined_choices(given: Choices, filled: Mapping[str, Choices]) -> Choices:
    """Give the mapping of a checkpoint as it was filled in for its backups; what was said for all is said for each then."""
    own = {
        backup_id: BackupChoices(**{name: getattr(one, name) for name in OWN})
        for backup_id, one in filled.items()
    }
    joined: dict[str, Any] = dict.fromkeys(OWN)
    joined |= {name: _joined(getattr(one, name) for one in filled.values()) for name in _TABLES}
    return replace(
        given,
        ports=tuple(port for one in filled.values() for port in one.ports),
        **joined,
        backups={**given.backups, **own},
    )


def _joined(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {key: value for table in tables for key, value in table.items()}
