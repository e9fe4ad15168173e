"""The backup job on the embedded cloud: what it makes, what it leaves, how it ends when the cloud will not."""

from collections.abc import Callable

import pytest
from bench.sizes import is_poll
from sqlalchemy import select

from opencbr.store import installation, tables
from support.job_env import JobEnv, eventually
from support.job_steps import disk_of

pytestmark = pytest.mark.usefixtures("worker")


def test_a_server_backup_has_a_child_for_each_disk_and_leaves_no_snapshot(env: JobEnv) -> None:
    bound = env.bind("db1")
    operation = env.request_backup(bound)
    log = env.succeeded(operation)
    assert log.progress == 100
    top = env.backup(operation.backup_id)
    assert top is not None
    assert top.status == "available"
    assert top.protected_at is not None
    assert top.resource_size == 5
    assert top.extend_info["contain_system_disk"] is True
    disks = env.disks(top.id)
    assert [(d.name, d.position, d.resource_size, d.status) for d in disks] == [
        ("manualbk_0001_db1-root", 0, 1, "available"),
        ("manualbk_0001_db1-data", 1, 1, "available"),
        ("manualbk_0001_db1-archive", 2, 3, "available"),
    ]
    assert [d.extend_info["system_disk"] for d in disks] == [True, False, False]
    assert [d.stored_mb for d in disks] == [1024, 1024, 3072]
    assert {d.is_incremental for d in disks} == {False}
    with env.database.read() as conn:
        installation_id = installation.get(conn, "installation_id")
    cinder_backups = {doc["id"]: doc for doc in env.upstream("backup")}
    for disk in disks:
        cinder_backup = cinder_backups[disk.cinder_backup_id]
        assert cinder_backup["name"] == f"opencbr-{installation_id}-{disk.id}"
        assert cinder_backup["project_id"] == env.project_id
        assert cinder_backup["volume_id"] == disk.resource_id
    env.assert_nothing_left(backups_left=3)
    resource = env.resource(bound)
    assert resource is not None
    assert resource.protect_status == "available"


def test_a_disk_backup_is_its_own_disk(env: JobEnv) -> None:
    operation = env.request_backup(env.bind("db1-data", "disk"))
    env.succeeded(operation)
    backup = env.backup(operation.backup_id)
    assert backup is not None
    assert backup.status == "available"
    assert disk_of(env, backup.id).cinder_backup_id == env.upstream("backup")[0]["id"]
    assert backup.extend_info["progress"] == 100
    assert backup.extend_info["encrypted"] is False
    assert "contain_system_disk" not in backup.extend_info
    assert env.disks(backup.id) == []
    env.assert_nothing_left(backups_left=1)


def test_snapshots_of_all_disks_come_before_the_first_backup(env: JobEnv) -> None:
    env.succeeded(env.request_backup(env.bind("db1")))
    made = [
        row.path.rsplit("/", 1)[1] for row in env.demo.calls.find("volume", "POST", "/(snapshots|backups)$")
    ]
    assert made == ["snapshots"] * 3 + ["backups"] * 3


def test_what_is_being_made_is_asked_for_by_lists_and_looked_at_when_it_has_left_them(env: JobEnv) -> None:
    env.succeeded(env.request_backup(env.bind("db1")))
    looks = [
        row.path.split("/")[-2]
        for row in env.demo.calls.find("volume", "GET", "/(snapshots|backups)/[0-9a-f-]{36}$")
    ]
    assert looks.count("backups") == 3
    assert looks.count("snapshots") <= 9, "made, before the deletion, gone"
    assert {row.query for row in env.demo.calls.find("volume", "GET", "/(snapshots|backups)/detail$")} <= {
        "status=creating",
        "status=deleting",
    }


def test_a_backup_asks_no_more_than_it_used_to(env: JobEnv) -> None:
    env.succeeded(env.request_backup(env.bind("db1")))
    others = [row for row in env.demo.calls.find() if not is_poll(row.method, row.path, row.query)]
    assert 40 < len(others) <= 63


