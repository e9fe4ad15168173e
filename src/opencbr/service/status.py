"""How the installation is: workers, jobs, the newest failures, the cloud, and what of it somebody has to look at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.errors import CloudError
from opencbr.deadline import within
from opencbr.jobs.upstream.inventory import Inventory, take_stock
from opencbr.model import statuses
from opencbr.model.operation_log import OperationLog
from opencbr.store import leases, notices, operation_logs
from opencbr.store.database import Database
from opencbr.store.notices import Standing

T = TypeVar("T")

LONG_WAIT = timedelta(minutes=10)
"""A job that has waited for longer is a trouble: a worker takes what waits within a second."""
_FAILURES = 5
_CLOUD_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What the database knows: workers and operation logs of all projects.

    `ended` counts and `failures` lists those requested since `since`, so that no table is read as a whole; `waiting` and
    `running` are all there are. `oldest` has waited longest. `notices` is None where no webhook is set up.
    """

    alive: tuple[str, ...]
    silent: tuple[str, ...]
    unfinished: dict[str, int]
    ended: dict[str, int]
    since: datetime
    oldest: OperationLog | None
    failures: tuple[OperationLog, ...]
    notices: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudStatus:
    """What the cloud said: None where it did not tell, and `untold` says why not."""

    credential: bool | None
    mover: bool | None
    inventory: Inventory | None
    untold: tuple[str, ...] = ()


def of_jobs(database: Database, now: datetime, window: timedelta, *, has_webhook: bool = False) -> Jobs:
    """Look into the database; a handful of queries, each from an index."""
    since = now - window
    with database.read() as conn:
        return Jobs(
            alive=tuple(sorted(leases.alive(conn))),
            silent=tuple(sorted(leases.dead(conn))),
            unfinished=operation_logs.unfinished(conn),
            ended=operation_logs.ended_since(conn, since),
            since=since,
            oldest=operation_logs.oldest_waiting(conn),
            failures=tuple(operation_logs.failures_since(conn, since, _FAILURES)),
            notices=notices.standing(conn, since) if has_webhook else None,
        )


def of_cloud(database: Database, cloud: Cloud) -> CloudStatus:
    """Ask the cloud, for a minute at most; never raises for what it does."""
    untold: list[str] = []

    def ask(what: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except CloudError as error:
            untold.append(f"{what}: {error}")
            return None

    with within(_CLOUD_SECONDS):
        credential = ask("credential", cloud.credential_ready)
        if not credential:
            return CloudStatus(credential=credential, mover=None, inventory=None, untold=tuple(untold))
        mover = ask("mover", cloud.mover_ready)
        inventory = ask("orphans", lambda: take_stock(database, cloud))
    return CloudStatus(credential=credential, mover=mover, inventory=inventory, untold=tuple(untold))


def troubles(jobs: Jobs, cloud: CloudStatus, now: datetime) -> list[str]:
    """Say, a sentence each, what somebody has to look at; nothing when all is well."""
    return [*_of_jobs(jobs, now), *_of_cloud(cloud)]


def _of_jobs(jobs: Jobs, now: datetime) -> Iterable[str]:
    if not jobs.alive:
        yield "no worker is alive: start `opencbr worker`"
    if jobs.silent:
        yield f"a worker is silent: {', '.join(jobs.silent)}; another one takes its jobs over"
    if jobs.oldest is not None and now - jobs.oldest.created_at > LONG_WAIT:
        yield (
            f"operation log {jobs.oldest.id} has waited since {jobs.oldest.created_at:%Y-%m-%d %H:%M:%S} UTC: "
            "no worker has room for it, or none knows its type"
        )
    failed = sum(
        count for status, count in jobs.ended.items() if status in (statuses.FAILED, statuses.TIMEOUT)
    )
    if failed:
        yield f"{failed} of the jobs requested since {jobs.since:%Y-%m-%d %H:%M} UTC failed"
    if jobs.notices is not None:
        yield from _of_notices(jobs.notices, jobs.since, now)


def _of_notices(standing: Standing, since: datetime, now: datetime) -> Iterable[str]:
    if standing.since is not None and now - standing.since > LONG_WAIT:
        why = standing.reason or "no worker has sent it: does one run with [webhook] url?"
        yield (
            f"{standing.waiting} notice(s) of the webhook wait, the oldest since "
            f"{standing.since:%Y-%m-%d %H:%M:%S} UTC: {why}"
        )
    if standing.given_up:
        yield f"{standing.given_up} notice(s) of the webhook were given up since {since:%Y-%m-%d %H:%M} UTC"


def _of_cloud(cloud: CloudStatus) -> Iterable[str]:
    yield from (f"the cloud does not tell about {words}" for words in cloud.untold)
    if cloud.credential is False:
        yield "Keystone refuses the service user: correct its password in clouds.yaml"
    if cloud.mover is False:
        yield "no cinder-backup is up: backups wait for it"
    if cloud.inventory is None:
        return
    if cloud.inventory.orphans or cloud.inventory.unneeded:
        number = len(cloud.inventory.orphans) + len(cloud.inventory.unneeded)
        yield f"{number} object(s) in the cloud belong to nothing: see `opencbr orphans list`"
    if cloud.inventory.missing:
        number = len(cloud.inventory.missing)
        yield f"{number} object(s) that finished backups need are gone from the cloud: see `opencbr orphans list`"
