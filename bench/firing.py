"""A policy is due for a thousand servers at one minute: two workers, one of them killed in the middle, another in its place.

The embedded cloud takes so long for each backup that the machine is mostly idle: what is measured is the cap, not the CPU.
`--servers`, `--cap` and `--seconds` (of a backup in the cloud) make it smaller. All is asked of the database and the cloud in
the end: how many backups were under way at once, whether each server was backed up once, how long it took beside the work of the
cloud divided by the cap, the calls of a server, and the most memory that a worker had.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from sqlalchemy import func, select
from tests.support.many_servers import make_servers

from bench.api_server import PROGRAM, configure, run
from bench.load import free_port
from opencbr.clock import SystemClock
from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from opencbr.model.ids import new_id
from opencbr.model.operation_log import BACKUP
from opencbr.model.policy import Policy
from opencbr.model.policy_run import SUCCESS
from opencbr.model.vault import SERVER, Resource, Vault
from opencbr.store import policies, resources, tables, vault_policies, vaults
from opencbr.store.database import Database

SERVERS, CAP, SECONDS, SHORT = 1000, 32, 60.0, 1.0
"""`SECONDS` for a backup in the cloud; `SHORT` for a snapshot and for its removal."""
IN_A_VAULT = 250
RATIO = 1.2
SHARED = {"networks": r"/networks/", "subnets": r"/subnets/", "groups": r"/security-groups/", "flavors": r"/flavors/", "types": r"/types/"}  # fmt: skip
"""What the servers have in common: it is to be read once a minute, not once a server."""


@dataclass(frozen=True)
class Size:
    """How much there is to do."""

    servers: int = SERVERS
    cap: int = CAP
    seconds: float = SECONDS

    @property
    def shortest(self) -> float:
        """The seconds that the cloud's own work takes, so many at once."""
        return (self.seconds + 2 * SHORT) * self.servers / self.cap

    @property
    def patience(self) -> float:
        """The seconds after which something is wrong."""
        return 4 * self.shortest + 600


