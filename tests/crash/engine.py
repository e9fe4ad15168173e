"""A worker that does five dumb steps and writes down where each begins and ends: what the engine tests kill and freeze."""

import json
import os
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from opencbr.clock import SystemClock
from opencbr.jobs.engine.dbos import DbosEngine
from opencbr.jobs.engine.duty import Duties
from opencbr.jobs.engine.lease import Lease
from opencbr.jobs.engine.outbox import Outbox
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.engine.retention import Retention
from opencbr.model.operation_log import BACKUP
from opencbr.store import operation_logs
from opencbr.store.database import Database
from support.processes import Report

STEPS = ("snapshot", "back_up", "record", "cleanup", "finish")


def work(told: Report, url: str, me: str, lease_seconds: float, folder: Path) -> int:
    """Work until killed; the step "back_up" lasts until the file `gate` is there."""
    database, clock, gate = Database(url), SystemClock(), folder / "gate"
    log = os.open(folder / "log.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def tell(job: str, step: str, phase: str) -> None:
        line = json.dumps({"who": me, "job": job, "step": step, "phase": phase}) + "\n"
        os.write(log, line.encode())

    def do(job: Job, step: str) -> None:
        tell(job.id, step, "begin")
        while step == "back_up" and not gate.exists():
            with database.read() as conn:
                if operation_logs.cancel_requested(conn, job.id):
                    raise Cancelled
            time.sleep(0.05)
        tell(job.id, step, "end")

    def run(job: Job) -> None:
        try:
            for step in STEPS:
                job.step(step, lambda step=step: do(job, step))
            tell(job.id, "job", "end")
        except (Cancelled, StepFailed):
            job.step("compensate", lambda: do(job, "compensate"))
            tell(job.id, "job", "undone")

    engine = DbosEngine(url, owner=me, kinds=[BACKUP], slots=8, sleep=clock.sleep, looks_per_second=20.0)
    lease = Lease(database, engine, worker_id=me, seconds=lease_seconds)
    lease.open()
    engine.start(run)
    outbox = Outbox(database, engine, clock, [BACKUP])
    Duties(database, [lease.duty(), outbox.duty(0.1)], worker_id=me, lease_seconds=lease_seconds).start()
    told("up")
    lease.lost.wait()
    tell("-", "worker", "lost")
    threading.Event().wait()
    return 0


class _Later(SystemClock):
    """Ten years from now."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=3660)


def prune(told: Report, url: str) -> int:
    """Do what the retention of ended work does in ten years, once."""
    database = Database(url)
    engine = DbosEngine(url, owner="pruner", kinds=["none"], slots=1, sleep=time.sleep, looks_per_second=1.0)
    engine.start(lambda _job: None)
    again = Retention(database, engine, _Later(), journal_days=7, log_days=366).run()
    engine.stop(0.0)
    told("more" if again else "up")
    return 0
