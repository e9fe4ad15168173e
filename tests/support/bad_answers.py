"""Bad answers to upstream calls, and jobs that meet them: run in the test's thread, on clocks whose pauses cost nothing."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import requests
from requests import PreparedRequest, Response

from opencbr.cloud.adapter import BoundedAdapter
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud.call_log import RecordedCall
from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.faults import Fault
from opencbr.democloud.timing import Timing
from opencbr.jobs.context import JobContext
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from opencbr.store import installation

from .databases import Databases
from .inline_job import HurriedClock, carry_out_inline
from .job_env import QUICK, JobEnv

_TIME_OUT = "time-out"
"""Carried out, and nothing is heard of it: as a lost answer, but the caller has to find that out."""

FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "401": {"status": 401},
    "no answer": {"drop": "before"},
    "answer lost": {"drop": "after"},
    _TIME_OUT: {"drop": "after"},
    "garbage": {"malformed": True},
}
LASTING = FAULTS | {"403": {"status": 403}}
"""What may stay: nobody is refused for a moment."""
VANISHED = "vanished"
"""What the call is about is gone from then on; a call about nothing that could be has one 404."""
FOR_GOOD = ("403", "503", "answer lost")
"""Of those a refusal, a trouble and a silence: what one job after the other is tried with."""

_FIELDS = LASTING | {VANISHED: {"vanish": True, "status": 404}}

_ID = "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"


@dataclass(frozen=True, order=True)
class Call:
    """One kind of upstream call: ids in the path stand for any."""

    service: str
    method: str
    path: str

    @property
    def discovers(self) -> bool:
        return re.fullmatch(r"(/v[0-9.]+)?/?", self.path) is not None

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"

    @property
    def pattern(self) -> str:
        return "^" + _ID.join(re.escape(part) for part in self.path.split("@")) + "$"


class Runner:
    """The env, and jobs run at once on a new sign-in each, so that identity and discovery are asked too."""

    def __init__(self, env: JobEnv) -> None:
        self.env = env
        self.sets_volume_status: bool | None = None
        self.times_out = False
        self.clock = HurriedClock(env.demo)
        with env.database.write() as conn:
            self._installation = installation.installation_id(conn)

    def run(self, operation: OperationLog) -> OperationLog:
        wanted = CloudSettings(
            cloud="opencbr",
            config_files=(str(self.env.clouds_file),),
            timeout_seconds=60,  # no call of these tests is to be given up by the clock
            retries=2,
            connections=4,
            sets_volume_status=self.sets_volume_status,
        )
        cloud = Cloud(wanted, self.clock)
        try:
            with _timing_out() if self.times_out else nullcontext():
                return carry_out_inline(self.env, self.ctx(cloud), operation)
        finally:
            cloud.close()

    def ctx(self, cloud: Cloud) -> JobContext:
        return JobContext(
            database=self.env.database,
            cloud=cloud,
            records=self.env.records,
            clock=self.clock,
            settings=msgspec.structs.replace(QUICK, poll_seconds=1.0),
            installation=self._installation,
            guard=lambda: None,
        )

    def bind(self) -> Resource:
        """The richest server of the scene, with one of its disks: more would be more of the same calls."""
        others = tuple(self.env.volume_id(name) for name in ("db1-data", "db1-archive"))
        return self.env.bind("db1", exclude=others)

    def backup(self) -> OperationLog:
        return self.run(self.env.request_backup(self.bind()))

    def report(self, log: OperationLog) -> Any:
        return self.env.records.report(log.project_id, log.backup_id or "")

    def calls_of(self, work: Callable[[], object]) -> set[Call]:
        self.env.demo.calls.clear()
        work()
        return {_kind(seen) for seen in self.env.demo.calls.find()}

    def calls_of_job(self, requested: Callable[["Runner"], OperationLog]) -> list[Call]:
        """Run a job as it is asked for, and forget all of it; the calls that the job has made."""
        with self.env.cloud_kept():
            operation = requested(self)
            found = self.calls_of(lambda: self.run(operation))
        self.env.clear()
        return sorted(found)


@contextmanager
def _timing_out() -> Iterator[None]:
    """Let an answer that never comes be waited for in no time: what was a lost connection is the time-out of a read."""
    send = BoundedAdapter.send

    def late(self: BoundedAdapter, request: PreparedRequest, **more: Any) -> Response:
        try:
            return send(self, request, **more)
        except requests.ConnectionError as error:
            raise requests.ReadTimeout("no answer in time", request=request) from error

    with mock.patch.object(BoundedAdapter, "send", late):
        yield


def _kind(seen: RecordedCall) -> Call:
    return Call(seen.service, seen.method, re.sub(_ID, "@", seen.path))


@contextmanager
def opened_runner(kind: str, folder: Path, databases: Databases) -> Iterator[Runner]:
    """Open a cloud that has ended each piece of work before it answers, and an env on it."""
    with (
        DemoCloud(folder / "cloud", timing=Timing.instant()) as cloud,
        databases.fresh(kind, folder) as url,
    ):
        env = JobEnv(url, folder, cloud)
        yield Runner(env)
        env.close()


def faults_in(log: OperationLog, call: Call, fault: str, gone: Sequence[str] = ()) -> list[str]:
    """What is wrong with a failed job's log: it names step, cause and, where there was one, the request.

    The cause may be one of the `gone`, the ids of what has vanished: a look of ours has missed it then, and no call failed.
    """
    message = log.error_message
    wrong = []
    if not re.match(r"step [a-z]+( [0-9a-f-]{36})?: ", message):
        wrong.append("no step")
    if any(one in message for one in gone):
        return wrong
    cause = rf"\b{call.service} " if call.discovers else rf"\b{call.service} {call.method} "
    if fault == VANISHED:  # another call may be the first that misses it
        cause = r"\b[a-z]+ (GET|POST|PUT|PATCH|DELETE) /"
    if not re.search(cause, message):
        wrong.append("no cause")
    # The library that looks for versions keeps no request id of an answer it cannot use.
    if "status" in _FIELDS[fault] and "req-" not in message and not call.discovers:
        wrong.append("no request id")
    return wrong


def is_refusal_of_the_service(call: Call, fault: str) -> bool:
    """Say whether Keystone refuses the service's own password: no bad end, a job waits for the right one."""
    return (call.service, call.method) == ("identity", "POST") and fault in ("401", "403")


