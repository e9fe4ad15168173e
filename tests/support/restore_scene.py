"""A server of the embedded cloud that is backed up, restored in place and looked at, by jobs in the test's own thread."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from opencbr.democloud.state import Doc
from opencbr.jobs.context import JobContext
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import RESTORE_UNDO, OperationLog
from opencbr.service.late_cancellations import LateCancellations
from opencbr.store import operation_logs

from .inline_job import carry_out_inline, job_context
from .job_env import JobEnv
from .places import Places, attachments, how_it_is, spoil


@dataclass
class Scene:
    """A server of the cloud with its disks backed up, and everything as the cloud has it at the beginning."""

    env: JobEnv
    ctx: JobContext
    name: str
    server_id: str
    backup_id: str
    kept: list[tuple[str, Doc]]

    @property
    def server(self) -> Doc:
        return self.doc("server", self.server_id)

    @property
    def volumes(self) -> list[str]:
        """The volumes in the sequence of their devices."""
        return [row["volume_id"] for row in self.attachments()]

    def doc(self, kind: str, id_: str) -> Doc:
        with self.env.demo.backend.state.change():
            found = self.env.demo.backend.state.get(kind, id_)
        assert found is not None
        return found

    def change(self, kind: str, id_: str, **changes: Any) -> None:
        state = self.env.demo.backend.state
        with state.change():
            state.put(kind, state.get(kind, id_) | changes)

    def attachments(self) -> list[Doc]:
        return attachments(self.env, self.name)

    def how_it_is(self) -> Places:
        return how_it_is(self.env, self.name)

    def digests(self) -> dict[str, str]:
        return {volume: self.env.demo.sha256(volume) for volume in self.volumes}

    def overwrite(self) -> dict[str, str]:
        """Spoil every disk; the digests before that."""
        return spoil(self.env, self.name)

    def run(self, operation: OperationLog) -> OperationLog:
        return carry_out_inline(self.env, self.ctx, operation)

    def restore(self, volumes: Any = (), **choice: Any) -> OperationLog:
        return self.run(self.env.request_restore(self.backup_id, volumes, **choice))

    def undo(self, restore: OperationLog) -> OperationLog:
        return self.run(self.env.request_undo(restore))

    def undone_late(self) -> OperationLog:
        """Have a worker's duty look for what was cancelled too late, twice; carry out the one undoing that it asks for."""
        for _ in range(2):
            LateCancellations(self.env.database, self.env.cloud, self.ctx.clock, self.ctx.settings).look()
        with self.env.database.read() as conn:
            (undoing,) = operation_logs.waiting(conn, 10)
        assert undoing.operation_type == RESTORE_UNDO
        return self.run(undoing)

    def refused(self, volumes: Any = (), **choice: Any) -> str:
        with pytest.raises(CbrError) as caught:
            self.env.request_restore(self.backup_id, volumes, **choice)
        return caught.value.code

    def rows_at_rest(self) -> None:
        backup = self.env.backup(self.backup_id)
        assert backup is not None
        assert backup.status == "available"
        assert {disk.status for disk in self.env.disks(self.backup_id)} <= {"available"}
        with self.env.database.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM restore_target").scalar_one() == 0
            busy = "SELECT count(*) FROM resource WHERE protect_status <> 'available'"
            assert conn.exec_driver_sql(busy).scalar_one() == 0


def scene_of(env: JobEnv, name: str) -> Scene:
    ctx = job_context(env)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(name)))
    assert log.status == "success", log.error_message
    with env.demo.backend.state.change():
        kept = [
            (kind, doc)
            for kind in ("server", "volume", "attachment")
            for doc in env.demo.backend.state.all(kind, env.project_id)
        ]
    return Scene(env, ctx, name, env.server_id(name), log.backup_id or "", kept)


@contextmanager
def opened_scene(env: JobEnv, name: str) -> Iterator[Scene]:
    """A scene; afterwards the cloud has its servers and volumes as they were."""
    scene = scene_of(env, name)
    yield scene
    env.demo.faults.clear()
    env.demo.backend.failures.clear()
    env.demo.settle()
    state = env.demo.backend.state
    with state.change():
        for kind in ("server", "volume", "attachment"):
            for doc in list(state.all(kind, env.project_id)):
                state.drop(kind, doc["id"])
        for kind, doc in scene.kept:
            state.put(kind, doc)
            if kind == "volume":
                os.truncate(env.demo.backend.disks.file(doc["id"]), doc["size"] << 30)
