"""The mapping of a restore plan on the wire: sent with choices, given back filled in."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from opencbr.api.schema import Id, Text

_MOST = 1024


class PlanPort(Struct, kw_only=True):
    """Where one captured port goes."""

    port_id: Annotated[Id, Meta(description="the port in the backup")]
    network: Annotated[
        Literal["keep", "new", "map"] | None,
        Meta(
            description="keep: the network that it was on; new: that network made again from the record; map: `network_id`. "
            "There is no default"
        ),
    ] = None
    network_id: Annotated[Id | None, Meta(description="with map: the network that it goes to")] = None
    address: Annotated[
        Literal["keep", "new"] | None,
        Meta(
            description="keep: its addresses; new: what Neutron chooses. By default keep on a network of the project's own"
        ),
    ] = None
    mac: Annotated[Literal["keep", "new"] | None, Meta(description="the same for its MAC address")] = None


class PlanGroup(Struct, kw_only=True):
    """What takes the place of one captured security group."""

    security_group_id: Annotated[Id, Meta(description="the security group in the backup")]
    target: Annotated[
        Id,
        Meta(
            description="the id of a group, `new` to have it made again with its rules, or `drop` to do without"
        ),
    ]


class PlanVolume(Struct, kw_only=True):
    """The type that one captured volume gets."""

    volume_id: Annotated[Id, Meta(description="the volume in the backup")]
    volume_type_id: Annotated[Id, Meta(description="the type of the new volume")]


class PlanDisk(Struct, kw_only=True):
    """What one captured disk is written over."""

    volume_id: Annotated[Id, Meta(description="the volume in the backup")]
    target: Annotated[
        Id,
        Meta(
            description="the id of the volume that is written over, by default the same one, or `drop` to leave it as it is"
        ),
    ]


class PlanRouter(Struct, kw_only=True):
    """What takes the place of one captured router."""

    router_id: Annotated[Id, Meta(description="the router in the backup")]
    target: Annotated[
        Id,
        Meta(
            description="the id of a router, `new` to have it made again with gateway, routes and its interfaces in the "
            "server's subnets, or `drop` to do without"
        ),
    ]


class PlanFloatingIp(Struct, kw_only=True):
    """What becomes of one captured floating IP."""

    floating_ip_id: Annotated[Id, Meta(description="the floating IP in the backup")]
    address: Annotated[
        Literal["keep", "new", "drop"],
        Meta(description="keep: the same address, when it is free; new: another one; drop: do without"),
    ]


class PlanNetwork(Struct, kw_only=True):
    """Where the ports of one captured network go."""

    network_id: Annotated[Id, Meta(description="the network in the backups")]
    target: Annotated[
        Id,
        Meta(
            description="`keep`: the same network; `new`: made again from the record, once for all of them; or the id of "
            "a network"
        ),
    ]


class PlanBackup(Struct, kw_only=True):
    """What is chosen for one backup of a checkpoint; what is left out, as the mapping says it for all."""

    backup_id: Annotated[Id, Meta(description="the backup")]
    leave_out: Annotated[bool, Meta(description="true: nothing of it is restored")] = False
    name: Annotated[Text | None, Meta(description="the name of its new server or volume")] = None
    flavor_id: Annotated[Id | None, Meta(description="the flavor of its new server")] = None
    availability_zone: Annotated[Text | None, Meta(description="Nova's zone for its server")] = None
    user_data: Annotated[
        Literal["run", "drop"] | None, Meta(description="whether its user data run again")
    ] = None
    key_pair: Annotated[Literal["keep", "drop"] | None, Meta(description="what becomes of its key pair")] = (
        None
    )
    server_group: Annotated[
        Id | None, Meta(description="the id of a server group, `new` or `drop`; `new` for several: one group")
    ] = None


class PlanMapping(Struct, kw_only=True):
    """What was chosen. A plan gives it back filled in by id, then by name, then by equal content: edit it and send it again."""

    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=255)] | None,
        Meta(description="the name of the new server or volume; by default that of the old one"),
    ] = None
    volume_id: Annotated[
        Id | None,
        Meta(description="as new_volume: the volume in the backup; no default where the backup has several"),
    ] = None
    server_id: Annotated[
        Id | None,
        Meta(
            description="as new_volume: the server that gets the new volume, left out: none does; in_place: the server whose "
            "disks are written over, by default the one that was backed up"
        ),
    ] = None
    disks: Annotated[
        Annotated[list[PlanDisk], Meta(max_length=_MOST)] | None,
        Meta(description="in_place: what each disk is written over; one that is not named, over itself"),
    ] = None
    power_on: Annotated[
        bool | None,
        Meta(description="in_place: false leaves the server shut off; left out or true: it is started"),
    ] = None
    project_id: Annotated[
        Id | None,
        Meta(
            description="another project that the server is made in, in which the caller may restore too; by default the "
            "backup's own"
        ),
    ] = None
    flavor_id: Annotated[Id | None, Meta(description="the flavor of the new server")] = None
    availability_zone: Annotated[Text | None, Meta(description="Nova's zone for the server")] = None
    volume_availability_zone: Annotated[Text | None, Meta(description="Cinder's zone for all its disks")] = (
        None
    )
    user_data: Annotated[
        Literal["run", "drop"] | None,
        Meta(
            description="run: given again, and run at the first boot of the new server; drop: do without. No default where the "
            "server has user data"
        ),
    ] = None
    key_pair: Annotated[
        Literal["keep", "drop"] | None, Meta(description="drop: do without the key pair; by default keep")
    ] = None
    server_group: Annotated[
        Id | None,
        Meta(
            description="the id of a server group, `new` to have it made again where the project has none of its name, or "
            "`drop` to do without"
        ),
    ] = None
    ports: Annotated[
        Annotated[list[PlanPort], Meta(max_length=_MOST)] | None, Meta(description="where each port goes")
    ] = None
    security_groups: Annotated[
        Annotated[list[PlanGroup], Meta(max_length=_MOST)] | None,
        Meta(description="what takes the place of each security group"),
    ] = None
    volumes: Annotated[
        Annotated[list[PlanVolume], Meta(max_length=_MOST)] | None,
        Meta(description="the type of each volume"),
    ] = None
    routers: Annotated[
        Annotated[list[PlanRouter], Meta(max_length=_MOST)] | None,
        Meta(description="what takes the place of each router that is gone"),
    ] = None
    floating_ips: Annotated[
        Annotated[list[PlanFloatingIp], Meta(max_length=_MOST)] | None,
        Meta(description="what becomes of each floating IP"),
    ] = None
    networks: Annotated[
        Annotated[list[PlanNetwork], Meta(max_length=_MOST)] | None,
        Meta(description="new_resources: where all ports of a network go, but those that `ports` say it of"),
    ] = None
    backups: Annotated[
        Annotated[list[PlanBackup], Meta(max_length=_MOST)] | None,
        Meta(description="new_resources: what is chosen for a backup alone"),
    ] = None
