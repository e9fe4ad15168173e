"""Objects of a kind that only this test knows: any number for a job, made once, removed by the ledger."""

from dataclasses import dataclass, field, replace

import msgspec
import pytest

from opencbr.cloud.cloud import UpstreamObject
from opencbr.cloud.errors import NotFound
from opencbr.jobs.compensation import compensate
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job, Lost, StepFailed
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.jobs.upstream.kinds import KINDS, Kind, State
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.removal import Outcome, remove
from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.store import ledger, operation_logs
from opencbr.store.ledger import Entry
from support.inline_job import job_context, run_inline
from support.job_env import JobEnv

KEYS = ("eth0", "eth1")


@dataclass
class Ports:
    """A cloud's ports, id -> name, and how often each call came."""

    there: dict[str, str] = field(default_factory=dict)
    looks: int = 0
    made: int = 0

    def create(self, name: str) -> str:
        self.made += 1
        port_id = f"port-{self.made}"
        self.there[port_id] = name
        return port_id

    def find(self, _project: object, entry: Entry) -> str | None:
        return next((port_id for port_id, name in self.there.items() if name == entry.name), None)

    def look(self, _project: object, port_id: str) -> State:
        self.looks += 1
        if port_id not in self.there:
            raise NotFound(service="network", method="GET", path=f"/ports/{port_id}", status=404)
        return State("ACTIVE")

    def delete(self, _project: object, port_id: str) -> None:
        del self.there[port_id]

    def list(self, _reader: object, prefix: str) -> list[UpstreamObject]:
        return [
            UpstreamObject(
                kind="port", id=port_id, name=name, project_id="", status="ACTIVE", created_at="", size_gb=0
            )
            for port_id, name in self.there.items()
            if name.startswith(prefix)
        ]


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Ports:
    ports = Ports()
    kind = Kind(
        find=ports.find,
        look=ports.look,
        delete=ports.delete,
        list=ports.list,
        in_status=lambda _project, _status: {},
        moving=frozenset(),
        lasting=False,
    )
    monkeypatch.setitem(KINDS, "port", kind)
    return ports


@pytest.fixture
def ctx(env: JobEnv) -> JobContext:
    return job_context(env)


def two_operations_on_one_backup(env: JobEnv) -> tuple[OperationLog, OperationLog]:
    first = env.request_backup(env.bind("web1"))
    second = replace(first, id=new_id(env.clock.now()))
    with env.database.write() as conn:
        operation_logs.insert(conn, second)
    return first, second


def make_ports(ports: Ports, ctx: JobContext, operation: OperationLog) -> list[str]:
    entries = [planned(ctx, operation, "port", key, backup_id=operation.backup_id) for key in KEYS]
    return [make(ctx, entry, lambda name=entry.name: ports.create(name)) for entry in entries]  # type: ignore[misc]


def test_two_jobs_on_one_backup_make_two_ports_each(env: JobEnv, ctx: JobContext, ports: Ports) -> None:
    operations = two_operations_on_one_backup(env)
    made = [port for operation in operations for port in make_ports(ports, ctx, operation)]
    assert len(set(made)) == 4 == len(set(ports.there.values()))
    assert {entry.upstream_id for entry in env.ledger()} == set(made)
    again = [port for operation in operations for port in make_ports(ports, ctx, operation)]
    assert (again, ports.made) == (made, 4), "a repeated step finds its own"


def test_a_port_made_by_a_worker_that_died_is_found_by_its_name(
    env: JobEnv, ctx: JobContext, ports: Ports
) -> None:
    operation, _ = two_operations_on_one_backup(env)
    plans = [planned(ctx, operation, "port", key) for key in KEYS]
    with env.database.write() as conn:
        for plan in plans:
            ledger.plan(conn, plan)
    lost = [ports.create(plan.name) for plan in plans]
    assert make_ports(ports, ctx, operation) == lost


