"""Nova writes over a root disk, one that is no volume or whose status nobody may set: the server is rebuilt from an image.

How far it is stands in the job's parameters, under the id of the volume or else of the server, before it is so; as for any
volume that is written over.
"""

from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import (
    CINDER_DOWNLOADING,
    CINDER_IN_USE,
    CINDER_RESERVED,
    NOVA_ACTIVE,
    NOVA_SHUTOFF,
)
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.parameters import reach, standing
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.jobs.upstream.server_images import copying_seconds, size_gb
from opencbr.jobs.written import tell_written
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import ACCEPTED, BEGUN, RESTORED, stage_of

_ATTEMPTS = 3
"""Rebuilds asked for in a row: the host may have had a bad moment."""


def rebuild(
    ctx: JobContext,
    operation: OperationLog,
    server_id: str,
    image_id: str,
    root_id: str | None = None,
    *,
    progress: tuple[int, int],
) -> None:
    """Have Nova write an image over the root disk of an unlocked server, which is shut off again afterwards.

    Its ports, volumes and id stay; `root_id` is the root disk where that is one of them; `progress` is in percent, told as
    `tell_written` does. Raises CloudError, Lost; JobError 9910 when Nova ends it in an error each time, or in one that it does
    not rebuild again.
    """
    if stage_of(standing(ctx, operation), root_id or server_id) == RESTORED:
        return  # the image may be removed already
    project = ctx.cloud.project(operation.project_id)
    name, size = f"server {server_id}", size_gb(project, image_id)
    reconcile(
        ctx,
        operation,
        {name: _Rebuilding(ctx, operation, server_id, image_id, root_id)},
        copying_seconds=copying_seconds(size),
        told=lambda left: tell_written(ctx, operation, {name: size}, left, step="rebuild", progress=progress),
    )


class _Rebuilding:
    """Looks at the server, and says what it needs."""

    def __init__(
        self, ctx: JobContext, operation: OperationLog, server_id: str, image_id: str, root_id: str | None
    ) -> None:
        self._ctx = ctx
        self._operation = operation
        self._servers = ctx.cloud.servers(operation.project_id)
        self._id = server_id
        self._image_id = image_id
        self._root_id = root_id
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
            stuck = self._stuck()
            if self._attempts >= _ATTEMPTS or stuck:
                why = server.fault or "no reason given"
                raise JobError(
                    UNEXPECTED,
                    f"the rebuild of server {self._id} from image {self._image_id} ended in ERROR ({server.request_id}) "
                    f"{self._attempts} times: {why}{stuck}",
                )
            return self._ask
        if stage == ACCEPTED:
            self._reach(RESTORED)
            return None
        return self._ask

    def _stuck(self) -> str:
        """Say what keeps Nova from another rebuild, "" for nothing: it takes a root volume that is in use alone."""
        if self._root_id is None:
            return ""
        volume = self._ctx.cloud.project(self._operation.project_id).get_volume(self._root_id)
        if volume.status == CINDER_IN_USE:
            return ""
        late = (
            ": Nova has waited for Cinder no longer than its reimage_timeout_per_gb, 20 s where nobody has set it,"
            if volume.status in (CINDER_DOWNLOADING, CINDER_RESERVED)
            else ","
        )
        return (
            f"; its root volume {volume.id} is {volume.status} ({volume.request_id}){late} and an administrator has to set it "
            f"to {CINDER_IN_USE} before Nova rebuilds the server again"
        )

    def _ask(self) -> None:
        before = self._stage()
        self._reach(BEGUN)
        try:
            self._servers.rebuild(self._id, self._image_id, of_volume=self._root_id is not None)
        except (Denied, NotFound, Refused):
            self._reach(before)
            raise
        self._reach(ACCEPTED)

    def _stage(self) -> str | None:
        return stage_of(standing(self._ctx, self._operation), self._root_id or self._id)

    def _reach(self, stage: str | None) -> None:
        reach(self._ctx, self._operation, self._root_id or self._id, stage)
