"""The mapping of a plan: what the caller has chosen, and what is filled in for them to edit.

What is None was not chosen. A plan gives the mapping back filled in as far as the record and the cloud allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

KEEP: Final = "keep"
"""What it was before: the same network, address or MAC."""
NEW: Final = "new"
"""One of its own: a network or group made again from the record; an address or MAC that the cloud chooses."""
MAP: Final = "map"
"""Another one, named by its id."""
DROP: Final = "drop"
"""Do without."""
RUN: Final = "run"
"""Of user data: given to the server, which runs it at its first boot as it did before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortChoice:
    """Of one captured port: its network (KEEP, NEW or MAP with `network_id`), its addresses and its MAC (KEEP or NEW)."""

    port_id: str
    network: str | None = None
    network_id: str | None = None
    address: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupChoices:
    """What is chosen for one backup of a checkpoint alone: None leaves it to the mapping; `leave_out`: do without."""

    name: str | None = None
    flavor_id: str | None = None
    availability_zone: str | None = None
    user_data: str | None = None
    key_pair: str | None = None
    server_group: str | None = None
    leave_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A mapping. `project_id` is the project that the server is made in, None for the backup's own.

    `volume_id` names the disk that a new volume is made of, `server_id` the server that it is attached to, or in place the one
    whose disks are written over. In `disks` a volume of the record goes to the id of the one that is written over, or to DROP.

    In `security_groups`, `volume_types`, `routers` and `floating_ips` the keys are ids in the record.
    A security group goes to the id of a group, to NEW or to DROP; a volume's type to the id of a type, by volume; a floating
    IP to KEEP (the same address), NEW or DROP; a server group or a router to an id, NEW or DROP. `user_data` is RUN or DROP.

    Of a checkpoint `networks` says it for ports that `ports` leave open, by the network that they were on (KEEP, NEW or an id);
    `backups` has by the id of a backup what is chosen for it alone.
    """

    name: str | None = None
    volume_id: str | None = None
    server_id: str | None = None
    project_id: str | None = None
    flavor_id: str | None = None
    availability_zone: str | None = None
    volume_availability_zone: str | None = None
    user_data: str | None = None
    key_pair: str | None = None
    server_group: str | None = None
    ports: tuple[PortChoice, ...] = ()
    security_groups: Mapping[str, str] = field(default_factory=dict)
    power_on: bool | None = None
    disks: Mapping[str, str] = field(default_factory=dict)
    volume_types: Mapping[str, str] = field(default_factory=dict)
    routers: Mapping[str, str] = field(default_factory=dict)
    floating_ips: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    backups: Mapping[str, BackupChoices] = field(default_factory=dict)