def test_an_excluded_volume_is_left_alone(env: JobEnv) -> None:
    bound = env.bind("db1", exclude=(env.volume_id("db1-archive"),))
    operation = env.request_backup(bound)
    env.succeeded(operation)
    assert [d.resource_name for d in env.disks(operation.backup_id)] == ["db1-root", "db1-data"]


def test_the_second_backup_builds_on_the_first_and_a_full_one_on_nothing(env: JobEnv) -> None:
    bound = env.bind("web1")
    operations = [env.request_backup(bound)]
    env.succeeded(operations[0])
    for incremental in (True, True, False, True):
        operations.append(env.request_backup(bound, incremental=incremental))
        env.succeeded(operations[-1])
    rows = [env.disks(operation.backup_id)[0] for operation in operations]
    assert [row.is_incremental for row in rows] == [False, True, True, False, True]
    assert [row.based_on for row in rows] == [None, rows[0].id, rows[1].id, None, rows[3].id]
    told = {doc["id"]: doc["parent_id"] for doc in env.upstream("backup")}
    for row in rows:
        parent = next((r.cinder_backup_id for r in rows if r.id == row.based_on), None)
        assert told[row.cinder_backup_id] == parent, "what we note is what the cloud did"
    assert rows[1].stored_mb < rows[0].stored_mb


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("gone", ["deleted in the cloud", "in error in the cloud"])
def test_without_a_parent_that_stands_the_backup_is_full(env: JobEnv, gone: str) -> None:
    bound = env.bind("web1")
    first = env.request_backup(bound)
    env.succeeded(first)
    state = env.demo.backend.state
    with state.change():
        for doc in env.upstream("backup"):
            if gone.startswith("deleted"):
                state.drop("backup", doc["id"])
            else:
                state.put("backup", doc | {"status": "error"})
    second = env.request_backup(bound)
    env.succeeded(second)
    (disk,) = env.disks(second.backup_id)
    assert (disk.is_incremental, disk.based_on) == (False, None)


def test_a_parent_that_goes_at_the_last_moment_makes_the_backup_full(env: JobEnv) -> None:
    bound = env.bind("web1")
    env.succeeded(env.request_backup(bound))
    fault = env.demo.faults.inject(service="volume", method="POST", path="/backups$", status=400)
    operation = env.request_backup(bound)
    env.succeeded(operation)
    assert fault.hits == 1
    (disk,) = env.disks(operation.backup_id)
    assert (disk.is_incremental, disk.based_on) == (False, None)


def test_a_server_that_is_gone_fails_and_says_so(env: JobEnv) -> None:
    bound = env.bind("db1")
    env.demo.faults.inject(service="compute", method="GET", path=f"/servers/{bound.id}$", status=404, times=0)
    env.assert_failed_cleanly(env.request_backup(bound), "step capture: ")
    resource = env.resource(bound)
    assert resource is not None
    assert resource.protect_status == "available", "the next backup may try"


