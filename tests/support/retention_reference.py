"""What a policy's retention lets go, slowly and obviously (contract 5.6)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from opencbr.model.report import COMPLETE
from opencbr.model.retention.decision import GOOD, IN_USE, LEAVING, UNFINISHED, Candidate
from opencbr.model.retention.limits import PERIODS, Limits, period_of


def goes(  # noqa: C901, PLR0911 -- one sentence of the contract after the other
    one: Candidate, all_: Collection[Candidate], limits: Limits, now: datetime
) -> bool:
    """Say whether a backup goes, asking of each one what the contract says, without any order or sum kept."""
    if one.status in LEAVING:
        return True
    if one.status in UNFINISHED | IN_USE or one.is_pinned:
        return False
    if one.expired_at is not None:
        return one.expired_at <= now
    if not one.is_automatic or (limits.max_backups < 0 and limits.duration_days < 0):
        return False
    newer = [c for c in all_ if (c.created_at, c.id) > (one.created_at, one.id) and c.status in GOOD]
    lasting = [c for c in newer if c.expired_at is None]
    if one.status in GOOD and not lasting:
        return False
    if one.status in GOOD and one.verdict == COMPLETE and not any(c.verdict == COMPLETE for c in lasting):
        return False
    if limits.duration_days >= 0:
        return now - one.created_at >= timedelta(days=limits.duration_days)
    newer = [c for c in newer if c.is_automatic]
    if one.status == "error":
        return len(newer) >= max(limits.max_backups, 1)
    if len(newer) < limits.max_backups:
        return False
    for period in PERIODS:
        mine = period_of(one.created_at, period, limits.zone)
        others = {period_of(c.created_at, period, limits.zone) for c in newer}
        if mine not in others and len(others) < limits.periods.get(period, 0):
            return False
    return True
