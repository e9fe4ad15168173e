"""Deciding which backups of a resource stay (contract 5.6).

A policy counts the automatic backups that are good, and never takes a manual one, a pinned one, the last good one, the last
complete one, or one that is being restored. A time that a backup was given itself (`expired_at`) stands above the policy, in
both directions.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opencbr.model import statuses
from opencbr.model.report import COMPLETE
from opencbr.model.retention.decision import (
    BLOCKED,
    GOES,
    GOOD,
    IN_USE,
    KEPT,
    LEAVING,
    UNFINISHED,
    Candidate,
    Decision,
    Reason,
    told,
)
from opencbr.model.retention.limits import PERIODS, Limits, period_of

_LAST = Reason(
    "last_good",
    "kept because it is the newest good backup of the resource that does not expire: no policy takes that one",
)
_COMPLETE = Reason(
    "last_complete",
    "kept because it is the newest complete backup of the resource that does not expire: in newer ones something is missing",
)
_PINNED = Reason(
    "pinned", "kept because it is pinned: nothing removes it by itself until the pin is taken off"
)
_MANUAL = Reason("manual", "kept because it is a manual backup: no policy removes it")
_UNFINISHED = Reason("unfinished", "kept because it is being made")
_LEAVING = Reason("deleting", "goes: it is being deleted already")
_IN_USE = Reason("in_use", "blocked by a restore that reads it")
_ENDLESS = Reason("endless", "kept for ever: the policy sets neither max_backups nor retention_duration_days")


def decide(
    candidates: Collection[Candidate],
    limits: Limits,
    now: datetime,
    *,
    links: Mapping[str, Collection[str]] | None = None,
) -> list[Decision]:
    """Decide of all backups of one resource in one vault as things are `now`, newest first.

    `links` says of held backups, which are no candidates, what is built directly on each.
    """
    ordered = sorted(candidates, key=lambda one: (one.created_at, one.id), reverse=True)
    wanted = _wanted(ordered, limits, now)
    last = _last(ordered)
    decisions = [_decide(one, wanted.get(one.id, ()), limits, now, last=last.get(one.id)) for one in ordered]
    return _with_needs(ordered, decisions, links or {})


def _last(ordered: Sequence[Candidate]) -> dict[str, Reason]:
    """Say which backups no policy takes, since a server is had back from them: the newest good one, and the newest complete."""
    lasting = [one for one in ordered if one.is_lasting]
    complete = next((one for one in lasting if one.verdict == COMPLETE), None)
    found = {} if complete is None else {complete.id: _COMPLETE}
    return found | {one.id: _LAST for one in lasting[:1]}


def _wanted(ordered: Sequence[Candidate], limits: Limits, now: datetime) -> dict[str, list[Reason]]:
    """Say which automatic backups the policy itself keeps, and why."""
    automatic = [one for one in ordered if one.is_automatic]
    if limits.is_endless:
        return {one.id: [_ENDLESS] for one in automatic}
    if limits.duration_days >= 0:
        return {one.id: [_within(one, limits)] for one in automatic if _due(one.created_at, limits) > now}
    good = [one for one in automatic if one.status in GOOD]
    wanted = {
        one.id: [_among(place, limits)] for place, one in enumerate(good[: limits.max_backups], start=1)
    }
    for period in PERIODS:
        seen: dict[str, str] = {}  # a period that has backups -> the newest of them
        for one in good:
            seen.setdefault(period_of(one.created_at, period, limits.zone), one.id)
        for name, backup_id in list(seen.items())[: limits.periods.get(period, 0)]:
            data = {"period": period, "name": name, "count": limits.periods[period]}
            text = f"kept because it is the newest of {name}, one of the {data['count']} newest {period}s with a backup"
            wanted.setdefault(backup_id, []).append(Reason(f"newest_of_{period}", text, data))
    newer = 0
    for one in automatic:
        if one.status in GOOD:
            newer += 1
        elif one.status == statuses.ERROR and newer < max(limits.max_backups, 1):
            enough = max(limits.max_backups, 1)
            text = f"kept because it failed and fewer than {enough} newer ones are good: failed ones do not count"
            wanted[one.id] = [Reason("failed", text, {"newer_good": newer})]
    return wanted


def _decide(
    one: Candidate, wanted: Sequence[Reason], limits: Limits, now: datetime, *, last: Reason | None
) -> Decision:
    if one.status in LEAVING:
        return Decision(backup_id=one.id, outcome=GOES, reasons=(_LEAVING,))
    if one.status in UNFINISHED:
        return Decision(backup_id=one.id, outcome=KEPT, reasons=(_UNFINISHED,))
    due: datetime | None = None
    why = _beyond(one, limits)
    if one.expired_at is not None:
        due, why = one.expired_at, _expired(one.expired_at, limits, now)
        wanted = [why] if one.expired_at > now else []
    elif not one.is_automatic:
        wanted = [_MANUAL]
    else:
        if limits.duration_days >= 0:
            due = _due(one.created_at, limits)
        wanted = [*wanted, *([last] if last else [])]
    if one.is_pinned:
        wanted = [_PINNED, *wanted]
    if wanted:
        stays = one.is_pinned or last is not None
        return Decision(backup_id=one.id, outcome=KEPT, reasons=tuple(wanted), goes_at=None if stays else due)
    outcome, reasons = (BLOCKED, (_IN_USE, why)) if one.status in IN_USE else (GOES, (why,))
    return Decision(backup_id=one.id, outcome=outcome, reasons=reasons, goes_at=due)


def _with_needs(
    ordered: Sequence[Candidate], decisions: Sequence[Decision], links: Mapping[str, Collection[str]]
) -> list[Decision]:
    """Name for each backup that goes the newest one that stays and needs its data, however indirectly."""
    above = dict(links) | {one.id: one.needed_by for one in ordered}
    staying = {one.backup_id: one.outcome != GOES for one in decisions}
    created = {one.id: one.created_at for one in ordered}
    found: list[Decision] = []
    for decision in decisions:
        needing: set[str] = set()
        ahead = [] if staying[decision.backup_id] else [*above[decision.backup_id]]
        while ahead:
            if (one := ahead.pop()) not in needing:
                needing.add(one)
                ahead += above.get(one, ())
        # What is neither here nor held here is a backup of another resource that had the disk: it stays.
        holders = [one for one in needing if staying.get(one, one not in above)]
        holding = max(holders, key=lambda one: (one in created, created.get(one), one), default=None)
        if holding is not None:
            text = (
                f"its data is blocked by the incremental {holding}, which needs it: it stays in the cloud, and counts, "
                "until that one goes"
            )
            reasons = (*decision.reasons, Reason("needed", text, {"backup_id": holding}))
            decision = replace(decision, reasons=reasons, needed_by=holding)  # noqa: PLW2901
        found.append(decision)
    return found


def _due(created_at: datetime, limits: Limits) -> datetime:
    """Return when a backup has been kept for as long as the policy says."""
    return created_at + timedelta(days=limits.duration_days)


def _within(one: Candidate, limits: Limits) -> Reason:
    due = _due(one.created_at, limits)
    text = f"kept for {limits.duration_days} days: goes on {told(due, limits.zone)}"
    return Reason("within_duration", text, {"days": limits.duration_days, "until": due})


def _among(place: int, limits: Limits) -> Reason:
    text = f"kept because it is number {place} of the {limits.max_backups} newest"
    return Reason("among_newest", text, {"place": place, "max_backups": limits.max_backups})


def _expired(expired_at: datetime, limits: Limits, now: datetime) -> Reason:
    moment = told(expired_at, limits.zone)
    if expired_at > now:
        return Reason("until_expiry", f"kept until its own expiry: goes on {moment}", {"until": expired_at})
    return Reason("expired", f"goes: its own expiry was {moment}", {"until": expired_at})


def _beyond(one: Candidate, limits: Limits) -> Reason:
    if limits.duration_days >= 0:
        due = _due(one.created_at, limits)
        text = f"goes: it was to be kept for {limits.duration_days} days, until {told(due, limits.zone)}"
        return Reason("beyond_duration", text, {"days": limits.duration_days, "until": due})
    periods = "".join(f", nor the newest of one of {n} {name}s" for name, n in limits.periods.items())
    text = f"goes: it is not among the {limits.max_backups} newest{periods}"
    if one.status == statuses.ERROR:
        text = f"goes: it failed, and {max(limits.max_backups, 1)} newer ones are good"
    return Reason("beyond_count", text, {"max_backups": limits.max_backups})
