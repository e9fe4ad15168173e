"""Token scopes of one credential: its own project, and each tenant's project it is asked to work for."""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opencbr.cloud.breaker import Breaker
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.endpoints import SERVICES, Endpoints
from opencbr.cloud.errors import BadSettings
from opencbr.cloud.retry import Patience
from opencbr.cloud.transport import Transport
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
        self._connection, self.files = _connect(settings)
        self.region: str | None = settings.region or self._connection.config.get_region_name() or None
        self.home = self._transport(
            self._connection, f"Keystone refused the credential of cloud {settings.cloud}: check clouds.yaml"
        )

    def tenant(self, project_id: str) -> Transport:
        """Return the transport that works inside `project_id`, the same one while it is in use."""
        with self._lock:
            transport = self._tenants.pop(project_id, None)
            if transport is None:
                connection = self._connection.connect_as(project_id=project_id)
                transport = self._transport(connection, self._no_role(project_id))
            self._tenants[project_id] = transport
            while len(self._tenants) > KEPT_SCOPES:
                self._tenants.popitem(last=False)
            return transport

    def auth_url(self) -> str:
        """Return Keystone's address as `clouds.yaml` gives it."""
        return str(self._connection.config.get_auth_args().get("auth_url", ""))

    def versions_answer(self, timeout_seconds: float) -> bool:
        """Say whether Keystone's version document answers, without a token."""
        from keystoneauth1.exceptions import ClientException

        try:
            response = self._connection.session.get(
                self.auth_url(),
                authenticated=False,
                raise_exc=False,
                log=False,
                connect_retries=0,
                timeout=timeout_seconds,
            )
        except ClientException:
            return False
        return int(response.status_code) < 400  # noqa: PLR2004 -- HTTP statuses are better read as numbers

    def _no_role(self, project_id: str) -> str:
        """Say why Keystone gives no token for a tenant's project, and what to change."""
        if "application_credential" in str(self._connection.config.get_auth_args()):
            return (
                f"cloud {self._settings.cloud} in clouds.yaml is an application credential, which is bound to one "
                f"project and cannot work in project {project_id}: give the service user's name and password"
            )
        return (
            f"the service user has no role on project {project_id}: run `opencbr register` with an admin "
            "credential, and see that the project is enabled"
        )

    def close(self) -> None:
        """Begin no more calls."""
        for breaker in self._breakers.values():
            breaker.close()

    def _transport(self, connection: Any, no_role: str) -> Transport:
        from opencbr.cloud.adapter import bound_answers

        bound_answers(connection.session)
        return Transport(
            session=connection.session,
            endpoints=Endpoints(connection.config, self._settings.interface, self.region),
            clock=self._clock,
            patience=self._patience,
            breakers=self._breakers,
            timeout_seconds=self._settings.timeout_seconds,
            no_role=no_role,
        )


def _connect(settings: CloudSettings) -> tuple[Any, tuple[Path, ...]]:
    """Open the entry of `clouds.yaml`, and name the files that were read.

    Raises BadSettings when it is not there or cannot be used.
    """
    from openstack.config import OpenStackConfig
    from openstack.connection import Connection
    from openstack.exceptions import ConfigException

    files = list(settings.config_files) or None
    overrides: dict[str, Any] = {"api_timeout": settings.timeout_seconds}
    if settings.region:
        overrides["region_name"] = settings.region
    where = " or ".join(settings.config_files) or "OS_CLIENT_CONFIG_FILE and the usual places of clouds.yaml"
    try:
        config = OpenStackConfig(config_files=files, load_envvars=files is None, app_name="opencbr")
        entry = config.get_one(cloud=settings.cloud, **overrides)
        _refuse_incomplete(entry.get_auth_args())
        connection = Connection(config=entry)
    except ConfigException as error:
        raise BadSettings(f"cloud {settings.cloud} cannot be used ({error}); looked in {where}") from error
    except Exception as error:
        # openstacksdk and keystoneauth let through whatever an odd entry makes them stumble over.
        raise BadSettings(
            f"the entry {settings.cloud} in {where} cannot be used: {_stumble(error)}"
        ) from error
    found = (config.config_filename, config.secure_config_filename)
    return connection, tuple(Path(name) for name in found if name and Path(name).is_file())


def _refuse_incomplete(auth: Mapping[str, Any]) -> None:
    """Raise ValueError for a user without a password: signing in, keystoneauth would raise an exception of no kind."""
    if ("username" in auth or "user_id" in auth) and not auth.get("password"):
        raise ValueError("its auth names a user and has no password")


def _stumble(error: Exception) -> str:
    """Say what is wrong with an entry of `clouds.yaml`, in its own words where the library has others."""
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", str(error)):
        return f"its auth has a key {unknown[1]} that its auth_type does not know"
    if isinstance(error, TypeError | AttributeError | KeyError) or "sequence" in str(error):
        return "an entry is a mapping with auth (itself a mapping: auth_url, username, password ...)"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
