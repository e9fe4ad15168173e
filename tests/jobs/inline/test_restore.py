"""A restore in place: the bytes, and that the server is given back as it was, whatever came of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from opencbr.cloud.errors import CloudError
from opencbr.democloud.state import Doc
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import NOTES, OperationLog
from support.inline_job import HurriedClock, carry_out_inline, job_context
from support.job_env import QUICK, JobEnv


@dataclass
class Scene:
    """A server of the cloud with its disks backed up, and everything as the cloud has it at the beginning."""

    env: JobEnv
    ctx: JobContext
    server_id: str
    backup_id: str
    kept: list[tuple[str, Doc]]

    @property
    def server(self) -> Doc:
        return self.doc("server", self.server_id)

    @property
    def volumes(self) -> list[str]:
        """The volumes in the order of their devices."""
        rows = sorted(self.attachments(), key=lambda row: row["device"])
        return [row["volume_id"] for row in rows]

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
        rows = self.env.upstream("attachment")
        return [row for row in rows if row["server_id"] == self.server_id]

    def how_it_is(self) -> Any:
        """What a restore must give back: power, lock, and each disk's place on the server."""
        places = [
            {k: row[k] for k in ("volume_id", "device", "tag", "delete_on_termination", "status")}
            for row in sorted(self.attachments(), key=lambda row: row["device"])
        ]
        server = {k: self.server[k] for k in ("status", "task_state", "locked", "locked_reason")}
        return server, places, [self.doc("volume", volume)["status"] for volume in self.volumes]

    def digests(self) -> dict[str, str]:
        return {volume: self.env.demo.sha256(volume) for volume in self.volumes}

    def overwrite(self) -> dict[str, str]:
        """Spoil every disk; the digests before that."""
        before = self.digests()
        for volume in self.volumes:
            self.env.demo.write(volume, b"spoilt" * 1000, offset=1 << 20)
        assert not set(before.values()) & set(self.digests().values())
        return before

    def run(self, operation: OperationLog) -> OperationLog:
        return carry_out_inline(self.env, self.ctx, operation)

    def restore(self, volumes: Any = (), **choice: Any) -> OperationLog:
        return self.run(self.env.request_restore(self.backup_id, volumes, **choice))

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
    return Scene(env, ctx, env.server_id(name), log.backup_id or "", kept)


@pytest.fixture
def scene(env: JobEnv) -> Iterator[Scene]:
    scene = scene_of(env, "db1")
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


def test_every_disk_has_the_bytes_of_its_backup_again(scene: Scene) -> None:
    before, was = scene.overwrite(), scene.how_it_is()
    log = scene.restore()
    assert (log.status, log.error_message, log.progress) == ("success", "", 100)
    assert scene.digests() == before
    assert scene.how_it_is() == was
    scene.rows_at_rest()
