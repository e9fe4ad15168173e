"""The scheduler: policies that are due fire, their runs become checkpoints or drills, and backups that failed are tried again.

A round is done again and again by a worker; two at once do no harm. A run is started in the transaction that writes its
checkpoint, under a lock that lets one start at a time: so it is started once, and no more backups are under way than may be.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.jobs.failures import explain
from opencbr.jobs.settings import ScheduleSettings
from opencbr.model import policy_run as runs
from opencbr.model import statuses
from opencbr.model.checkpoint import Skipped
from opencbr.model.clock import Clock
from opencbr.model.errors import CbrError, wire_code
from opencbr.model.operation_log import BACKUP
from opencbr.model.policy_run import PolicyRun
from opencbr.service.backup_targets import BackupTarget, find_targets
from opencbr.service.checkpoints import NothingTaken, request_checkpoint
from opencbr.service.context import Context, automatic
from opencbr.service.drill_runs import start_drills
from opencbr.service.firing import Fired, fire
from opencbr.service.new_checkpoint import CheckpointSpec
from opencbr.store import operation_logs, policies, policy_runs, resources
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_Why = dict[str, tuple[str, str]]
"""Resource id -> code of the catalogue and sentence: why it cannot be backed up just now."""

_BATCH = 200
_PURGED = 10_000
"""Old runs that go at once; as many as one time of a large policy has made."""


class Scheduler:
    """`round` is all that is to be done now; the clock is asked once for each."""

    def __init__(
        self, database: Database, cloud: Cloud, clock: Clock, settings: ScheduleSettings, *, kept_days: float
    ) -> None:
        self._database = database
        self._cloud = cloud
        self._clock = clock
        self._settings = settings
        self._kept = timedelta(days=kept_days)
        self._unreadable: set[str] = set()

    def round(self) -> bool:
        """Fire, follow, give up and start; return whether there is more to do at once."""
        now = self._clock.now()
        is_more = self._fire(now)
        with self._database.read() as conn:
            is_any_open = policy_runs.is_any_open(conn)
        if not is_any_open:
            return is_more
        self._database.transact(lambda conn: self._follow(conn, now))
        self._database.transact(lambda conn: policy_runs.give_up(conn, now=now))
        started = self._start(now) + start_drills(self._database, self._settings, now)
        return started > 0 or is_more

    def _fire(self, now: datetime) -> bool:
        """Fire what is due; return whether there may be more."""
        with self._database.read() as conn:
            due = policies.due(conn, now, _BATCH)
        count = 0
        for project_id, policy_id in due:
            try:
                fired = self._database.transact(
                    lambda conn, p=project_id, i=policy_id: fire(conn, self._settings, p, i, now)  # type: ignore[misc]
                )
            except ValueError as error:
                # Its time zone is none on this machine, say: another worker may know it, and the other policies fire.
                if policy_id not in self._unreadable:
                    log.error("policy %s cannot fire here: %s", policy_id, error)  # noqa: TRY400 -- the sentence says it
                self._unreadable.add(policy_id)
                continue
            if fired is not None:
                count += 1
                _tell(policy_id, fired)
        if due:
            self._database.transact(lambda conn: policy_runs.purge(conn, now - self._kept, _PURGED))
        return count == _BATCH

    def _follow(self, conn: Connection, now: datetime) -> None:
        """End the runs whose work has ended, or let them try again."""
        for run, work in policy_runs.ended_work(conn, _BATCH):
            if work is not None and work.status == statuses.SUCCESS:
                policy_runs.end(conn, run, runs.SUCCESS, now=now)
                continue
            if work is not None and work.status == statuses.SKIPPED:  # a drill for which a quota has no room
                policy_runs.end(conn, run, runs.SKIPPED, work.error_code, work.error_message, now=now)
                continue
            code = work.error_code if work else ""
            reason = work.error_message if work else "its operation log is gone"
            again = now + timedelta(seconds=self._settings.retry_seconds)
            may = work is not None and not work.cancel_requested and again <= run.start_by
            may = may and run.operation_type == BACKUP  # a drill that fails has found something
            if may:
                policies.get(conn, run.project_id, run.policy_id, lock=True)
            if not may or not policy_runs.put_off(conn, run, code, reason, until=again):
                policy_runs.end(conn, run, runs.FAILED, code, reason, now=now)

    def _start(self, now: datetime) -> int:
        """Start as many backups as there is room for; return how many runs have begun or ended."""
        with self._database.read() as conn:
            under_way = operation_logs.under_way(conn, BACKUP)
            free = self._settings.backups_at_once - sum(under_way.values())
            chosen = policy_runs.next_to_start(conn, BACKUP, now, free, under_way) if free > 0 else []
        together: dict[tuple[str, str, datetime], list[PolicyRun]] = {}
        for run in chosen:
            together.setdefault((run.policy_id, run.vault_id, run.due_at), []).append(run)
        return sum(self._begin(group, now) for group in together.values())

    def _begin(self, group: Sequence[PolicyRun], now: datetime) -> int:
        """Start the runs of one checkpoint; the cloud is asked outside of the transaction."""
        first = group[0]
        ctx = automatic("scheduler", first.project_id, now, policy_id=first.policy_id)
        with self._database.read() as conn:
            found = [resources.get(conn, one.project_id, one.resource_id) for one in group]
        bound = [one for one in found if one is not None and one.vault_id == first.vault_id]
        if not bound:
            return 0
        try:
            seen = find_targets(self._cloud.reader(), bound, {})
            return self._database.transact(lambda conn: self._order(conn, ctx, group, seen))
        except NothingTaken as nothing:
            why = _reasons(nothing.skipped)
            self._database.transact(lambda conn: self._put_off(conn, group, why, now))
            return 0
        except CbrError as error:
            refusal = error.code, error.message
            if error.code in runs.VAULT_REFUSES:
                why = dict.fromkeys((one.resource_id for one in group), refusal)
                self._database.transact(lambda conn: self._put_off(conn, group, why, now))
                return 0
            self._database.transact(lambda conn: _skip(conn, group, refusal, now))
            return len(group)
        except Exception as error:
            # Whatever it is: one vault's trouble is not to keep the others from their backups.
            log.exception("runs of policy %s in vault %s do not start", first.policy_id, first.vault_id)
            trouble = explain(error)
            why = {one.resource_id: (trouble.code, trouble.message) for one in group}
            self._database.transact(lambda conn: self._put_off(conn, group, why, now))
            return 0

    def _order(
        self, conn: Connection, ctx: Context, group: Sequence[PolicyRun], seen: Sequence[BackupTarget]
    ) -> int:
        policy_runs.one_at_a_time(conn)
        free = self._settings.backups_at_once - sum(operation_logs.under_way(conn, BACKUP).values())
        there = {one.resource.id for one in seen}
        wanted = [one for one in group if one.resource_id in there][: max(free, 0)]
        taken = [policy_runs.claim(conn, one) for one in wanted]
        claimed = {one.resource_id: one for one in taken if one is not None}
        policy = policies.get(conn, ctx.project_id, group[0].policy_id)
        if not claimed or policy is None:
            return 0
        spec = CheckpointSpec(
            vault_id=group[0].vault_id,
            auto_trigger=True,
            policy_id=policy.id,
            full_backup_interval=policy.definition.get("full_backup_interval"),
            firing=f"{policy.id}@{group[0].due_at.isoformat()}",
        )
        view = request_checkpoint(conn, ctx, spec, [one for one in seen if one.resource.id in claimed])
        for backed_up in view.checkpoint.resources:
            for work in operation_logs.unfinished_for(conn, ctx.project_id, backed_up["id"]):
                if work.checkpoint_id == view.checkpoint.id:
                    policy_runs.begun(conn, claimed[backed_up["id"]], work, now=ctx.now)
        self._put_off(conn, [*claimed.values()], _reasons(view.checkpoint.skipped), ctx.now)
        return len(view.checkpoint.resources)

    def _put_off(self, conn: Connection, group: Sequence[PolicyRun], why: _Why, now: datetime) -> None:
        """Let those runs wait whose resources cannot be backed up just now; their windows go on."""
        until = now + timedelta(seconds=self._settings.retry_seconds)
        for run in group:
            if run.resource_id in why:
                policy_runs.put_off(conn, run, *why[run.resource_id], until=until)


def _reasons(skipped: Sequence[Skipped]) -> _Why:
    return {one.id: (one.code.removeprefix(wire_code("")), one.reason) for one in skipped}


def _tell(policy_id: str, fired: Fired) -> None:
    log.info("policy %s has fired: %d runs wait", policy_id, fired.waiting)
    if fired.passed:
        log.warning(
            "policy %s was due %d times, from %s to %s, while no worker was there or the clock was put forward: %s",
            policy_id,
            len(fired.passed),
            fired.passed[0].isoformat(),
            fired.passed[-1].isoformat(),
            "the last one is run now" if fired.waiting else "they are not run",
        )


def _skip(conn: Connection, group: Sequence[PolicyRun], why: tuple[str, str], now: datetime) -> None:
    """End the runs of a vault that is gone."""
    for run in group:
        policy_runs.end(conn, run, runs.SKIPPED, *why, now=now)
