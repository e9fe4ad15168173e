"""Days of nightly policies on an ordered clock, with the real jobs on an embedded cloud, beside a slow, obvious reference.

Every day each server is backed up by its policy and the policy cleans up; some backups are pinned, some made by hand, some have
a time of their own to go. `python -m support.month --servers 5 --days 40` prints what came of it.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from opencbr.jobs.settings import ScheduleSettings
from opencbr.model.ids import new_id
from opencbr.model.policy import Policy
from opencbr.model.retention.decision import Candidate
from opencbr.model.retention.limits import limits_of
from opencbr.model.vault import SERVER, Resource, Vault
from opencbr.service.expiry import Expiry
from opencbr.service.retention import Retention
from opencbr.service.scheduler import Scheduler
from opencbr.store import operation_logs, policies, resources, tables, vault_policies, vaults
from opencbr.store.database import Database
from support.inline_job import HurriedClock, carry_out_inline, job_context
from support.job_env import JobEnv
from support.many_servers import make_servers
from support.retention_reference import goes

START = datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
"""The first run; the month has a Sunday on which clocks change in Europe, and the first of another month."""
DAY = timedelta(days=1)
KEPT: tuple[dict[str, Any], ...] = (
    {"max_backups": 7, "full_backup_interval": 5},
    {"retention_duration_days": 10},
    {"max_backups": 2, "day_backups": 4, "week_backups": 3, "month_backups": 2, "timezone": "UTC+02:00"},
    {"max_backups": -1, "full_backup_interval": 7},
)
"""What the policies keep: servers follow them in turn."""
IN_A_VAULT = 250


class OrderedClock(HurriedClock):
    """Time that stands where it is set, and goes on by what is slept."""

    def __init__(self, cloud: DemoCloud, moment: datetime) -> None:
        super().__init__(cloud)
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self._cloud.advance(seconds)


@dataclass
class Month:
    """All of it; `expected` are the backups of each server that the reference keeps."""

    env: JobEnv
    clock: OrderedClock
    servers: list[Resource]
    definitions: dict[str, dict[str, Any]]
    expected: dict[str, list[Candidate]] = field(default_factory=dict)
    made: int = 0
    gone: int = 0

    def __post_init__(self) -> None:
        settings = ScheduleSettings(backups_at_once=1_000_000)
        self._scheduler = Scheduler(self.env.database, self.env.cloud, self.clock, settings, kept_days=366)
        self._ctx = job_context(self.env, clock=self.clock)

    def day(self, number: int) -> None:
        """Let the policies fire and clean up, and hold the rows against the reference."""
        self.clock.moment = START + number * DAY
        if number % 9 == 4:
            self._by_hand(self.servers[number % len(self.servers)])
        self._round()
        self.made += self._work()
        self._round()
        now = self.clock.now()
        for server in self.servers:
            one = Candidate(id=f"{number:04}", created_at=START + number * DAY)
            self.expected.setdefault(server.id, []).append(one)
        if number % 5 == 2:
            self._mark(self.servers[number % len(self.servers)], number)
        self._reference(now)
        while Retention(self.env.database, self.clock).look():
            pass
        Expiry(self.env.database, self.clock).look()
        self.gone += self._work()
        self._compare(number)

    def _round(self) -> None:
        while self._scheduler.round():
            pass

    def _work(self) -> int:
        with self.env.database.read() as conn:
            waiting = operation_logs.waiting(conn, 1_000_000)
        for log in waiting:
            ended = carry_out_inline(self.env, self._ctx, log)
            assert ended.status == "success", ended
        return len(waiting)

    def _by_hand(self, server: Resource) -> None:
        """Back a server up an hour before its policy does."""
        self.clock.moment -= DAY / 24
        at = self.clock.now()
        self.env.request_backup(server)
        self.made += self._work()
        self.clock.moment = at + DAY / 24
        one = Candidate(id=f"by hand {at}", created_at=at, is_automatic=False)
        self.expected.setdefault(server.id, []).append(one)

    def _mark(self, server: Resource, number: int) -> None:
        """Pin the newest backup of a server, or let it go by itself after three days."""
        newest = self.expected[server.id].pop()
        pinned = number % 10 == 2
        changes = {"pinned_at": self.clock.now()} if pinned else {"expired_at": START + (number + 3) * DAY}
        own = {"is_pinned": True} if pinned else {"expired_at": changes["expired_at"]}
        self.expected[server.id].append(replace(newest, **own))  # type: ignore[arg-type]
        t = tables.backup
        with self.env.database.write() as conn:
            mine = (
                t.c.resource_id == server.id,
                t.c.created_at == newest.created_at,
                t.c.parent_id.is_(None),
            )
            assert conn.execute(update(t).where(*mine).values(**changes)).rowcount == 1

    def _reference(self, now: datetime) -> None:
        for id_, standing in self.expected.items():
            limits = limits_of(self.definitions[id_])
            self.expected[id_] = [one for one in standing if not goes(one, standing, limits, now)]

    def _compare(self, number: int) -> None:
        t = tables.backup.c
        listed = t.parent_id.is_(None), t.held_at.is_(None)
        kept: dict[str, set[datetime]] = {}
        with self.env.database.read() as conn:
            for id_, at, status in conn.execute(select(t.resource_id, t.created_at, t.status).where(*listed)):
                assert status == "available", (number, id_, at, status)
                kept.setdefault(id_, set()).add(at)
        wanted = {id_: {one.created_at for one in standing} for id_, standing in self.expected.items()}
        assert kept == wanted, f"day {number}: {_differing(kept, wanted)}"

    def agree(self) -> int:
        """Hold rows, ledger and cloud against each other; return how many disks' backups there are."""
        t = tables.volume_backup.c
        with self.env.database.read() as conn:
            rows = sorted(conn.execute(select(t.cinder_backup_id)).scalars())
        in_cloud = sorted(one["id"] for one in self.env.upstream("backup"))
        entries = self.env.ledger()
        assert {entry.kind for entry in entries} == {"backup"}
        assert rows == in_cloud == sorted(entry.upstream_id or "" for entry in entries)
        assert self.env.upstream("snapshot") == []
        return len(rows)


