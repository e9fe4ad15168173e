"""What is to be made, in the words of the cloud: a plan that stands leaves nothing open for the job that applies it.

A `Ref` names a thing that stands in the cloud by its id, or one that the same job makes by its id in the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """One of the two is set: `id` of what stands, `made` of what the job makes."""

    id: str | None = None
    made: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """A security group made again; a rule's `remote_group` is set in place of a remote group's id."""

    key: str
    name: str
    description: str
    stateful: bool | None
    tags: tuple[str, ...]
    rules: tuple["NewRule", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """A rule of a group: `fields` as Neutron takes them, and the group whose members it lets in or out."""

    fields: Mapping[str, Any]
    remote_group: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubnet:
    """A subnet of a network that is made again."""

    key: str
    fields: Mapping[str, Any]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNetwork:
    """A network made again with its subnets."""

    key: str
    fields: Mapping[str, Any]
    tags: tuple[str, ...]
    subnets: tuple[NewSubnet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRouter:
    """A router made again; its `routes` are set when it stands in its subnets."""

    key: str
    name: str
    fields: Mapping[str, Any]
    routes: tuple[Mapping[str, Any], ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInterface:
    """Where a router comes to stand: in a subnet, at an address of it, None for a free one."""

    router: Ref
    network: Ref
    subnet: Ref
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAddress:
    """An address of a port: of a subnet, None for one that the network chooses; without `address` a free one."""

    subnet: Ref
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPort:
    """A port; `mac` None is one that Neutron chooses, `addresses` None all that the network gives.

    `server` is the key of the server that it is on, None for a subport.
    """

    key: str
    name: str
    network: Ref
    mac: str | None
    addresses: tuple[FixedAddress, ...] | None
    groups: tuple[Ref, ...]
    fields: Mapping[str, Any]
    tags: tuple[str, ...]
    nic_tag: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrunk:
    """A trunk on a port, with its subports: port, segmentation type and id."""

    key: str
    name: str
    parent: str
    sub_ports: tuple[tuple[str, str, int], ...]
    fields: Mapping[str, Any]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVolume:
    """A volume that a disk's backup (by our id) is written into, and how it lies on `server`, None for a disk on its own."""

    key: str
    backup_id: str
    name: str | None
    description: str | None
    size_gb: int
    type_id: str | None
    availability_zone: str | None
    metadata: Mapping[str, str]
    image_metadata: Mapping[str, str]
    bootable: bool
    position: int
    device: str | None = None
    tag: str | None = None
    delete_on_termination: bool = False
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewForwarding:
    """A port forwarding to a port of the job: `fields` as Neutron takes them, `address` None for the port's first one."""

    port: str
    address: str | None
    fields: Mapping[str, Any]


def outer_ports(forwarding: Mapping[str, Any]) -> tuple[str, str]:
    """Give what tells a port forwarding from the others of its floating IP: protocol and outer ports, as `80:80`."""
    port = forwarding.get("external_port")
    return str(forwarding.get("protocol")), str(forwarding.get("external_port_range") or f"{port}:{port}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFloatingIp:
    """A floating IP: one that stands (`id`), or a new one of an external network.

    It leads to a port of the job, or (`port` None) forwards some of its ports.
    """

    key: str
    id: str | None
    network_id: str
    port: str | None
    fixed_address: str | None
    description: str
    tags: tuple[str, ...]
    forwards: tuple[NewForwarding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServerGroup:
    """A server group made again; no other group of the project bears its name."""

    key: str
    name: str
    policy: str
    rules: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServer:
    """A server; `image_id` is set where it boots from an image. `user_data` is base64 as Nova has it."""

    key: str
    name: str
    hostname: str | None
    flavor_id: str
    image_id: str | None
    availability_zone: str | None
    description: str | None
    metadata: Mapping[str, str]
    tags: tuple[str, ...]
    user_data: str | None
    config_drive: bool
    disk_config: str | None
    access_ipv4: str
    access_ipv6: str
    hints: Mapping[str, Any]
    key_name: str | None
    public_key: str | None
    key_type: str
    locked: bool
    locked_reason: str | None
    group: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """All of it, each in the order in which it is to be made; without servers the volumes are what is wanted.

    `project_id` is where all that is made stands, None for the backup's own project.
    `attach_to` is a server that stands and gets the volumes.
    """

    servers: tuple[
        NewServer, ...
    ]  # no default: a plan that a release with one server a plan has kept is not read as one of none
    server_groups: tuple[NewServerGroup, ...] = ()
    groups: tuple[NewGroup, ...] = ()
    networks: tuple[NewNetwork, ...] = ()
    routers: tuple[NewRouter, ...] = ()
    interfaces: tuple[NewInterface, ...] = ()
    ports: tuple[NewPort, ...] = ()
    trunks: tuple[NewTrunk, ...] = ()
    volumes: tuple[NewVolume, ...] = ()
    floating_ips: tuple[NewFloatingIp, ...] = ()
    attach_to: str | None = None
    project_id: str | None = None