def would_lie(call: Call, fault: str) -> bool:
    """Say whether the answer would be untrue: what a call names otherwise than by its id (a key pair) does not vanish."""
    return fault == VANISHED and call.method == "DELETE" and "@" not in call.path


def strike(runner: Runner, call: Call, fault: str, times: int) -> Fault:
    runner.times_out = fault == _TIME_OUT
    return runner.env.demo.faults.inject(
        service=call.service, method=call.method, path=call.pattern, times=times, **_FIELDS[fault]
    )


def strike_each(runner: Runner, calls: list[Call], fault: str) -> list[Fault]:
    """Answer each of the calls badly once; a refusal of the service's own sign-in has tests of its own."""
    return [strike(runner, call, fault, 1) for call in calls if (call.service, fault) != ("identity", "401")]


def never_met(struck: list[Fault]) -> list[str]:
    """Name the calls that were to be answered badly and were not made.

    Whether cinder-backup is up is asked without patience: what strikes the sign-in or the discovery hides that call.
    """
    return [fault.path for fault in struck if not fault.hits and "services" not in fault.path]


def strike_for_good(runner: Runner, call: Call, fault: str) -> Fault:
    """As long as the job runs; where it would wait for an operator, for longer than it is patient with anything else."""
    if fault == VANISHED:
        return strike(runner, call, fault, 1)
    return strike(runner, call, fault, 50 if is_refusal_of_the_service(call, fault) else 0)


def waited(log: OperationLog, call: Call, fault: str) -> list[str]:
    """Say what is wrong with a job that should have waited for the service's password."""
    refused = is_refusal_of_the_service(call, fault)
    return [f"it did not wait: {log.status}"] if refused and log.status != "success" else []