def _differing(kept: dict[str, set[datetime]], wanted: dict[str, set[datetime]]) -> str:
    servers = [id_ for id_ in kept | wanted if kept.get(id_) != wanted.get(id_)]
    return str({id_: kept.get(id_, set()) ^ wanted.get(id_, set()) for id_ in servers})


def begin(env: JobEnv, count: int) -> Month:
    """Make servers and bind them to vaults, in turn to each of the policies."""
    env.clock = clock = OrderedClock(env.demo, START - DAY / 2)  # type: ignore[assignment]
    bound: list[Resource] = []
    definitions: dict[str, dict[str, Any]] = {}
    homes: dict[int, list[str]] = {}
    made = make_servers(env.demo, count)
    with env.database.write() as conn:
        for kind, definition in enumerate(KEPT):
            mine = made[kind :: len(KEPT)]
            policy = _policy(env, definition)
            policies.insert(conn, policy)
            for first in range(0, len(mine), IN_A_VAULT):
                now = clock.now()
                vault = Vault(
                    id=new_id(now),
                    project_id=env.project_id,
                    user_id="u",
                    name="v",
                    size_gb=10_000_000,
                    created_at=now,
                    updated_at=now,
                )
                vaults.insert(conn, vault)
                vault_policies.bind(conn, vault.id, policy)
                homes.setdefault(kind, []).append(vault.id)
                for id_, name in mine[first : first + IN_A_VAULT]:
                    one = Resource(
                        vault_id=vault.id,
                        project_id=env.project_id,
                        id=id_,
                        type=SERVER,
                        name=name,
                        size_gb=1,
                        created_at=now,
                    )
                    resources.bind(conn, one)
                    bound.append(one)
                    definitions[id_] = definition
    return Month(env, clock, bound, definitions)


def _policy(env: JobEnv, definition: dict[str, Any]) -> Policy:
    now = env.clock.now()
    return Policy(
        id=new_id(now),
        project_id=env.project_id,
        name="nightly",
        patterns=("FREQ=DAILY;BYHOUR=01;BYMINUTE=00",),
        trigger_id=new_id(now),
        definition=definition,
        next_fire_at=START,
        created_at=now,
        updated_at=now,
    )


def main(servers: int, days: int) -> None:
    """Print what came of it. Raises AssertionError where the rows and the reference differ."""
    with (
        tempfile.TemporaryDirectory() as name,
        DemoCloud(Path(name) / "cloud", timing=Timing.instant()) as cloud,
    ):
        url = f"sqlite:///{name}/opencbr.db"
        database = Database(url)
        database.upgrade()
        database.dispose()
        env = JobEnv(url, Path(name), cloud)
        try:
            began, month = time.monotonic(), begin(env, servers)
            for number in range(days):
                month.day(number)
                print(f"\rday {number + 1} of {days}", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
            left, took = month.agree(), time.monotonic() - began
        finally:
            env.close()
    kept = sum(len(one) for one in month.expected.values())
    print(f"{servers} servers, {days} days: {month.made} backups made, {month.gone} deleted, {kept} kept")
    print(f"kept each day what the reference keeps; rows, ledger and cloud agree on {left} backups of disks")
    print(f"{took:.0f} s, {took / max(month.made, 1) * 1000:.0f} ms a backup with its deletion")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--servers", type=int, default=5)
    options.add_argument("--days", type=int, default=40)
    chosen = options.parse_args()
    main(chosen.servers, chosen.days)
