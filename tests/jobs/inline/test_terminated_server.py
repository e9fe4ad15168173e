"""A server deleted during its backup: a disk that should have gone with it and could not is told of, and stays."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from opencbr.democloud import DemoCloud, Timing
from opencbr.democloud.compute.servers import deleted
from opencbr.model.operation_log import NOTES
from support.databases import Databases
from support.inline_job import HurriedClock, carry_out_inline, job_context
from support.job_env import JobEnv, empty_env


class DeletingClock(HurriedClock):
    """Deletes the server once a snapshot of it stands."""

    env: JobEnv
    server_id: str

    def now(self) -> datetime:
        # Each look at the clock will do: a job that finds its snapshots ready at once never sleeps.
        if self.env.upstream("snapshot"):
            deleted(self.env.demo.backend, {"server": self.server_id})
        return super().now()


@pytest.mark.parametrize("with_server", [True, False])
@pytest.mark.parametrize("end", ["success", "failed"])
def test_a_disk_that_our_snapshot_has_kept_is_told_of(
    tmp_path: Path, databases: Databases, end: str, *, with_server: bool
) -> None:
    timing = Timing(seconds=0.05, backup_seconds=0.1, seconds_per_gib=0.0)
    with (
        DemoCloud(tmp_path / "cloud", timing=timing) as demo,
        empty_env("sqlite", tmp_path, demo, databases) as env,
    ):
        state = demo.backend.state
        bound = env.bind("web1")
        with state.change():
            (held,) = [one for one in state.all("attachment") if one["server_id"] == bound.id]
            state.put("attachment", held | {"delete_on_termination": with_server})
        if end == "failed":
            demo.faults.inject(service="volume", method="POST", path="/backups$", status=409, times=0)
        clock = DeletingClock(demo)
        clock.env, clock.server_id = env, bound.id
        log = carry_out_inline(env, replace(job_context(env), clock=clock), env.request_backup(bound))
        assert log.status == end, log.error_message
        told = [one for one in log.details.get(NOTES, ()) if held["volume_id"] in one]
        assert len(told) == int(with_server)
        assert state.get("volume", held["volume_id"])["status"] == "available"
        assert env.upstream("snapshot") == []