def test_a_backup_that_ends_in_error_upstream_tells_cinders_reason(env: JobEnv) -> None:
    bound = env.bind("web1")
    state = env.demo.backend.state
    env.demo.faults.inject(service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", delay_seconds=1.0)
    operation = env.request_backup(bound)

    def spoil() -> bool:
        with state.change():
            for doc in state.all("backup"):
                state.put("backup", doc | {"status": "error", "fail_reason": "the store is full"})
                return True
        return False

    eventually(spoil, "a backup in the cloud")
    log = env.assert_failed_cleanly(operation, "step wait: .*the store is full")
    assert "req-" in log.error_message


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize(
    "call",
    ["POST /snapshots$", "GET /snapshots/.*-", "POST /backups$", "GET /backups/.*-", "DELETE /snapshots/"],
)
def test_a_cancelled_backup_leaves_nothing(env: JobEnv, call: str) -> None:
    method, path = call.split(" ")
    held = env.demo.faults.inject(service="volume", method=method, path=path, delay_seconds=0.7, times=1)
    operation = env.request_backup(env.bind("db1"))
    eventually(lambda: held.hits, f"{call} begins")
    env.cancel(operation)
    log = env.ended(operation)
    if log.status == "success":  # the wish came when only the clean-up was left
        assert method == "DELETE" or path.startswith("/backups/")
        env.assert_nothing_left(backups_left=3)
    else:
        env.assert_failed_cleanly(operation, "cancelled by request")


def test_a_call_that_hangs_does_not_keep_a_cancel_waiting(env: JobEnv) -> None:
    """The job ends within the first of its attempts; it would be asked twice more."""
    held = env.demo.faults.inject(
        service="compute", method="GET", path="/servers/[0-9a-f-]{36}$", held=True, times=0
    )
    operation = env.request_backup(env.bind("db1"))
    eventually(lambda: held.hits, "the first call")
    env.cancel(operation)
    env.assert_failed_cleanly(operation, "step capture: cancelled by request")
    assert held.hits <= 2, "the server is asked for in two ways, each once"


FAULTS: dict[str, Callable[[int], dict[str, object]]] = {
    "500": lambda times: {"status": 500, "times": times},
    "503": lambda times: {"status": 503, "times": times},
    "429": lambda times: {"status": 429, "headers": {"Retry-After": "0"}, "times": times},
    "401": lambda times: {"status": 401, "times": times},
    "no answer": lambda times: {"drop": "before", "times": times},
    "answer lost": lambda times: {"drop": "after", "times": times},
    "garbage": lambda times: {"malformed": True, "times": times},
    "cut off": lambda times: {"truncated": True, "times": times},
}
CALLS = [
    "compute GET /servers/",
    "volume GET /volumes/",
    "volume POST /snapshots$",
    "volume GET /snapshots/[0-9a-f]",
    "volume POST /backups$",
    "volume GET /backups/[0-9a-f-]{36}$",
    "volume GET /export_record",
    "volume DELETE /snapshots/",
]


@pytest.mark.matrix(fast=3)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_answer_anywhere_does_not_hurt(env: JobEnv, call: str, fault: str) -> None:
    service, method, path = call.split(" ")
    struck = env.demo.faults.inject(service=service, method=method, path=path, **FAULTS[fault](1))
    operation = env.request_backup(env.bind("web1"))
    env.succeeded(operation)
    assert struck.hits == 1
    assert len(env.posts("/snapshots$")) == 1 == len(env.posts("/backups$")), "none made twice"
    env.assert_nothing_left(backups_left=1)


def test_a_name_that_no_database_holds_fails_no_job(env: JobEnv) -> None:
    state = env.demo.backend.state
    bound = env.bind("db1")
    with state.change():
        volume = state.find("volume", name="db1-data")
        assert volume is not None
        state.put("volume", volume | {"name": "db1\0data"})
    try:
        operation = env.request_backup(bound)
        env.succeeded(operation)
    finally:
        with state.change():
            state.put("volume", volume)
    assert "db1\ufffddata" in {disk.resource_name for disk in env.disks(operation.backup_id)}


def test_an_operation_that_is_submitted_twice_is_one_job(env: JobEnv) -> None:
    """As when its worker died after it submitted the operation and before it noted that."""
    operation = env.request_backup(env.bind("web1"))
    env.succeeded(operation)
    made = len(env.posts("/backups$"))
    mine = tables.operation_log.c.id == operation.id
    with env.database.write() as conn:
        again = {"status": "waiting", "taken_at": None, "ended_at": None}
        conn.execute(tables.operation_log.update().where(mine).values(**again))

    def taken() -> bool:
        with env.database.read() as conn:
            return conn.execute(select(tables.operation_log.c.taken_at).where(mine)).scalar_one() is not None

    eventually(taken, "the operation is submitted again")
    env.succeeded(env.request_backup(env.bind("db1-data", "disk")))
    assert len(env.posts("/backups$")) == made + 1
