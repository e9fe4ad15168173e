"""A shelved server: backed up where Cinder takes snapshots of its disks, else told what to do."""

from collections.abc import Iterator

import pytest

from opencbr.model.operation_log import OperationLog
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv


@pytest.fixture(params=["SHELVED", "SHELVED_OFFLOADED"])
def shelved(request: pytest.FixtureRequest, env: JobEnv) -> Iterator[str]:
    state, server_id = env.demo.backend.state, env.server_id("web1")
    before = state.get("server", server_id)
    with state.change():
        state.put("server", before | {"status": request.param})
    yield server_id
    with state.change():
        state.put("server", before)


def back_up(env: JobEnv) -> OperationLog:
    return carry_out_inline(env, job_context(env), env.request_backup(env.bind("web1")))


def test_a_shelved_server_whose_disks_are_in_use_is_backed_up(env: JobEnv, shelved: str) -> None:
    log = back_up(env)
    assert (log.status, log.error_message) == ("success", "")
    env.assert_nothing_left(backups_left=1)


def test_one_whose_disk_is_reserved_is_told_of_unshelving(env: JobEnv, shelved: str) -> None:
    state = env.demo.backend.state
    (held,) = [one for one in state.all("attachment") if one["server_id"] == shelved]
    before = state.get("volume", held["volume_id"])
    with state.change():
        state.put("volume", before | {"status": "reserved"})
    log = back_up(env)
    with state.change():
        state.put("volume", before)
    assert (log.status, log.error_code) == ("failed", "7003")
    assert "unshelve the server" in log.error_message
    env.assert_nothing_left()