def test_a_job_that_fails_takes_its_own_ports_along_and_no_others(
    env: JobEnv, ctx: JobContext, ports: Ports
) -> None:
    failing, other = two_operations_on_one_backup(env)
    kept = make_ports(ports, ctx, other)
    straightened: list[str] = []

    def run(job: Job, ctx: JobContext, operation: OperationLog) -> None:
        job.step("ports", lambda: make_ports(ports, ctx, operation))
        end = StepFailed("server", "9910", "no host has room")
        compensate(job, ctx, operation, end, lambda _ctx, _conn, log: straightened.append(log.id))

    run_inline(run, ctx, failing)
    assert sorted(ports.there) == sorted(kept)
    assert {entry.operation_log_id for entry in env.ledger()} == {other.id}
    log = env.log(failing)
    assert (log.status, log.error_message) == ("failed", "step server: no host has room")
    assert straightened == [failing.id]


def test_the_janitor_knows_a_port_whose_job_has_ended(env: JobEnv, ctx: JobContext, ports: Ports) -> None:
    operation, _ = two_operations_on_one_backup(env)
    make_ports(ports, ctx, operation)
    ports.create("somebody else's")
    assert take_stock(env.database, env.cloud).orphans == ()
    with env.database.write() as conn:
        operation_logs.finish(conn, operation.id, "success", now=env.clock.now())
    orphans = take_stock(env.database, env.cloud).orphans
    assert [(o.kind, o.why) for o in orphans] == [("port", "the job that made it has ended")] * 2


def test_an_object_of_an_unknown_kind_stays_in_the_ledger(
    env: JobEnv, ctx: JobContext, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a newer worker made it and an older one removes what its job left."""
    operation, _ = two_operations_on_one_backup(env)
    make_ports(ports, ctx, operation)
    monkeypatch.delitem(KINDS, "port")
    done = remove(ctx, env.ledger())
    assert [(one.outcome, "does not know its kind" in one.reason) for one in done] == [
        (Outcome.STUCK, True)
    ] * 2
    assert len(env.ledger()) == 2


@pytest.mark.parametrize("status", ["deleting", "BUILD"])
def test_what_stays_is_given_up_when_time_is_up_and_the_others_go(
    env: JobEnv, ctx: JobContext, ports: Ports, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """What is being deleted is waited for as long as a deletion may take, what is being made a minute at most."""
    ctx = replace(ctx, settings=msgspec.structs.replace(ctx.settings, release_timeout_seconds=600.0))
    operation, _ = two_operations_on_one_backup(env)
    stuck, _ = make_ports(ports, ctx, operation)
    look = KINDS["port"].look
    kind = replace(
        KINDS["port"],
        moving=frozenset({"BUILD"}),
        look=lambda of, port: State(status) if port == stuck else look(of, port),
    )
    monkeypatch.setitem(KINDS, "port", kind)
    began = ctx.clock.now()
    done = remove(ctx, env.ledger())
    reason = "it was still there when time was up" if status == "deleting" else "it was still BUILD"
    assert {(one.outcome, one.reason) for one in done} == {(Outcome.STUCK, reason), (Outcome.GONE, "")}
    assert [*ports.there] == [stuck]
    assert [entry.upstream_id for entry in env.ledger()] == [stuck]
    waited = (ctx.clock.now() - began).total_seconds()
    least, most = (600, 640) if status == "deleting" else (60, 70)
    assert least < waited < most, waited


@pytest.mark.parametrize("twin", [False, True], ids=["the object", "a second one of its name"])
def test_a_worker_that_was_declared_dead_after_its_look_deletes_nothing(
    env: JobEnv, ctx: JobContext, ports: Ports, *, twin: bool
) -> None:
    operation, _ = two_operations_on_one_backup(env)
    first, _ = make_ports(ports, ctx, operation)
    entry = next(one for one in env.ledger() if one.upstream_id == first)
    if twin:
        ports.there["port-twin"] = ports.there.pop(first)
    before = dict(ports.there)

    def guard() -> None:
        if ports.looks:
            raise Lost

    with pytest.raises(Lost):
        remove(replace(ctx, guard=guard), [entry])
    assert ports.there == before
