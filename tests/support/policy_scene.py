"""A database with policies that are due on an ordered clock, and schedulers that know nothing of each other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from opencbr.cloud.errors import CloudError, NotFound
from opencbr.jobs.settings import ScheduleSettings
from opencbr.model.lists import Page, PolicyRunFilter
from opencbr.model.operation_log import OperationLog
from opencbr.model.policy import Policy
from opencbr.model.policy_run import PolicyRun
from opencbr.model.schedule import next_runs
from opencbr.model.vault import Resource
from opencbr.service.scheduler import Scheduler
from opencbr.store import backups, operation_logs, policies, policy_runs, resources, vault_policies, vaults
from opencbr.store.database import Database
from store.samples import PROJECT, ident, resource, vault

DUE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NIGHTLY = ("FREQ=DAILY;BYHOUR=01;BYMINUTE=00",)


class SetClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


class SilentCloud:
    """Answers nothing, which a request for a backup bears; of a server that is `gone` it says so."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def reader(self) -> "SilentCloud":
        return self

    def get_server(self, server_id: str) -> Any:
        if server_id in self.gone:
            raise NotFound(service="compute", method="GET", path=server_id, status=404)
        raise CloudError(service="compute", method="GET", path=server_id)


class Scene:
    """A database with policies, the schedulers of any number of workers, and the ends that jobs would write."""

    def __init__(self, database: Database, **settings: Any) -> None:
        self.database = database
        self.clock = SetClock(DUE - DAY / 2)
        self.cloud = SilentCloud()
        self.settings = ScheduleSettings(**settings)

    def scheduler(self) -> Scheduler:
        return Scheduler(self.database, self.cloud, self.clock, self.settings, kept_days=30)  # type: ignore[arg-type]

    def round(self, at: datetime | None = None) -> None:
        if at is not None:
            self.clock.moment = at
        while self.scheduler().round():
            pass

    def policy(
        self, servers: int = 1, *, project: str = PROJECT, **fields: Any
    ) -> tuple[Policy, list[Resource]]:
        given: dict[str, Any] = {"id": ident(), "project_id": project, "name": "p", "trigger_id": ident()}
        given |= {"patterns": NIGHTLY, "created_at": self.clock.moment, "updated_at": self.clock.moment}
        policy = Policy(**given | fields)
        home = vault(project_id=project, name="home", size_gb=1000)
        bound = [resource(home, name=f"server {number}") for number in range(servers)]
        following = next_runs(policy.patterns, policy.created_at, start=policy.created_at, count=1)
        policy = replace(policy, next_fire_at=following[0])
        with self.database.write() as conn:
            vaults.insert(conn, home)
            policies.insert(conn, policy)
            vault_policies.bind(conn, home.id, policy)
            for one in bound:
                resources.bind(conn, one)
        return policy, bound

    def runs(self, policy: Policy) -> list[PolicyRun]:
        """All of a policy, what was due first first."""
        with self.database.read() as conn:
            page = Page(limit=1000, sort=(("due_at", "asc"),))
            return policy_runs.list(conn, policy.project_id, policy.id, PolicyRunFilter(), page).items

    def told(self, policy: Policy) -> list[tuple[str, datetime]]:
        return [(run.status, run.due_at) for run in self.runs(policy)]

    def work(self) -> list[OperationLog]:
        """The backups that were asked for and have not ended, in this order."""
        with self.database.read() as conn:
            return operation_logs.waiting(conn, 10_000)

    def end(self, work: OperationLog, status: str = "success") -> None:
        """Write what a job writes in the end."""
        now = self.clock.moment
        with self.database.write() as conn:
            good = status == "success"
            for to in ("protecting", "available" if good else "error"):
                backups.move(conn, work.project_id, work.backup_id or "", to=to, updated_at=now)  # type: ignore[arg-type]
            resources.set_status(conn, work.project_id, work.resource_id or "", "available")
            code, message = ("", "") if good else ("7100", "the server does not answer")
            operation_logs.finish(conn, work.id, status, code, message, now=now)  # type: ignore[arg-type]

    def change(self, table: Any, row_id: str, **values: Any) -> None:
        with self.database.write() as conn:
            conn.execute(update(table).where(table.c.id == row_id).values(**values))