def main(size: Size = Size()) -> list[str]:
    timing = Timing(seconds=SHORT, backup_seconds=size.seconds, seconds_per_gib=0.0)
    with tempfile.TemporaryDirectory() as name, DemoCloud(Path(name) / "cloud", timing=timing) as cloud:
        folder = Path(name)
        clouds_file = folder / "clouds.yaml"
        clouds_file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        more = f"[schedule]\nbackups_at_once = {size.cap}\n"
        config = configure(folder, cloud="opencbr", clouds_file=str(clouds_file), port=free_port(), more=more)
        run(config, "db", "upgrade")
        database = Database(f"sqlite:///{folder}/opencbr.db")
        try:
            protect(database, cloud, make_servers(cloud, size.servers))
            cloud.calls.clear()
            with workers(config) as two:
                watched = Watched(database, cloud)
                watched.until(size.servers * 2 // 5, two, size.patience)
                peaks = [peak(one) for one in two]
                two[0].send_signal(signal.SIGKILL)
                two[0].wait()
                two[0] = start(config)
                watched.until(size.servers, two, size.patience)
                peaks += [peak(one) for one in two]
                watched.weigh(two)
            return told(size, database, cloud, watched, max(peaks))
        finally:
            database.dispose()


def told(size: Size, database: Database, cloud: DemoCloud, watched: "Watched", memory: float) -> list[str]:
    run_, log, disk = tables.policy_run.c, tables.operation_log.c, tables.backup.c
    with database.read() as conn:
        runs = conn.execute(select(run_.resource_id, run_.status)).all()
        # Not `created_at`, the moment of the scheduler's look: a backup may have ended between that and the order.
        spans = conn.execute(select(log.started_at, log.ended_at).where(log.operation_type == BACKUP)).all()
        ordered = conn.execute(
            select(func.min(log.created_at)).where(log.operation_type == BACKUP)
        ).scalar_one()
        rows = conn.execute(select(func.count()).where(disk.parent_id.is_not(None))).scalar_one()
    with cloud.backend.state.change():
        made = Counter(one["volume_id"] for one in cloud.backend.state.all("backup"))
    once = {resource_id for resource_id, status in runs if status == SUCCESS}
    lost, doubled = size.servers - len(made), sum(count > 1 for count in made.values())
    took = (max(end for _, end in spans) - ordered).total_seconds()
    calls = cloud.calls.find()
    shared = Counter(
        kind
        for call in calls
        for kind, path in SHARED.items()
        if call.method == "GET" and re.search(path, call.path)
    )
    most = at_once([(begin, end) for begin, end in spans])
    good = (
        max(most, watched.most) <= size.cap
        and lost == doubled == 0
        and len(once) == len(runs) == size.servers == rows
    )
    return [
        f"{size.servers} servers, cap {size.cap}, {len(runs)} runs, {len(once)} of them succeeded, {len(spans)} backups asked for",
        f"at once: {most} by the database, {watched.most} seen in the cloud; lost {lost}, doubled {doubled}: {'as it should be' if good else 'WRONG'}",
        f"makespan {took:.0f} s, work / cap {size.shortest:.0f} s, ratio {took / size.shortest:.2f} ({'within' if took / size.shortest <= RATIO else 'NOT within'} {RATIO})",
        f"CPU that all of it took: {watched.busy:.0%} of the machine's{'' if watched.busy < 0.5 else ': over half, make the cloud slower (--seconds)'}",
        f"calls a server: {len(calls) / size.servers:.1f}; of what they share, in all: {', '.join(f'{kind} {shared[kind]}' for kind in SHARED)}",
        f"memory of a worker at most: {memory:.0f} MiB",
    ]


class Watched:
    """What goes on, looked at once a second."""

    def __init__(self, database: Database, cloud: DemoCloud) -> None:
        self._database, self._cloud = database, cloud
        self._began, self._cpu_before = time.monotonic(), cpu_seconds()
        self.most = 0
        """Cinder backups that were being made at once."""
        self.busy = 0.0
        """The share of the machine's time that this process, which is the cloud too, and the workers have had."""

    def until(self, ended: int, two: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
        """Wait until so many runs have ended. Raises RuntimeError when that takes longer, or a worker ends."""
        deadline, run_ = time.monotonic() + seconds, tables.policy_run.c
        while True:
            with self._database.read() as conn:
                count = conn.execute(select(func.count()).where(run_.ended_at.is_not(None))).scalar_one()
            making = [one for one in self._cloud.backend.work.unfinished() if one["name"] == "backup.created"]
            self.most = max(self.most, len(making))
            print(f"\r{count} runs have ended", end="", file=sys.stderr, flush=True)
            if count >= ended:
                print(file=sys.stderr)
                return
            if time.monotonic() > deadline or any(one.poll() is not None for one in two):
                raise RuntimeError(f"only {count} of {ended} runs have ended, or a worker has")
            time.sleep(1)

    def weigh(self, workers: Sequence[subprocess.Popen[bytes]]) -> None:
        """Take the sum, before the workers are ended."""
        passed = time.monotonic() - self._began
        self.busy = (cpu_seconds(workers) - self._cpu_before) / passed / (os.cpu_count() or 1)


def cpu_seconds(running: Sequence[subprocess.Popen[bytes]] = ()) -> float:
    """Return the time of a processor that this process had, its children that have ended, and those that run."""
    ticks = 0
    for process in running:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return sum(os.times()[:4]) + ticks / os.sysconf("SC_CLK_TCK")


def peak(process: subprocess.Popen[bytes]) -> float:
    """Return the most MiB that a process has had."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def at_once(spans: Sequence[tuple[datetime, datetime]]) -> int:
    """Count how many spans of time overlap at most; one that ends as another begins is over."""
    steps = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    most = count = 0
    for _, step in steps:
        count += step
        most = max(most, count)
    return most


def protect(database: Database, cloud: DemoCloud, servers: Sequence[tuple[str, str]]) -> None:
    """Bind the servers to vaults that follow one policy, which is due now."""
    now, project = SystemClock().now(), str(cloud.account("demo")["project_id"])
    policy = Policy(
        id=new_id(now),
        project_id=project,
        name="nightly",
        patterns=("FREQ=DAILY;BYHOUR=01;BYMINUTE=00",),
        start_window_minutes=24 * 60,
        trigger_id=new_id(now),
        next_fire_at=now,
        created_at=now - timedelta(days=1),
        updated_at=now,
    )
    with database.write() as conn:
        policies.insert(conn, policy)
        for begin in range(0, len(servers), IN_A_VAULT):
            given = {"project_id": project, "created_at": now}
            vault = Vault(
                **given, id=new_id(now), user_id="bench", name="bench", size_gb=100_000, updated_at=now
            )
            vaults.insert(conn, vault)
            vault_policies.bind(conn, vault.id, policy)
            for id_, name in servers[begin : begin + IN_A_VAULT]:
                resources.bind(
                    conn, Resource(**given, vault_id=vault.id, id=id_, type=SERVER, name=name, size_gb=1)
                )


def start(config: Path) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, "--config", str(config), "worker"]
    return subprocess.Popen(command, start_new_session=True, env=os.environ)


@contextmanager
def workers(config: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run two; those that the list names in the end are ended."""
    two = [start(config), start(config)]
    try:
        yield two
    finally:
        for process in two:
            if process.poll() is None:
                process.kill()
            process.wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--servers", type=int, default=SERVERS)
    options.add_argument("--cap", type=int, default=CAP)
    options.add_argument("--seconds", type=float, default=SECONDS)
    chosen = options.parse_args()
    print("\n".join(main(Size(chosen.servers, chosen.cap, chosen.seconds))))
