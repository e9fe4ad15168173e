"""What a policy's retention would do to the backups that there are: a decision of each, with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from opencbr.model.backup import Backup
from opencbr.model.errors import BAD_PARAMETER, CbrError
from opencbr.model.policy import BACKUP, LONG_TERM, RUNS_SHOWN, Policy, check_definition
from opencbr.model.retention.decide import decide
from opencbr.model.retention.decision import GOES, KEPT, Decision
from opencbr.model.retention.forecast import forecast
from opencbr.model.retention.limits import Limits, limits_of
from opencbr.model.schedule import next_runs
from opencbr.service.context import Context
from opencbr.service.vault_policies import get_policy
from opencbr.service.vaults import get_vault
from opencbr.store import policies, retention, vault_policies
from opencbr.store.database import Database
from opencbr.store.retention import Protected

LISTED = 1000
"""Backups of one resource that a preview tells of, the newest; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A backup and what becomes of it; `goes_at` is when, as far as the next runs tell, None when it is not known."""

    backup: Backup
    decision: Decision
    goes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePreview:
    """The backups of one resource, newest first, at most LISTED of them; `counts` is outcome -> how many of all."""

    resource: Protected
    backups: Sequence[Foreseen]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A page of resources; `count` is how many there are in all.

    `next_runs` are the times of the next runs, none for a policy that is disabled or unknown; `warnings` are sentences.
    """

    policy_id: str | None
    definition: Mapping[str, Any]
    resources: Sequence[ResourcePreview]
    count: int
    next_runs: Sequence[datetime]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which resources: of one vault of the policy's, or one of them, `limit` from the `offset`th on."""

    vault_id: str | None = None
    resource_id: str | None = None
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is previewed: a policy or what may become one, the vaults that it is for, and when it runs next."""

    policy_id: str | None = None
    definition: Mapping[str, Any]
    vault_ids: Sequence[str]
    runs: Sequence[datetime]


class RetentionPreviews:
    """The use cases; nothing is changed by them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_policy(self, ctx: Context, policy_id: str, wanted: Wanted) -> Preview:
        """Preview a policy on all vaults that have it. Raises CbrError 6000, 9900 (a policy of drills)."""
        with self._database.read() as conn:
            policy = get_policy(conn, ctx, policy_id)
            if policy.operation_type != BACKUP:
                raise CbrError(
                    BAD_PARAMETER, f"policy_id: policy {policy.id} drills, and keeps and removes nothing."
                )
            bound = vault_policies.vaults_of(conn, ctx.project_id, [policy.id])[policy.id]
            vaults = [one for one in bound if wanted.vault_id in (None, one)]
            subject = _Subject(
                policy_id=policy.id,
                definition=policy.definition,
                vault_ids=vaults,
                runs=_runs(policy, ctx.now),
            )
            return _preview(conn, ctx, subject, wanted)

    def of_definition(self, ctx: Context, definition: Mapping[str, Any], wanted: Wanted) -> Preview:
        """Preview what is no policy yet on one vault; its next runs are those of the policy that the vault has now.

        Raises CbrError 6105, and 9900 for a definition that a policy cannot have.
        """
        try:
            check_definition(definition)
        except ValueError as error:
            raise CbrError(BAD_PARAMETER, f"operation_definition: {error}.") from error
        with self._database.read() as conn:
            vault = get_vault(conn, ctx, wanted.vault_id or "")
            bound = vault_policies.policy_of(conn, ctx.project_id, vault.id, BACKUP)
            policy = None if bound is None else policies.get(conn, ctx.project_id, bound)
            runs = () if policy is None else _runs(policy, ctx.now)
            subject = _Subject(definition=definition, vault_ids=[vault.id], runs=runs)
            return _preview(conn, ctx, subject, wanted)


def _runs(policy: Policy, now: datetime) -> Sequence[datetime]:
    if not policy.enabled:
        return ()
    return next_runs(
        policy.patterns, now, start=policy.created_at, time_zone=policy.time_zone, count=RUNS_SHOWN
    )


def _preview(conn: Connection, ctx: Context, subject: _Subject, wanted: Wanted) -> Preview:
    limits = limits_of(subject.definition)
    found = retention.resources_in(conn, ctx.project_id, subject.vault_ids, wanted.resource_id)
    page = found[wanted.offset : wanted.offset + wanted.limit]
    shown = [_of_resource(conn, ctx, one, limits, subject.runs) for one in page]
    return Preview(
        policy_id=subject.policy_id,
        definition=subject.definition,
        resources=shown,
        count=len(found),
        next_runs=subject.runs,
        warnings=_warnings(subject.definition, limits, shown),
    )


def _of_resource(
    conn: Connection, ctx: Context, one: Protected, limits: Limits, runs: Sequence[datetime]
) -> ResourcePreview:
    kept = retention.of_resource(conn, ctx.project_id, one.vault_id, one.resource_id)
    candidates = kept.candidates
    foreseen = forecast(candidates, limits, runs)
    counts: dict[str, int] = {}
    rows: list[Foreseen] = []
    for backup, decision in zip(
        kept.backups, decide(candidates, limits, ctx.now, links=kept.links), strict=True
    ):
        counts[decision.outcome] = counts.get(decision.outcome, 0) + 1
        goes_at = foreseen.get(backup.id) if decision.goes_at is None else decision.goes_at
        if len(rows) < LISTED:
            rows.append(Foreseen(backup=backup, decision=decision, goes_at=goes_at))
    return ResourcePreview(resource=one, backups=rows, counts=counts)


def _warnings(definition: Mapping[str, Any], limits: Limits, shown: Sequence[ResourcePreview]) -> list[str]:
    """Say what somebody may not have meant."""
    told = []
    long_term = [name for name in LONG_TERM if definition.get(name)]
    if limits.is_endless and long_term:
        told.append(
            f"{long_term[0]} has no effect without max_backups: automatic backups are kept for ever; "
            "set max_backups to how many of the newest are kept besides"
        )
    told += [
        f"of {one.resource.resource_name or one.resource.resource_id} one backup stays and {one.counts[GOES]} go"
        for one in shown
        if one.counts.get(GOES) and one.counts.get(KEPT) == 1
    ]
    return told
