"""The server of a restore: shut off and locked while its disks are written over, given back as it was."""

from functools import partial

from opencbr.cloud.statuses import NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.reconcile import Act, Look, reconcile
from opencbr.model.errors import SERVER_UNRESTORABLE
from opencbr.model.operation_log import OperationLog


class ServerHand:
    """Brings one server into the states that a restore needs; all may be repeated. Raises CloudError, JobError, Lost."""

    def __init__(self, ctx: JobContext, operation: OperationLog, server_id: str) -> None:
        self._ctx = ctx
        self._operation = operation
        self._servers = ctx.cloud.servers(operation.project_id)
        self._id = server_id
        self._reason = f"restore {operation.id} writes over its disks"

    def stop(self) -> None:
        """Shut it off; a tenant's lock is opened for that. JobError 2008 when its status allows no restore."""
        self._reconcile(partial(self._power, NOVA_SHUTOFF, partial(self._servers.stop, self._id)))

    def start(self) -> None:
        """Start it. JobError 2008 when it comes up in an error."""
        self._reconcile(partial(self._power, NOVA_ACTIVE, partial(self._servers.start, self._id)))

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
        """Take the restore's own lock away; that of somebody else stays."""

        def look() -> Act | None:
            server = self._servers.get(self._id)
            ours = server.locked and server.locked_reason == self._reason
            return partial(self._servers.unlock, self._id) if ours else None

        self._reconcile(look)

    def _reconcile(self, look: Look) -> None:
        reconcile(self._ctx, self._operation, {f"server {self._id}": look})

    def _power(self, wanted: str, act: Act) -> Act | str | None:
        server = self._servers.get(self._id)
        if server.task_state:
            return f"{server.status} ({server.task_state})"
        if server.status == wanted:
            return None
        if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF):
            raise JobError(
                SERVER_UNRESTORABLE,
                f"server {self._id} is {server.status} ({server.request_id}) and cannot become {wanted}",
            )
        return partial(self._servers.unlock, self._id) if server.locked else act
