"""Token scopes of one credential: its own project, and each tenant's project it is asked to work for."""

import threading
from collections import OrderedDict

from opencbr.cloud.breaker import Breaker
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.credential import Credential
from opencbr.cloud.endpoints import SERVICES, Endpoints
from opencbr.cloud.retry import Patience
from opencbr.cloud.transport import Tenant, Transport
from opencbr.model.clock import Clock

KEPT_SCOPES = 512
"""Tenant scopes held at a time; the one used longest ago is dropped first."""


class Scopes:
    """Makes transports from the entry of `clouds.yaml`. Nothing is sent until one is used. Thread-safe."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._breakers = {service: Breaker(service, settings.connections) for service in SERVICES}
        self._patience = Patience(retries=settings.retries)
        self._lock = threading.Lock()
        self._tenants: OrderedDict[str, Transport] = OrderedDict()
        self.credential = Credential(settings, clock)
        config = self.credential.connection.config
        self.region: str | None = settings.region or config.get_region_name() or None
        self.home = self._transport(None)

    def tenant(self, project_id: str) -> Transport:
        """Return the transport that works inside `project_id`, the same one while it is in use."""
        with self._lock:
            transport = self._tenants.pop(project_id, None)
            if transport is None:
                transport = self._transport(project_id)
            self._tenants[project_id] = transport
            while len(self._tenants) > KEPT_SCOPES:
                self._tenants.popitem(last=False)
            return transport

    def breaker(self, service: str) -> Breaker:
        """Return what bounds the calls to a service."""
        return self._breakers[service]

    def versions_answer(self, timeout_seconds: float) -> bool:
        """Say whether Keystone's version document answers, without a token."""
        from keystoneauth1.exceptions import ClientException

        try:
            response = self.credential.connection.session.get(
                self.credential.auth_url,
                authenticated=False,
                raise_exc=False,
                log=False,
                connect_retries=0,
                timeout=timeout_seconds,
            )
        except ClientException:
            return False
        # What leads elsewhere (a proxy's sign-in page, a circle) is no version document; 300 is one that names several.
        return int(response.status_code) in (200, 300)

    def close(self) -> None:
        """Begin no more calls."""
        for breaker in self._breakers.values():
            breaker.close()

    def _transport(self, project_id: str | None) -> Transport:
        from opencbr.cloud.adapter import bound_answers

        version = (
            self.credential.version
        )  # first: a newer connection of an older version is only signed in anew
        connection = self.credential.connection
        if project_id is not None:
            connection = connection.connect_as(project_id=project_id)
        bound_answers(connection.session)
        return Transport(
            session=connection.session,
            credential=self.credential,
            version=version,
            tenant=None if project_id is None else Tenant(project_id, self.home),
            endpoints=Endpoints(connection.config, self._settings.interface, self.region),
            clock=self._clock,
            patience=self._patience,
            breakers=self._breakers,
            timeout_seconds=self._settings.timeout_seconds,
        )
