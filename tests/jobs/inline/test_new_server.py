"""A restore as a new server: server, disks, ports and addresses come back as they were, and a failure leaves nothing."""

import pytest

from opencbr.cloud.capture import read_server
from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.document import Reading
from opencbr.model.operation_log import OperationLog
from support.fidelity import difference, told
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import JobEnv

SERVER = "db1"


def read(env: JobEnv, server_id: str) -> Reading:
    return read_server(
        env.cloud.reader(),
        server_id=server_id,
        project_id=env.project_id,
        exclude=frozenset(),
        include=frozenset(),
        clock=env.clock,
    )


@pytest.fixture
def ctx(place: JobEnv, clock: WatchedClock) -> JobContext:
    return job_context(place)


def backed_up(env: JobEnv, ctx: JobContext, name: str = SERVER) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(name)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def new_server(log: OperationLog) -> str:
    assert log.status == "success", (log.error_code, log.error_message)
    return str(log.details["target_resource_id"])


def test_a_deleted_server_comes_back_as_it_was(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    before = told(read(env, env.server_id(SERVER)))
    digests = sorted(env.demo.sha256(env.volume_id(f"db1-{name}")) for name in ("root", "data", "archive"))
    env.lose_server(SERVER)
    log = carry_out_inline(env, ctx, env.request_new_server(backup_id))
    server_id = new_server(log)
    assert server_id == env.server_id(SERVER)
    after = told(read(env, server_id))
    # The key pair was the user's, and the new server is the service's: only its name is with the server.
    gone = {key: both for key, both in difference(before, after).items() if key[0] != "keypair"}
    assert gone == {}
    assert len(before) >= 80
    assert (
        sorted(env.demo.sha256(env.volume_id(f"db1-{name}")) for name in ("root", "data", "archive"))
        == digests
    )
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    report = log.details["report"]
    assert report["restored"] > 300
    assert {row["became"] for row in report["not_as_before"]} <= {"impossible", "mapped", "skipped"}
