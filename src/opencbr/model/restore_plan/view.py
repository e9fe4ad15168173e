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

    @property
    def who(self) -> str:
        """Say who it is, as far as the project may know."""
        if self.port_id is None:
            return "a port of another project"
        return f"port {self.port_id}" + (f" of server {self.server_id}" if self.server_id else "")

    @property
    def ids(self) -> tuple[str, ...]:
        """Name the port and its server, as far as the project may know."""
        return tuple(one for one in (self.port_id, self.server_id) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingHolder:
    """Who has a floating address of the record now: `id` is None when another project does; `port_id` is where it leads.

    `forwards` are its port forwardings: protocol, its own port, and the port of Neutron's that it leads to.
    """

    address: str
    id: str | None
    port_id: str | None
    forwards: tuple[tuple[str, int, str], ...] = ()


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
    The project is the one that the plan is for, and `roles` are the service user's in it; `lending` are Cinder's quotas in the
    backup's own, where that is another, and `gives_secrets` is whether the caller may have what is sealed given to it.
    """

    standing: Mapping[str, Json | None] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    flavors: Sequence[Json] = ()
    networks: Sequence[Json] = ()
    subnets: Sequence[Json] = ()
    security_groups: Sequence[Json] = ()
    volume_types: Sequence[Json] = ()
    server_groups: Sequence[Json] = ()
    routers: Sequence[Json] = ()
    servers: Sequence[Json] = ()
    compute_zones: frozenset[str] = frozenset()
    volume_zones: frozenset[str] = frozenset()
    holders: Sequence[Holder] = ()
    floating: Sequence[FloatingHolder] = ()
    rooms: Mapping[str, Room] = field(default_factory=dict)
    sets_hostnames: bool = True
    lending: Mapping[str, Room] = field(default_factory=dict)
    gives_secrets: bool = True

    def holder(self, network_id: str | None, *, address: str = "", mac: str = "") -> Holder | None:
        """Find the port that has an address or a MAC on a network."""
        for one in self.holders:
            if one.network_id == network_id and (address in one.addresses if address else one.mac == mac):
                return one
        return None
