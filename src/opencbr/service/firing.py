"""A policy fires: what was due becomes a run for each resource of its vaults, in the transaction that sets its next time.

Whoever fires compares the time that was due with the row, under its lock, and every run has an id made of policy, time and
resource: no number of workers fires twice. Of several times that have passed, only the last may still be run; those before it,
and it too when its start window is over and the operator wants no late runs, are written down as missed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model import policy_run as runs
from opencbr.model.ids import derived_id
from opencbr.model.policy import DRILL, Policy, sample_of
from opencbr.model.policy_run import PolicyRun
from opencbr.model.schedule import next_runs, runs_between
from opencbr.model.vault import Resource
from opencbr.service.drill_runs import sample
from opencbr.store import policies, policy_runs, resources, vault_policies

RECORDED = 24
"""Missed times of one policy that are written down; of a longer outage the newest."""

_BACK = timedelta(days=30)
_INSTANT = timedelta(microseconds=1)

_CHANGED = "the policy was changed after this time, and no worker had seen by then that it was due"
_NOBODY = "no worker was there in its start window, or the clock was put forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What came of a firing: how many runs `waiting` there are, and the times of the policy that had `passed` for good."""

    waiting: int
    passed: tuple[datetime, ...]


def fire(
    conn: Connection, settings: ScheduleSettings, project_id: str, policy_id: str, now: datetime
) -> Fired | None:
    """Fire a policy if it is due; return None when it is not, or when another has fired it."""
    policy = policies.get(conn, project_id, policy_id, lock=True)
    if policy is None or policy.next_fire_at is None or policy.next_fire_at > now:
        return None
    due = _passed(policy, now)
    following = next_runs(policy.patterns, now, start=policy.created_at, time_zone=policy.time_zone, count=1)
    if not policies.fired(conn, policy, following[0] if following else None):
        return None
    policy_runs.supersede(conn, policy.id, now=now)
    _note(conn, settings, policy, due[-1 - RECORDED : -1], now, reason=_NOBODY)
    waiting = 0
    until = following[0] if following else None
    for resource in subjects(conn, policy):
        place = _place(resource, settings, due[-1], until)
        run = new_run(policy, resource, due[-1], now, settings, place=place)
        if now > run.start_by and resource.created_at > run.due_at:
            continue  # it was bound since then, and has missed nothing
        if now > run.start_by and settings.run_missed:
            run = _late(run, now, _place(resource, settings, now, until))
        elif now > run.start_by:
            run = _missed(run, now, _NOBODY)
        if policy_runs.insert(conn, run) and run.status == runs.WAITING:
            waiting += 1
    over = due if now > due[-1] + window(policy, settings) else due[:-1]
    return Fired(waiting=waiting, passed=tuple(over))


def note_passed(conn: Connection, settings: ScheduleSettings, policy: Policy, now: datetime) -> None:
    """Write down as missed the times of a policy that have passed and have not fired, before its times change.

    The caller holds its row.
    """
    if policy.next_fire_at is not None and policy.next_fire_at <= now:
        _note(conn, settings, policy, _passed(policy, now)[-RECORDED:], now, reason=_CHANGED)


def subjects(conn: Connection, policy: Policy, *, bound_by: datetime | None = None) -> list[Resource]:
    """Read what a policy backs up, the resources of its vaults that follow it; or a sample of them, if it drills.

    With `bound_by` only those that were bound by then.
    """
    vault_ids = vault_policies.vaults_of(conn, policy.project_id, [policy.id])[policy.id]
    bound = resources.of_vaults(conn, policy.project_id, vault_ids)
    following = [
        [
            one
            for one in bound[vault_id]
            if one.auto_protect and (bound_by is None or one.created_at <= bound_by)
        ]
        for vault_id in vault_ids
    ]
    if policy.operation_type == DRILL:
        size = sample_of(policy.definition)
        following = [sample(conn, policy.project_id, of_vault, size) for of_vault in following]
    return [one for of_vault in following for one in of_vault]


def new_run(
    policy: Policy,
    resource: Resource,
    due_at: datetime,
    now: datetime,
    settings: ScheduleSettings,
    *,
    place: timedelta = timedelta(),
) -> PolicyRun:
    """Make the waiting run of a resource at one time; it begins `place` after that."""
    begins = due_at + place
    return PolicyRun(
        id=derived_id(policy.id, f"{due_at.isoformat()} {resource.id}"),
        project_id=policy.project_id,
        policy_id=policy.id,
        vault_id=resource.vault_id,
        resource_id=resource.id,
        resource_name=resource.name,
        resource_type=resource.type,
        operation_type=policy.operation_type,
        due_at=due_at,
        not_before=begins,
        start_by=begins + window(policy, settings),
        created_at=now,
    )


def window(policy: Policy, settings: ScheduleSettings) -> timedelta:
    """Return how long a run of the policy may wait to begin."""
    if policy.start_window_minutes is not None:
        return timedelta(minutes=policy.start_window_minutes)
    return timedelta(seconds=settings.start_window_seconds)


def _passed(policy: Policy, now: datetime) -> Sequence[datetime]:
    """Return the times that are due, the newest last; of an outage that is longer than `_BACK` the first and the end."""
    assert policy.next_fire_at is not None
    since = max(policy.next_fire_at, now - _BACK)
    later = runs_between(
        policy.patterns, since, now + _INSTANT, start=policy.created_at, time_zone=policy.time_zone
    )
    return [policy.next_fire_at, *later]


def _place(
    resource: Resource, settings: ScheduleSettings, begins: datetime, until: datetime | None
) -> timedelta:
    """Return the place of a resource in the spread, always the same part of it.

    The spread takes half of the time until the policy is due again (`until`) at most: what has not begun then is given up.
    """
    spread = timedelta(seconds=settings.spread_seconds)
    if until is not None:
        spread = min(spread, (until - begins) / 2)
    digest = hashlib.sha256(resource.id.encode()).digest()
    return timedelta(seconds=int(spread.total_seconds() * int.from_bytes(digest[:4]) / (1 << 32)))


def _note(
    conn: Connection,
    settings: ScheduleSettings,
    policy: Policy,
    times: Sequence[datetime],
    now: datetime,
    *,
    reason: str,
) -> None:
    """Write down that what was bound at these times has missed them; a time that stands in a run already is let be."""
    for due_at in times:
        for resource in subjects(conn, policy, bound_by=due_at):
            run = new_run(policy, resource, due_at, now, settings)
            policy_runs.insert(conn, _missed(run, now, reason))


def _missed(run: PolicyRun, now: datetime, reason: str) -> PolicyRun:
    return replace(run, status=runs.MISSED, reason=reason, ended_at=now)


def _late(run: PolicyRun, now: datetime, place: timedelta) -> PolicyRun:
    """Give a run a new start window that begins now, and a place in the spread after that."""
    begins = now + place
    return replace(
        run, late=True, reason=_NOBODY, not_before=begins, start_by=begins + (run.start_by - run.not_before)
    )
