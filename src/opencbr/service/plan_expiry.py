"""Restore plans whose time is over: they hold secrets, and go whether or not anybody makes another one."""

from opencbr.jobs.engine.duty import Duty
from opencbr.model.clock import Clock
from opencbr.store import restore_plans
from opencbr.store.database import Database


def plan_expiry_duty(database: Database, clock: Clock, seconds: float) -> Duty:
    """Remove them at the start and every so many seconds, on one worker; one that is carried out stays until that has ended."""

    def run() -> None:
        with database.write() as conn:
            restore_plans.delete_over(conn, clock.now())

    return Duty(name="plan-expiry", interval_seconds=seconds, run=run, leader_only=True)
