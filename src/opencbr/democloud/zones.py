"""Availability zones: Nova and Cinder have one each, and those that the operator has added."""

from opencbr.democloud.state import State

ZONE = "nova"
"""Where everything stands for which no zone was asked for."""


def add_zone(state: State, service: str, name: str) -> None:
    """Give "compute" or "volume" another zone."""
    state.put("zone", {"id": f"{service}:{name}", "service": service, "name": name})


def zones_of(state: State, service: str) -> list[str]:
    """Name the zones of a service."""
    return [ZONE, *(str(zone["name"]) for zone in state.all("zone", service=service))]
