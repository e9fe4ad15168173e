"""Carrying out the retention of policies: after each automatic backup that succeeds (contract 5.6)."""

import logging

from sqlalchemy import Connection

from opencbr.jobs.engine.duty import Duty
from opencbr.model.clock import Clock
from opencbr.model.errors import CbrError
from opencbr.model.policy import BACKUP, Policy
from opencbr.model.retention.decide import decide
from opencbr.model.retention.decision import GOES, LEAVING
from opencbr.model.retention.limits import limits_of
from opencbr.service.backup_deletion import request_deletion
from opencbr.service.context import automatic
from opencbr.store import backups, policies, retention, vault_policies
from opencbr.store.database import Database
from opencbr.store.retention import Due

log = logging.getLogger(__name__)

_BATCH = 100


class Retention:
    """Asks for the deletion of what the policies no longer keep, as DeleteBackup does.

    Whoever dies in between loses nothing: what is due stays due until all of it was asked for, and no backup can be asked
    for twice. Any number may work at once.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self) -> bool:
        """Clean up where an automatic backup has succeeded; say whether there is more to do."""
        with self._database.read() as conn:
            found = retention.due(conn, _BATCH)
        for one in found:
            for backup_id in self._going(one):
                self._remove(one, backup_id)
            self._database.transact(lambda conn, done=one: retention.settle(conn, done))  # type: ignore[misc]
        return len(found) == _BATCH

    def _going(self, one: Due) -> list[str]:
        """Name what goes, the oldest first."""
        with self._database.read() as conn:
            policy = _policy_of(conn, one)
            return [] if policy is None else self._decided(conn, one, policy)

    def _decided(self, conn: Connection, one: Due, policy: Policy) -> list[str]:
        kept = retention.of_resource(conn, one.project_id, one.vault_id, one.resource_id)
        leaving = {backup.id for backup in kept.backups if backup.status in LEAVING}
        decisions = decide(kept.candidates, limits_of(policy.definition), self._clock.now(), links=kept.links)
        going = [decision.backup_id for decision in decisions if decision.outcome == GOES]
        return [backup_id for backup_id in reversed(going) if backup_id not in leaving]

    def _remove(self, one: Due, backup_id: str) -> None:
        """Ask for the deletion of a backup if the policy as it is now still lets it go; one in use waits for the next run."""

        def ask(conn: Connection) -> None:
            # The row's lock comes first: what is decided then is decided of what nobody changes meanwhile.
            backup = backups.get(conn, one.project_id, backup_id, lock=True)
            policy = _policy_of(conn, one)
            if backup is not None and policy is not None and backup_id in self._decided(conn, one, policy):
                ctx = automatic("retention", one.project_id, self._clock.now(), policy_id=policy.id)
                request_deletion(conn, ctx, backup, by_policy=True)

        try:
            self._database.transact(ask)
        except CbrError as error:
            log.debug("backup %s is no longer kept by its policy and stays for now: %s", backup_id, error)


def _policy_of(conn: Connection, one: Due) -> Policy | None:
    policy_id = vault_policies.policy_of(conn, one.project_id, one.vault_id, BACKUP)
    return None if policy_id is None else policies.get(conn, one.project_id, policy_id)


def retention_duty(database: Database, clock: Clock, seconds: float) -> Duty:
    """Look at the start and every so many seconds, on one worker."""
    return Duty(
        name="policy-retention",
        interval_seconds=seconds,
        run=Retention(database, clock).look,
        leader_only=True,
    )
