"""A mapping from the wire and to it: the choices that it stands for, each thing named once."""

from collections import Counter
from dataclasses import fields

from opencbr.api.errors import bad_parameter
from opencbr.api.plus.restore_plans.mapping import (
    PlanBackup,
    PlanDisk,
    PlanFloatingIp,
    PlanGroup,
    PlanMapping,
    PlanNetwork,
    PlanPort,
    PlanRouter,
    PlanVolume,
)
from opencbr.model.restore_plan.choices import DROP, BackupChoices, Choices, PortChoice

_OF_A_BACKUP = tuple(one.name for one in fields(BackupChoices))


def choices_of(mapping: PlanMapping | None) -> Choices:
    """Read a mapping. Raises 400/9900 where it says two things of one."""
    if mapping is None:
        return Choices()
    groups, volumes, floating, disks = (
        mapping.security_groups or [],
        mapping.volumes or [],
        mapping.floating_ips or [],
        mapping.disks or [],
    )
    _refuse_repeats("disks", [one.volume_id for one in disks])
    _refuse_repeats("disks", [one.target for one in disks if one.target != DROP])
    _refuse_repeats("security_groups", [one.security_group_id for one in groups])
    _refuse_repeats("volumes", [one.volume_id for one in volumes])
    routers, networks, backups = mapping.routers or [], mapping.networks or [], mapping.backups or []
    _refuse_repeats("networks", [one.network_id for one in networks])
    _refuse_repeats("backups", [one.backup_id for one in backups])
    _refuse_repeats("routers", [one.router_id for one in routers])
    _refuse_repeats("floating_ips", [one.floating_ip_id for one in floating])
    return Choices(
        name=mapping.name,
        volume_id=mapping.volume_id,
        server_id=mapping.server_id,
        disks={one.volume_id: one.target for one in disks},
        power_on=mapping.power_on,
        project_id=mapping.project_id,
        flavor_id=mapping.flavor_id,
        availability_zone=mapping.availability_zone,
        volume_availability_zone=mapping.volume_availability_zone,
        user_data=mapping.user_data,
        key_pair=mapping.key_pair,
        server_group=mapping.server_group,
        ports=tuple(
            PortChoice(
                port_id=one.port_id,
                network=one.network,
                network_id=one.network_id,
                address=one.address,
                mac=one.mac,
            )
            for one in mapping.ports or ()
        ),
        security_groups={one.security_group_id: one.target for one in groups},
        volume_types={one.volume_id: one.volume_type_id for one in volumes},
        routers={one.router_id: one.target for one in routers},
        floating_ips={one.floating_ip_id: one.address for one in floating},
        networks={one.network_id: one.target for one in networks},
        backups={
            one.backup_id: BackupChoices(**{name: getattr(one, name) for name in _OF_A_BACKUP})
            for one in backups
        },
    )


def mapping_of(choices: Choices) -> PlanMapping:
    """Write a mapping as it is sent."""
    return PlanMapping(
        name=choices.name,
        volume_id=choices.volume_id,
        server_id=choices.server_id,
        disks=[PlanDisk(volume_id=one, target=target) for one, target in choices.disks.items()],
        power_on=choices.power_on,
        project_id=choices.project_id,
        flavor_id=choices.flavor_id,
        availability_zone=choices.availability_zone,
        volume_availability_zone=choices.volume_availability_zone,
        user_data=choices.user_data,  # type: ignore[arg-type]  # one of the words that the type names
        key_pair=choices.key_pair,  # type: ignore[arg-type]
        server_group=choices.server_group,
        ports=[
            PlanPort(
                port_id=one.port_id,
                network=one.network,  # type: ignore[arg-type]
                network_id=one.network_id,
                address=one.address,  # type: ignore[arg-type]
                mac=one.mac,  # type: ignore[arg-type]
            )
            for one in choices.ports
        ],
        security_groups=[
            PlanGroup(security_group_id=one, target=target) for one, target in choices.security_groups.items()
        ],
        volumes=[
            PlanVolume(volume_id=one, volume_type_id=type_id) for one, type_id in choices.volume_types.items()
        ],
        routers=[PlanRouter(router_id=one, target=target) for one, target in choices.routers.items()],
        floating_ips=[
            PlanFloatingIp(floating_ip_id=one, address=address)  # type: ignore[arg-type]
            for one, address in choices.floating_ips.items()
        ],
        networks=[PlanNetwork(network_id=one, target=target) for one, target in choices.networks.items()],
        backups=[
            PlanBackup(backup_id=one, **{name: getattr(chosen, name) for name in _OF_A_BACKUP})
            for one, chosen in choices.backups.items()
        ],
    )


def _refuse_repeats(member: str, ids: list[str]) -> None:
    twice = [one for one, count in Counter(ids).items() if count > 1]
    if twice:
        raise bad_parameter(f"mapping.{member}: {twice[0][:64]} is named twice: name each once.")
