"""The cloud as a plan sees it: what stands there now of what the record names, and what could take its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opencbr.model.restore_plan.captured import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A port that has an address or a MAC of the record; `port_id` is None for one of another project."""

    network_id: str
    port_id: str | None
    mac: str
    addresses: tuple[str, ...]
    server_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingHolder:
    """Who has a floating address of the record now: `id` is None when another project does; `port_id` is where it leads."""

    address: str
    id: str | None
    port_id: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """A quota: `limit` below 0 is none; `used` has what is reserved in it."""

    limit: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudView:
    """All that a plan is made from, besides record and mapping.

    `standing` has, by the name of a document of the record, what the same call gives the project now; None where it gives
    nothing. The lists are what the project is shown; of `servers` only the one that the mapping names. `rooms` are quotas by
    service and name (`compute/cores`).
    The project is the one that the plan is for; `lending` are Cinder's quotas in the backup's own, where that is another, and
    `gives_secrets` is whether the caller may have what is sealed given to it.
    """

    standing: Mapping[str, Json | None] = field(default_factory=dict)
    flavors: Sequence[Json] = ()
    networks: Sequence[Json] = ()
    subnets: Sequence[Json] = ()
    security_groups: Sequence[Json] = ()
    volume_types: Sequence[Json] = ()
    server_groups: Sequence[Json] = ()
    servers: Sequence[Json] = ()
    compute_zones: frozenset[str] = frozenset()
    volume_zones: frozenset[str] = frozenset()
    holders: Sequence[Holder] = ()
    floating: Sequence[FloatingHolder] = ()
    rooms: Mapping[str, Room] = field(default_factory=dict)
    sets_hostnames: bool = True
    lending: Mapping[str, Room] = field(default_factory=dict)
    gives_secrets: bool = True
