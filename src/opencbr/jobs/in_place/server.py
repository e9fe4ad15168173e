"""The server whose disks are written over: shut off and locked for that time, given back as it was."""

from collections.abc import Callable
from functools import partial

from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.reconcile import Act, Look, reconcile
from opencbr.model.errors import SERVER_UNRESTORABLE
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import lock_reason


class ServerInPlace:
    """Brings one server into the states that a job needs; all may be repeated. Raises CloudError, JobError, Lost."""

    def __init__(self, ctx: JobContext, operation: OperationLog, server_id: str) -> None:
        self._ctx = ctx
        self._operation = operation
        self._servers = ctx.cloud.servers(operation.project_id)
        self._id = server_id
        self._reason = lock_reason(operation.operation_type, operation.id)

    def stop(self) -> None:
        """Shut it off, and open a tenant's lock. JobError 2008 when its status allows no restore."""

        def look() -> Act | Server | None:
            server = self._servers.get(self._id)
            if server.locked and server.locked_reason != self._reason:
                return partial(self._servers.unlock, self._id)
            return self._powered(server, NOVA_SHUTOFF, self._servers.stop)

        self._reconcile(look)

    def start(self) -> None:
        """Start it. JobError 2008 when it comes up in an error."""
        self._reconcile(lambda: self._powered(self._servers.get(self._id), NOVA_ACTIVE, self._servers.start))

    def lock(self) -> None:
        """Lock it, so that nobody starts it while a disk of it is written over."""
        self.lock_as_before(self._reason)

    def lock_as_before(self, reason: str | None) -> None:
        """Lock it again, with the reason that somebody gave."""

        def look() -> Act | None:
            locked = self._servers.get(self._id).locked
            return None if locked else partial(self._servers.lock, self._id, reason)

        self._reconcile(look)

    def unlock(self) -> None:
        """Take the job's own lock away; that of somebody else stays."""

        def look() -> Act | None:
            server = self._servers.get(self._id)
            ours = server.locked and server.locked_reason == self._reason
            return partial(self._servers.unlock, self._id) if ours else None

        self._reconcile(look)

    def _reconcile(self, look: Look) -> None:
        reconcile(self._ctx, self._operation, {f"server {self._id}": look})

    def _powered(self, server: Server, wanted: str, act: Callable[[str], None]) -> Act | Server | None:
        if server.task_state:
            return server
        if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF):
            raise JobError(
                SERVER_UNRESTORABLE,
                f"server {self._id} is {server.status} ({server.request_id}) and cannot become {wanted}",
            )
        return None if server.status == wanted else partial(act, self._id)
