"""Two releases of a program for the tests of rolling upgrades: the newer one has a step and a job type more."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opencbr.clock import SystemClock
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.registry import JobType
from opencbr.jobs.worker import Worker
from opencbr.model.operation_log import OperationLog
from opencbr.records.archive import open_records
from opencbr.store import operation_logs
from opencbr.store.database import Database
from support.job_env import QUICK, open_cloud
from support.processes import Report

GROW, SHRINK, BREAK = "grow", "shrink", "break"
"""A job of both releases, one that the newer has alone, and one that breaks outside of its steps."""


@dataclass(frozen=True)
class Diary:
    """Which worker did which step of which job; the step "water" waits until the file `gate` is there."""

    folder: Path

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    def lines(self) -> list[dict[str, str]]:
        file = self.folder / "diary.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def steps(self, job_id: str) -> list[tuple[str, str]]:
        """The steps of a job that ended, each with its worker."""
        return [(x["step"], x["who"]) for x in self.lines() if x["job"] == job_id and x["phase"] == "end"]

    def begun(self, job_id: str, step: str, who: str) -> bool:
        wanted = {"job": job_id, "step": step, "who": who, "phase": "begin"}
        return wanted in self.lines()

    def write(self, who: str, job_id: str, step: str, phase: str) -> None:
        line = json.dumps({"who": who, "job": job_id, "step": step, "phase": phase}) + "\n"
        file = os.open(self.folder / "diary.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, line.encode())
        os.close(file)


def old_release(diary: Diary, who: str) -> Mapping[str, JobType]:
    return {GROW: _job_type(diary, who, lambda do: [do("sow"), do("water"), do("reap")])}


def new_release(diary: Diary, who: str) -> Mapping[str, JobType]:
    def run(do: Any) -> None:
        if do.job.patched("plough"):
            do("plough")
        do("sow")
        do("water")
        do("reap")

    return {
        GROW: _job_type(diary, who, run),
        SHRINK: _job_type(diary, who, lambda do: [do("water"), do("dry")]),
    }


def careless_release(diary: Diary, who: str) -> Mapping[str, JobType]:
    """Has a step more too, and does not ask whether the job has it."""
    return {GROW: _job_type(diary, who, lambda do: [do("plough"), do("sow"), do("water"), do("reap")])}


def broken_release(diary: Diary, who: str) -> Mapping[str, JobType]:
    def run(_: Any) -> None:
        raise KeyError("before the first step")

    def compensate(*_: Any) -> None:
        raise RuntimeError("this as well")

    real = _job_type(diary, who, run)
    return {
        GROW: real,
        BREAK: JobType(run=real.run, compensate=compensate, cancellable=False, frees=real.frees),
    }


RELEASES = {
    "old": old_release,
    "new": new_release,
    "careless": careless_release,
    "broken": broken_release,
}


def work(report: Report, url: str, folder: Path, identity: str, release: str) -> int:
    """Be a worker of one of these releases until killed."""
    database, clock = Database(url), SystemClock()
    worker = Worker(
        database=database,
        cloud=open_cloud(folder / "clouds.yaml"),
        records=open_records(database, folder / "keys", clock),
        clock=clock,
        settings=QUICK,
        job_types=RELEASES[release](Diary(folder), identity),
        identity=identity,
    )
    worker.start()
    report("up")
    while True:
        time.sleep(60)


def _job_type(diary: Diary, who: str, steps: Callable[[Any], Any]) -> JobType:
    class Do:
        def __init__(self, job: Job) -> None:
            self.job = job

        def __call__(self, step: str) -> None:
            def work() -> None:
                diary.write(who, self.job.id, step, "begin")
                while step == "water" and not diary.gate.exists():
                    time.sleep(0.05)
                diary.write(who, self.job.id, step, "end")

            self.job.step(step, work)

    def run(job: Job, ctx: JobContext, operation: OperationLog) -> None:
        steps(Do(job))
        with ctx.database.write() as conn:
            operation_logs.finish(conn, operation.id, "success", now=ctx.clock.now())

    def compensate(job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled) -> None:
        Do(job)("compensate")

    def frees(ctx: JobContext, conn: Any, operation: OperationLog) -> None:
        diary.write(who, operation.id, "free", "end")

    return JobType(run=run, compensate=compensate, cancellable=True, frees=frees)
