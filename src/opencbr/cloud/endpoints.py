"""Where a service lies in the catalogue and which microversions it speaks, asked once for each token scope.

keystoneauth falls back to the bare catalogue address when version discovery fails; a Neutron that is away
for a second would
then look like one that knows no port (404). Here a failed discovery is a failure, and worth asking again.
"""

import threading
from dataclasses import dataclass
from typing import Any

from opencbr.cloud.errors import Unreachable
from opencbr.cloud.retry import Again


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """What our short name for a service means to the catalogue and to version discovery."""

    catalogue_type: str
    major: str
    header: str | None = None  # its name in microversion headers; None: it has no microversions


SERVICES = {
    "identity": ServiceKind("identity", "3"),
    "compute": ServiceKind("compute", "2.1", "compute"),
    "volume": ServiceKind("block-storage", "3", "block-storage"),
    "network": ServiceKind("network", "2"),
    "image": ServiceKind("image", "2"),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A versioned base address without a trailing slash, and the newest microversion ("" for none)."""

    url: str
    newest: str


class Endpoints:
    """The endpoints of one token scope. Thread-safe."""

    def __init__(self, config: Any, interface: str, region: str | None) -> None:
        self._config = config
        self._interface = interface
        self._region = region
        self._known: dict[str, Endpoint] = {}
        self._locks = {service: threading.Lock() for service in SERVICES}

    def known(self, service: str) -> Endpoint | None:
        """Return the endpoint of `service` if it has been asked for before."""
        return self._known.get(service)

    def get(self, session: Any, service: str) -> Endpoint:
        """Return the endpoint of `service`. Raises Again when catalogue or service do not tell it."""
        with self._locks[service]:
            if service not in self._known:
                self._known[service] = self._discover(session, service)
            return self._known[service]

    def _discover(self, session: Any, service: str) -> Endpoint:
        from keystoneauth1.exceptions import CatalogException

        kind = SERVICES[service]
        try:
            data = session.get_endpoint_data(
                service_type=kind.catalogue_type,
                interface=self._interface,
                region_name=self._region,
                endpoint_override=self._config.get_endpoint(kind.catalogue_type),
                min_version=kind.major,
                max_version=f"{kind.major.split('.', maxsplit=1)[0]}.latest",
            )
        except CatalogException as error:
            raise Again(self._missing(service, "the catalogue has no such service in this region")) from error
        newest = None if data is None else data.max_microversion
        # Without a version document keystoneauth hands out the catalogue's address as it is.
        known = data is not None and data.url and (newest if kind.header else data.api_version)
        if not known:
            raise Again(self._missing(service, f"no {self._interface} endpoint told its versions"))
        return Endpoint(data.url.rstrip("/"), ".".join(map(str, newest)) if newest else "")

    def _missing(self, service: str, why: str) -> Unreachable:
        return Unreachable(service=service, method="GET", path="/", reason=f"version discovery failed: {why}")
