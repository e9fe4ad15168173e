"""The cloud as the service sees it: one credential from `clouds.yaml`, and everything reached with it."""

from opencbr.cloud.config import CloudSettings
from opencbr.cloud.identity import Identity
from opencbr.cloud.register import Registration
from opencbr.cloud.scopes import Scopes
from opencbr.model.clock import Clock


class Cloud:
    """The service credential. Making one sends nothing. Thread-safe."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._scopes = Scopes(settings, clock)
        self.settings = settings
        self.identity = Identity(self._scopes.home)

    def register(
        self,
        *,
        endpoint: str | None,
        user: str = "opencbr",
        user_domain: str = "Default",
        password: str | None = None,
        home_project: str = "service",
        tenant_domain: str = "Default",
        role: str = "member",
    ) -> list[str]:
        """Set up the service user's roles and the catalogue entry, with this cloud's credential being an admin's.

        Returns what was done, a sentence each. Raises BadSettings or CloudError.
        """
        return Registration(self._scopes.home, self._scopes.region).run(
            endpoint=endpoint,
            user=user,
            user_domain=user_domain,
            password=password,
            home_project=home_project,
            tenant_domain=tenant_domain,
            role=role,
        )
