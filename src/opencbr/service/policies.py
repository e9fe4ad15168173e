"""Policies: make, show, list, change, delete, and which vaults have them (contract 3.7, 5.6)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model.errors import BAD_PARAMETER, VAULT_UNCHANGEABLE, CbrError
from opencbr.model.ids import new_id
from opencbr.model.lists import Listing, Page, PolicyFilter
from opencbr.model.policy import BACKUP, DRILL, MAX_POLICIES, RUNS_SHOWN, Policy, check_definition, shortens
from opencbr.model.schedule import check_patterns, check_time_zone, next_runs
from opencbr.service.context import Context
from opencbr.service.firing import note_passed
from opencbr.service.vault_policies import bind_policy, get_policy, unbind_policy
from opencbr.service.vaults import get_vault
from opencbr.store import policies, vault_policies
from opencbr.store.database import Database

_SCHEDULE = ("patterns", "time_zone", "enabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """What a client wants of a new policy; the fields mean what they mean in `model.policy.Policy`."""

    name: str
    operation_type: str
    patterns: tuple[str, ...]
    enabled: bool = True
    time_zone: str | None = None
    start_window_minutes: int | None = None
    definition: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """A policy, the ids of the vaults that have it, and when it fires next (UTC, in order; none while it is disabled)."""

    policy: Policy
    vault_ids: tuple[str, ...]
    next_runs: tuple[datetime, ...]


class Policies:
    """The use cases of the chapter; every one touches the context's project alone."""

    def __init__(self, database: Database, settings: ScheduleSettings) -> None:
        self._database = database
        self._settings = settings

    def create(self, ctx: Context, spec: PolicySpec) -> PolicyView:
        """Make a policy. It fires for the first time at the first of its times after now.

        Raises CbrError 6117 (a type that is not offered), 9900 (patterns, time zone or retention), 6001 (too many).
        """
        _check_type(spec.operation_type)
        policy = Policy(
            id=new_id(ctx.now),
            project_id=ctx.project_id,
            name=spec.name,
            operation_type=spec.operation_type,
            enabled=spec.enabled,
            patterns=spec.patterns,
            time_zone=spec.time_zone,
            start_window_minutes=spec.start_window_minutes,
            trigger_id=new_id(ctx.now),
            definition=spec.definition,
            created_at=ctx.now,
            updated_at=ctx.now,
        )
        _check(policy)
        policy = replace(policy, next_fire_at=_next_fire(policy, ctx.now))

        def work(conn: Connection) -> PolicyView:
            if policies.count_alone(conn, ctx.project_id, policy.operation_type) >= MAX_POLICIES:
                raise CbrError(
                    "6001", f"The project has {MAX_POLICIES} policies of this type already: delete one first."
                )
            policies.insert(conn, policy)
            return _views(conn, ctx, [policy])[0]

        return self._database.transact(work)

    def show(self, ctx: Context, policy_id: str) -> PolicyView:
        """Return one policy. Raises CbrError 6000 when the project has none of this id."""
        with self._database.read() as conn:
            return _views(conn, ctx, [get_policy(conn, ctx, policy_id)])[0]

    def list(self, ctx: Context, wanted: PolicyFilter, page: Page) -> Listing[PolicyView]:
        """Return a page of the project's policies and how many match in all. Raises UnknownMarker, UnknownSortKey."""
        with self._database.read() as conn:
            found = policies.list(conn, ctx.project_id, wanted, page)
            return Listing(_views(conn, ctx, found.items), found.count)

    def update(self, ctx: Context, policy_id: str, changes: dict[str, Any]) -> PolicyView:
        """Change fields of a policy, named as in `model.policy.Policy`; a definition is replaced as a whole.

        It goes on at the first of its times after now where they have changed, and as before where they have not. Those of
        the old times that have passed and that no worker has seen are written down as missed.

        Raises CbrError 6000, 9900 (patterns, time zone, retention, or another operation_type), 6110 (retention shortened that
        a locked vault has).
        """

        def work(conn: Connection) -> PolicyView:
            old = get_policy(conn, ctx, policy_id, lock=True)
            new = replace(old, **changes)
            if new == old:
                return _views(conn, ctx, [old])[0]
            if new.operation_type != old.operation_type:
                raise CbrError(
                    BAD_PARAMETER,
                    f"operation_type: a policy of type {old.operation_type} does not become one of type "
                    f"{new.operation_type}: leave it out, or make a new policy.",
                )
            _check(new)
            if shortens(old.definition, new.definition):
                _refuse_locked(conn, old, "what it keeps cannot become less")
            new = replace(new, updated_at=ctx.now)
            if any(getattr(new, name) != getattr(old, name) for name in _SCHEDULE):
                note_passed(conn, self._settings, old, ctx.now)
                new = replace(new, next_fire_at=_next_fire(new, ctx.now))
            written = {name: getattr(new, name) for name in (*changes, "next_fire_at", "updated_at")}
            policies.update(conn, ctx.project_id, policy_id, **written)
            return _views(conn, ctx, [new])[0]

        return self._database.transact(work)

    def delete(self, ctx: Context, policy_id: str) -> None:
        """Remove a policy with its bindings; backups stay. Raises CbrError 6000, 6110 (a locked vault has it)."""

        def work(conn: Connection) -> None:
            policy = get_policy(conn, ctx, policy_id, lock=True)
            _refuse_locked(conn, policy, "it stays")
            policies.delete(conn, ctx.project_id, policy.id)

        self._database.transact(work)

    def associate(self, ctx: Context, vault_id: str, policy_id: str) -> None:
        """Give a vault a policy, in place of the one it has. Raises CbrError 6105 and what binding raises."""
        self._with_vault(ctx, vault_id, policy_id, bind_policy)

    def dissociate(self, ctx: Context, vault_id: str, policy_id: str) -> None:
        """Take a policy from a vault. Raises CbrError 6105 and what unbinding raises."""
        self._with_vault(ctx, vault_id, policy_id, unbind_policy)

    def _with_vault(self, ctx: Context, vault_id: str, policy_id: str, act: Callable[..., None]) -> None:
        self._database.transact(
            lambda conn: act(conn, ctx, get_vault(conn, ctx, vault_id, lock=True), policy_id)
        )


