"""The cloud as the service sees it: one credential from `clouds.yaml`, and everything reached with it."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from opencbr.cloud.check import Finding, findings, mover_is_up
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.errors import CloudError, Denied
from opencbr.cloud.identity import Identity
from opencbr.cloud.objects import Snapshot, UpstreamObject, VolumeBackup
from opencbr.cloud.project import ProjectCloud
from opencbr.cloud.reader import Reader
from opencbr.cloud.register import Registration
from opencbr.cloud.scopes import Scopes
from opencbr.cloud.servers import ServerCloud
from opencbr.cloud.user_sign_in import UserSignIn
from opencbr.model.clock import Clock

__all__ = ["Cloud", "Finding", "ProjectCloud", "Reader", "Snapshot", "UpstreamObject", "VolumeBackup"]

_PROBE_SECONDS = 5.0


class Cloud:
    """The service credential. Making one sends nothing. Thread-safe.

    `region` is the region's name as the entry gives it, "" where it names none.
    """

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._scopes = Scopes(settings, clock)
        self._pool = ThreadPoolExecutor(settings.connections, thread_name_prefix="cloud")
        self._reader = Reader(
            self._scopes.home,
            self._pool,
            self._scopes.tenant,
            sets_volume_status=settings.sets_volume_status,
        )
        self.settings = settings
        self.region = self._scopes.region or ""
        self.identity = Identity(self._scopes.home)
        self.user_sign_in = UserSignIn(self._scopes, self.identity, clock, settings.timeout_seconds)

    def reader(self) -> Reader:
        """Return the reader across projects: admin on the service's own project, never writing."""
        return self._reader

    def project(self, project_id: str) -> ProjectCloud:
        """Return the hand inside a tenant's project: its token is scoped there."""
        return ProjectCloud(project_id, self._scopes.tenant(project_id), self._reader)

    def servers(self, project_id: str) -> ServerCloud:
        """Return the hand on the servers of a tenant's project, with its token."""
        return ServerCloud(self._scopes.tenant(project_id))

    def set_volume_status(self, volume_id: str, status: str) -> None:
        """Set a volume's status, which only an admin may: the one thing that the admin's right writes.

        Its attachments stay. A restore needs it for a root disk, which Nova never detaches, and for a volume that Cinder has
        left in an error; where the right is not given (`Reader.sets_volume_status`) nobody asks for it. Raises CloudError.
        """
        path = f"/volumes/{quote(volume_id, safe='')}/action"
        try:
            self._scopes.home.act("volume", path, {"os-reset_status": {"status": status}})
        except Denied as error:
            if error.service == "volume":
                told = "where Cinder gives nobody this right, set cloud.sets_volume_status = false"
                error.reason = f"{error.reason or 'refused'}; {told}"
            raise

    def check(self, endpoint: str = "", project_id: str = "") -> list[Finding]:
        """Look at sign-in, roles, catalogue, services, data mover and quotas, as `check.findings` says."""
        return findings(self._scopes, self._reader, endpoint, project_id)

    def keystone_ready(self) -> bool:
        """Say whether Keystone answers, by one call without a token."""
        return self._scopes.versions_answer(_PROBE_SECONDS)

    def credential_ready(self) -> bool:
        """Say whether the service user can sign in, by one call. Raises CloudError when Keystone does not tell."""
        return self._scopes.home.signs_in()

    def mover_ready(self) -> bool:
        """Say whether a cinder-backup is up, by one call. Raises CloudError when Cinder does not tell."""
        return mover_is_up(self._reader, _PROBE_SECONDS)

    def mover_is_down(self) -> bool:
        """Say whether Cinder says, asked once, that no cinder-backup is up; False also when it does not say."""
        try:
            return not mover_is_up(self._reader, _PROBE_SECONDS)
        except CloudError:
            return False

    def close(self) -> None:
        """End the reading threads; reads under way are finished first."""
        self._pool.shutdown()
        self._scopes.close()

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
        """Set up the service user's roles and the catalogue entry; this cloud's credential is an admin's.

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
