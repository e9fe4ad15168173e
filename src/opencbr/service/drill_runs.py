"""Drills that policies fire: which servers are tried, and how a run becomes a drill, as CreateDrill makes one.

A run is one drill: what it has found is its end, and it is not tried again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model import operation_log as logs
from opencbr.model import policy_run as runs
from opencbr.model.backup import RECORDED
from opencbr.model.errors import BEING_RESTORED, NO_SUCH_BACKUP, CbrError
from opencbr.model.policy_run import PolicyRun
from opencbr.model.vault import SERVER, Resource
from opencbr.service.context import automatic
from opencbr.service.drills import newest_backup, request
from opencbr.store import backups, drills, operation_logs, policy_runs
from opencbr.store.database import Database


def sample(conn: Connection, project_id: str, of_vault: Sequence[Resource], size: int) -> list[Resource]:
    """Choose servers of one vault: those with a backup there first, of them what was never or least recently drilled."""
    servers = [one for one in of_vault if one.type == SERVER]
    ids, vault_ids = [one.id for one in servers], {one.vault_id for one in servers}
    tested = drills.newest_of(conn, project_id, ids)
    backed_up = backups.resources_with(conn, project_id, vault_ids, ids, sorted(RECORDED))

    def turn(one: Resource) -> tuple[bool, float, str]:
        at = tested.get(one.id)
        return one.id not in backed_up, at.timestamp() if at else 0.0, one.id

    return sorted(servers, key=turn)[:size]


def start_drills(database: Database, settings: ScheduleSettings, now: datetime) -> int:
    """Start as many runs as there is room for, each server's by itself; return how many have begun or ended."""
    with database.read() as conn:
        under_way = operation_logs.under_way(conn, logs.DRILL)
        free = settings.drills_at_once - sum(under_way.values())
        chosen = policy_runs.next_to_start(conn, logs.DRILL, now, free, under_way) if free > 0 else []
    return sum(_start(database, settings, run, now) for run in chosen)


def _start(database: Database, settings: ScheduleSettings, run: PolicyRun, now: datetime) -> bool:
    """Start one run; return whether it has begun or ended. What is busy waits, within its start window."""
    try:
        return database.transact(lambda conn: _begin(conn, settings, run, now))
    except CbrError as error:
        code, reason = error.code, error.message
    if code == NO_SUCH_BACKUP:
        return database.transact(lambda conn: policy_runs.end(conn, run, runs.SKIPPED, code, reason, now=now))
    until = now + timedelta(seconds=settings.retry_seconds)
    database.transact(lambda conn: policy_runs.put_off(conn, run, code, reason, until=until))
    return False


def _begin(conn: Connection, settings: ScheduleSettings, run: PolicyRun, now: datetime) -> bool:
    """Make a drill of a run, in one transaction. Raises CbrError 6200 (nothing to try), 2005, 2010 (busy)."""
    policy_runs.one_at_a_time(conn)
    if sum(operation_logs.under_way(conn, logs.DRILL).values()) >= settings.drills_at_once:
        return False
    claimed = policy_runs.claim(conn, run)
    if claimed is None:
        return False
    unfinished = operation_logs.unfinished_for(conn, run.project_id, run.resource_id)
    if any(one.operation_type == logs.DRILL for one in unfinished):
        raise CbrError(BEING_RESTORED, "A drill of this server is under way.")
    backup_id = newest_backup(conn, run.project_id, run.resource_id, run.vault_id)
    if backup_id is None:
        raise CbrError(
            NO_SUCH_BACKUP, "The server has no finished backup in the vault: there is nothing to try."
        )
    ctx = automatic("scheduler", run.project_id, now, policy_id=run.policy_id)
    drill = request(conn, ctx, backup_id)
    work = operation_logs.get(conn, run.project_id, drill.id)
    assert work is not None, "a drill has an operation log"
    policy_runs.begun(conn, claimed, work, now=now)
    return True