def _check_type(operation_type: str) -> None:
    if operation_type not in (BACKUP, DRILL):
        raise CbrError(
            "6117", f"Policies with operation_type {operation_type} are not offered: use {BACKUP} or {DRILL}."
        )


def _check(policy: Policy) -> None:
    """Refuse what contradicts itself or never fires. Raises CbrError 9900 with the member to change."""
    with _told("trigger.properties.time_zone: "):
        if policy.time_zone is not None:
            check_time_zone(policy.time_zone)
    with _told("trigger.properties.pattern: "):
        check_patterns(policy.patterns, start=policy.created_at, time_zone=policy.time_zone)
    with _told("operation_definition."):
        check_definition(policy.definition, policy.operation_type)


@contextmanager
def _told(place: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise CbrError(BAD_PARAMETER, f"{place}{error}.") from error


def _refuse_locked(conn: Connection, policy: Policy, what: str) -> None:
    vault_id = vault_policies.locked_vault_of(conn, policy.project_id, policy.id)
    if vault_id is not None and policy.operation_type == BACKUP:
        raise CbrError(VAULT_UNCHANGEABLE, f"The locked vault {vault_id} has policy {policy.id}: {what}.")


def _next_fire(policy: Policy, now: datetime) -> datetime | None:
    """Say when a policy that was changed now fires: never at once, whatever it missed."""
    return next(iter(_runs(policy, now, 1)), None)


def _runs(policy: Policy, now: datetime, count: int) -> tuple[datetime, ...]:
    if not policy.enabled:
        return ()
    runs = next_runs(policy.patterns, now, start=policy.created_at, time_zone=policy.time_zone, count=count)
    return tuple(runs)


def _views(conn: Connection, ctx: Context, found: Sequence[Policy]) -> list[PolicyView]:
    bound = vault_policies.vaults_of(conn, ctx.project_id, [one.id for one in found])
    return [
        PolicyView(policy=one, vault_ids=bound[one.id], next_runs=_runs(one, ctx.now, RUNS_SHOWN))
        for one in found
    ]
