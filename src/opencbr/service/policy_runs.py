"""Runs of policies as users see them: ask for one now, and list what has come of them."""

import builtins
from dataclasses import replace

from sqlalchemy import Connection

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model import policy_run as runs
from opencbr.model.errors import NOTHING_TO_BACK_UP, CbrError
from opencbr.model.lists import Listing, Page, PolicyRunFilter
from opencbr.model.policy_run import PolicyRun
from opencbr.service.context import Context
from opencbr.service.firing import new_run, subjects
from opencbr.service.vault_policies import get_policy
from opencbr.store import policy_runs
from opencbr.store.database import Database


class PolicyRuns:
    """The use cases; they touch the context's project alone."""

    def __init__(self, database: Database, settings: ScheduleSettings) -> None:
        self._database = database
        self._settings = settings

    def create(self, ctx: Context, policy_id: str) -> builtins.list[PolicyRun]:
        """Let a policy run now, also one that is disabled: a run for each resource of its vaults, which a worker starts.

        A run that waits already is answered instead of a second one; it need not wait for its place in the spread any more.
        Raises CbrError 6000 (no such policy), 0001 (none of its vaults has a resource that follows it).
        """
        return self._database.transact(lambda conn: self._create(conn, ctx, policy_id))

    def list(self, ctx: Context, policy_id: str, wanted: PolicyRunFilter, page: Page) -> Listing[PolicyRun]:
        """Return a page of a policy's runs, those that waited in vain too.

        Raises CbrError 6000, UnknownMarker, UnknownSortKey.
        """
        with self._database.read() as conn:
            found = policy_runs.list(
                conn, ctx.project_id, policy_id, wanted, page
            )  # a wrong page is told of first
            get_policy(conn, ctx, policy_id)
            return found

    def _create(self, conn: Connection, ctx: Context, policy_id: str) -> builtins.list[PolicyRun]:
        policy = get_policy(conn, ctx, policy_id, lock=True)
        bound = subjects(conn, policy)
        if not bound:
            raise CbrError(
                NOTHING_TO_BACK_UP,
                f"No vault with policy {policy.id} has a resource that follows it: "
                "give a vault the policy, and bind a resource to it.",
            )
        found: builtins.list[PolicyRun] = []
        for resource in bound:
            run = replace(new_run(policy, resource, ctx.now, ctx.now, self._settings), trigger=runs.REQUEST)
            there = run if policy_runs.insert(conn, run) else policy_runs.in_the_way_of(conn, run)
            if there is not None and there.not_before > ctx.now:
                policy_runs.hurry(conn, there.id, now=ctx.now)
                there = policy_runs.get(conn, ctx.project_id, there.id)
            found += [there] if there is not None else []
        return found
