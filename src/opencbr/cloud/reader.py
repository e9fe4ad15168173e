"""Reading across projects on the service's own admin credential. Nothing here ever writes."""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from typing import Any, TypeVar
from urllib.parse import quote

from opencbr.cloud.answer import NOT_PROMISED, Answer
from opencbr.cloud.errors import Denied, NotFound, Unreachable
from opencbr.cloud.retry import Patience
from opencbr.cloud.transport import Query, Transport
from opencbr.model.document import ABSENT, DENIED, Document, Unread
from opencbr.model.reference_fields import named

COMPUTE_MICROVERSION = "2.46"
"""Gives the published shape of a server: tags and description, the flavor still a link (contract 6.4)."""
VOLUME_MICROVERSION = "3.0"
"""Cinder's base; fixed, so that the compatible documents never change shape under an upgrade."""
LIKE_MICROVERSION = "3.34"
"""From here on Cinder filters snapshots, backups and volumes by `name~` (a substring)."""

_T = TypeVar("_T")
_R = TypeVar("_R")

Json = dict[str, Any]


class Reader:
    """Raw and reduced reads. Raises NotFound, Denied, Refused or Unreachable. Thread-safe."""

    def __init__(
        self,
        transport: Transport,
        pool: Executor,
        tenant: Callable[[str], Transport],
        *,
        sets_volume_status: bool | None = None,
    ) -> None:
        self._transport = transport
        self._pool = pool
        self._tenant = tenant
        self._sets_volume_status = sets_volume_status

    def within(self, project_id: str) -> "Reader":
        """Return a reader that sees what this project is shown."""
        tenant = self._tenant(project_id)
        return Reader(tenant, self._pool, self._tenant, sets_volume_status=self._sets_volume_status)

    def roles(self) -> frozenset[str]:
        """Name the roles that the service user has where this reader reads. Raises Denied where it has none."""
        return frozenset(self._transport.access().role_names)

    def sets_volume_status(self) -> bool:
        """Say whether the service user may set the status of volumes, as the settings say or its role. Raises CloudError."""
        told = self._sets_volume_status
        return "admin" in self.roles() if told is None else told

    def newest(self, service: str) -> str:
        """Return the newest microversion of `service`, discovered once; "" where it has none."""
        return self._transport.newest(service)

    def ask(
        self,
        service: str,
        path: str,
        query: Query | None = None,
        *,
        microversion: str | None = None,
        patience: Patience | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """GET and return the answer whole; its body is a JSON object."""
        return self._transport.get(
            service,
            path,
            query,
            microversion=microversion,
            patience=patience,
            timeout_seconds=timeout_seconds,
        )

    def at_once(self, function: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
        """Apply `function` to all items in parallel, in order; the first error is raised at the end."""
        # Each in a copy of this context: the deadline and the name of the request go with it.
        futures = [self._pool.submit(copy_context().run, function, item) for item in items]
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise errors[0]
        return [future.result() for future in futures]

    def document(
        self, name: str, service: str, path: str, microversion: str | None = None
    ) -> Document | Unread:
        """Read one document byte for byte; 401 and 403 give `denied`, 404 `absent`, all else is raised."""
        try:
            answer = self.ask(service, path, microversion=microversion)
        except (Denied, NotFound) as error:
            if error.path != path:
                raise  # our own sign-in failed: nothing is known about the document
            return Unread(
                name=name,
                service=service,
                method="GET",
                path=path,
                microversion=microversion,
                status=error.status or 0,
                request_id=error.request_id,
                read_at=self._transport.clock.now(),
                outcome=ABSENT if isinstance(error, NotFound) else DENIED,
            )
        return Document(
            name=name,
            service=service,
            method="GET",
            path=path,
            microversion=microversion,
            status=answer.status,
            request_id=answer.request_id,
            read_at=answer.read_at,
            body=answer.body,
        )

    def get_server(self, server_id: str) -> Json:
        """Return Nova's server, for `entries.usable`; its project is `tenant_id`."""
        return self._one("compute", f"/servers/{quote(server_id, safe='')}", "server", COMPUTE_MICROVERSION)

    def get_attachments(self, server_id: str) -> list[Json]:
        """Return Nova's rows of the volumes on a server."""
        path = f"/servers/{quote(server_id, safe='')}/os-volume_attachments"
        return self.ask("compute", path, microversion=COMPUTE_MICROVERSION).rows("volumeAttachment")

    def get_volume(self, volume_id: str) -> Json:
        """Return Cinder's volume, for `entries.usable`; its project is `os-vol-tenant-attr:tenant_id`."""
        return self._one("volume", f"/volumes/{quote(volume_id, safe='')}", "volume", VOLUME_MICROVERSION)

    def list_servers(
        self,
        project_id: str,
        *,
        name: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> list[Json]:
        """List the project's servers in full, for `entries.usable`, newest first; `name` is a part, taken literally."""
        query = _present(all_tenants=1, project_id=project_id, status=status, limit=limit, marker=marker)
        if name:
            query["name"] = re.sub(r"([][\\.^$*+?(){}|])", r"\\\1", name)  # Nova takes a regular expression
        answer = self.ask("compute", "/servers/detail", query, microversion=COMPUTE_MICROVERSION)
        return [
            server
            for server in answer.entries("server", limit=limit)
            if server.get("tenant_id") == project_id
        ]

    def list_volumes(
        self,
        project_id: str,
        *,
        server_id: str | None = None,
        name: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> list[Json]:
        """List the project's volumes in full, for `entries.usable`, newest first.

        `name` is a part of the name, `server_id` keeps those attached to that server. Cinder cannot filter
        by server: with `server_id` the attached volumes are read one by one and
        `limit` and `marker` do not apply.
        """
        if server_id is not None:
            found = self._attached(project_id, server_id)
            return [
                volume
                for volume in found
                if (not status or volume.get("status") == status)
                and (not name or name in str(volume.get("name") or ""))
            ]
        query = _present(all_tenants=1, project_id=project_id, status=status, limit=limit, marker=marker)
        microversion = VOLUME_MICROVERSION
        if name:
            query["name~"] = name
            microversion = LIKE_MICROVERSION
        answer = self.ask("volume", "/volumes/detail", query, microversion=microversion)
        rows = answer.entries("volume", limit=limit)
        return [volume for volume in rows if volume.get("os-vol-tenant-attr:tenant_id") == project_id]

    def home_project(self) -> str:
        """Return the id of the project that this reader is signed in to."""
        return str(self._transport.access().project_id)

    def _attached(self, project_id: str, server_id: str) -> list[Json]:
        server = self.get_server(server_id)
        if server.get("tenant_id") != project_id:
            return []
        volumes = self.at_once(self.get_volume, named("server", {"server": server}, "volume"))
        return [volume for volume in volumes if volume.get("os-vol-tenant-attr:tenant_id") == project_id]

    def _one(self, service: str, path: str, envelope: str, microversion: str) -> Json:
        return self.ask(service, path, microversion=microversion).thing(envelope, "identified")


def pages(
    ask: Callable[[str | None], list[Json]], service: str, path: str, marker: str | None = None
) -> Iterator[list[Json]]:
    """Yield page after page of a list, from behind `marker` on; `ask` gives the one behind a marker.

    Raises Unreachable where a page ends as an earlier one did: a cloud that ignores the marker gives no other for ever.
    """
    ends = {marker}
    while rows := ask(marker):  # a server may cut pages shorter than asked: only an empty one is the last
        yield rows
        marker = rows[-1]["id"]
        if marker in ends:
            reason = f"{NOT_PROMISED}: a page comes again and again"
            raise Unreachable(service=service, method="GET", path=path, reason=reason)
        ends.add(marker)


def _present(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
