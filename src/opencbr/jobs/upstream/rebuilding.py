"""A root disk that is no volume is written over by Nova: the server is rebuilt from an image.

How far it is stands in the job's parameters, under the server's id, before it is so; as for a volume.
"""

from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.parameters import reach, standing
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.jobs.upstream.server_images import copying_seconds
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import ACCEPTED, BEGUN, RESTORED, stage_of

_ATTEMPTS = 3
"""Rebuilds asked for in a row: the host may have had a bad moment."""


def rebuild(ctx: JobContext, operation: OperationLog, server_id: str, image_id: str) -> None:
    """Have Nova write an image over the root disk of an unlocked server, which is shut off again afterwards.

    Its ports, volumes and id stay. Raises CloudError, Lost; JobError 9910 when Nova ends it in an error each time.
    """
    project = ctx.cloud.project(operation.project_id)
    looks = {f"server {server_id}": _Rebuilding(ctx, operation, server_id, image_id)}
    reconcile(ctx, operation, looks, copying_seconds=copying_seconds(project, image_id))


class _Rebuilding:
    """Looks at the server, and says what it needs."""

    def __init__(self, ctx: JobContext, operation: OperationLog, server_id: str, image_id: str) -> None:
        self._ctx = ctx
        self._operation = operation
        self._servers = ctx.cloud.servers(operation.project_id)
        self._id = server_id
        self._image_id = image_id
        self._attempts = 0

    def __call__(self) -> Act | Server | None:
        """Give what the server needs, None when its root disk is written."""
        stage = self._stage()
        if stage == RESTORED:
            return None
        server = self._servers.get(self._id)
        if server.task_state or server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF, "ERROR"):
            return server
        if server.status == "ERROR" and stage is not None:
            self._attempts += 1
            if self._attempts >= _ATTEMPTS:
                why = server.fault or "no reason given"
                raise JobError(
                    UNEXPECTED,
                    f"the rebuild of server {self._id} from image {self._image_id} ended in ERROR ({server.request_id}) "
                    f"{self._attempts} times: {why}",
                )
            return self._ask
        if stage == ACCEPTED:
            self._reach(RESTORED)
            return None
        return self._ask

    def _ask(self) -> None:
        before = self._stage()
        self._reach(BEGUN)
        try:
            self._servers.rebuild(self._id, self._image_id)
        except (Denied, NotFound, Refused):
            self._reach(before)
            raise
        self._reach(ACCEPTED)

    def _stage(self) -> str | None:
        return stage_of(standing(self._ctx, self._operation), self._id)

    def _reach(self, stage: str | None) -> None:
        reach(self._ctx, self._operation, self._id, stage)
