"""When the backups that a policy keeps today will go, if its next runs all succeed and are complete."""

from collections.abc import Collection, Sequence
from datetime import datetime

from opencbr.model.retention.decide import decide
from opencbr.model.retention.decision import GOES, Candidate
from opencbr.model.retention.limits import Limits


def forecast(
    candidates: Collection[Candidate], limits: Limits, runs: Sequence[datetime]
) -> dict[str, datetime]:
    """Return for each backup that goes after one of the coming `runs` the time of that run.

    A policy cleans up after a good automatic backup (contract 5.6): each run adds one, and the backups that go leave.
    """
    standing, going = list(candidates), dict[str, datetime]()
    for place, moment in enumerate(runs):
        standing.append(Candidate(id=f"~{place:06}", created_at=moment))
        gone = {one.backup_id for one in decide(standing, limits, moment) if one.outcome == GOES}
        going |= dict.fromkeys(gone, moment)
        standing = [one for one in standing if one.id not in gone]
    return {backup_id: moment for backup_id, moment in going.items() if not backup_id.startswith("~")}
