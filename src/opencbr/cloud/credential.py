"""The service's credential: one entry of `clouds.yaml`, read again when Keystone refuses it.

A password is rotated in Keystone first and in `clouds.yaml` a little later. Processes that run go on by themselves then:
nobody has to start them again.
"""

import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from opencbr.cloud.clouds_yaml import connect
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.errors import BadSettings
from opencbr.model.clock import Clock

log = logging.getLogger(__name__)

REMEDY = (
    "the operator must correct it or enable its user; running processes read it again, and jobs wait for it"
)

_REST = timedelta(seconds=30)
"""So long Keystone is not asked again with what it has refused: it may lock a user out who is refused often."""


class Credential:
    """The entry as it was read last. Making one sends nothing. Thread-safe.

    `version` goes up when another one has been read. Raises BadSettings when the entry cannot be used at the start.
    """

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._refused_at: datetime | None = None
        self._is_told = False
        self._texts: list[bytes | None] = []
        self.version = 1
        self.connection, self.files = connect(settings)

    @property
    def is_bound(self) -> bool:
        """Whether it is an application credential, which works in one project only."""
        return any(name.startswith("application_credential") for name in self._auth())

    @property
    def auth_url(self) -> str:
        """Keystone's address as the entry gives it."""
        return str(self._auth().get("auth_url", ""))

    @property
    def is_refused(self) -> bool:
        """Whether Keystone has refused it a moment ago, so that asking again is of no use."""
        refused_at = self._refused_at
        return refused_at is not None and self._clock.now() - refused_at < _REST

    def __str__(self) -> str:
        auth = self._auth()
        who = auth.get("username") or auth.get("user_id")
        user = f"user {who}" if who else "application credential"
        where = " and ".join(map(str, self.files)) or "the environment"
        return f"the credential of cloud {self._settings.cloud} in {where} ({user})"

    def plugin(self, project_id: str | None) -> Any:
        """Make keystoneauth's plugin that signs in to the project; None: to the entry's own."""
        connection = (
            self.connection if project_id is None else self.connection.connect_as(project_id=project_id)
        )
        return connection.session.auth

    def is_newer_than(self, version: int) -> bool:
        """Look whether the files have changed, and say whether there is another credential than `version`."""
        with self._lock:
            texts = self._read()
            if texts != self._texts:
                self._texts = texts
                self._take()
            return self.version > version

    def refused(self) -> None:
        """Note that Keystone has refused it; said once in the log."""
        with self._lock:
            self._refused_at = self._clock.now()
            told, self._is_told = self._is_told, True
        if not told:
            log.error("Keystone refuses %s: %s", self, REMEDY)

    def accepted(self) -> None:
        """Note that Keystone has accepted it."""
        self._refused_at = None
        if self._is_told:
            self._is_told = False
            log.warning("Keystone accepts %s again", self)

    def _take(self) -> None:
        try:
            connection, self.files = connect(self._settings)
        except BadSettings as error:  # half written perhaps: it changes once more then
            log.warning("%s; the entry as it was is still used", error)
            return
        if connection.config.get_auth_args() != self._auth():
            self.connection = connection
            self.version += 1
            self._refused_at = None
            log.warning("%s has been read again", self)

    def _auth(self) -> dict[str, Any]:
        return dict(self.connection.config.get_auth_args())

    def _read(self) -> list[bytes | None]:
        def text(path: Path) -> bytes | None:
            try:
                return path.read_bytes()
            except OSError:
                return None

        return [text(path) for path in self.files]
