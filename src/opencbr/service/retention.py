"""Carrying out the retention of policies: after each automatic backup that succeeds (contract 5.6)."""

import logging
from collections.abc import Collection
from functools import partial

from sqlalchemy import Connection

from opencbr.jobs.engine.duty import Duty
from opencbr.model.backup import Backup
from opencbr.model.clock import Clock
from opencbr.model.errors import CbrError
from opencbr.model.policy import BACKUP, Policy
from opencbr.model.retention.decide import decide
from opencbr.model.retention.decision import GOES, LEAVING
from opencbr.model.retention.limits import limits_of
from opencbr.service.backup_deletion import request_deletion
from opencbr.service.context import automatic
from opencbr.store import policies, retention, vault_policies
from opencbr.store.database import Database
from opencbr.store.retention import Due, Kept

log = logging.getLogger(__name__)

_BATCH = 100
_AT_ONCE = 100
"""Deletions that one transaction asks for."""


class Retention:
    """Asks for the deletion of what the policies no longer keep, as DeleteBackup does.

    All backups of a resource are decided of at once, under their locks: of what nobody changes meanwhile. Whoever dies in
    between loses nothing: what is due stays due until all of it was asked for, and no backup can be asked for twice. Any
    number may work at once.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self) -> bool:
        """Clean up where an automatic backup has succeeded; say whether there is more to do."""
        with self._database.read() as conn:
            found = retention.due(conn, _BATCH)
        for one in found:
            self._clean_up(one)
        return len(found) == _BATCH

    def _clean_up(self, one: Due) -> None:
        staying: frozenset[str] = frozenset()
        while True:
            refused = self._database.transact(partial(self._clean, one=one, staying=staying))
            if refused is None:
                return
            staying |= refused

    def _clean(self, conn: Connection, *, one: Due, staying: Collection[str]) -> set[str] | None:
        """Ask for the deletion of what the policy as it is now lets go, the oldest first, so many in one transaction.

        `staying` is what refuses to go just now, which waits for the next run. Returns what else does, None when all is done.
        """
        # The locks come first: the policy is read as it is once nobody changes the backups any more.
        kept = retention.of_resource(conn, one.project_id, one.vault_id, one.resource_id, lock=True)
        policy = _policy_of(conn, one)
        if policy is None:
            retention.settle(conn, one)
            return None
        going = [backup for backup in self._going(kept, policy) if backup.id not in staying]
        ctx = automatic("retention", one.project_id, self._clock.now(), policy_id=policy.id)
        refused: set[str] = set()
        for backup in going[:_AT_ONCE]:
            try:
                request_deletion(conn, ctx, backup, by_policy=True)
            except CbrError as error:
                log.debug("backup %s is no longer kept by its policy and stays for now: %s", backup.id, error)
                refused.add(backup.id)
        if len(going) > _AT_ONCE:
            return refused
        retention.settle(conn, one)
        return None

    def _going(self, kept: Kept, policy: Policy) -> list[Backup]:
        """Decide of all backups of the resource, and return those that go, the oldest first."""
        decisions = decide(kept.candidates, limits_of(policy.definition), self._clock.now(), links=kept.links)
        going = {decision.backup_id for decision in decisions if decision.outcome == GOES}
        return [top for top in reversed(kept.backups) if top.id in going and top.status not in LEAVING]


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
