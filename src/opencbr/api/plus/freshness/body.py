"""How fresh a resource is, as it is answered."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from opencbr.model.backup import Backup
from opencbr.model.errors import wire_code
from opencbr.model.extend_info import RESTORE_TESTED
from opencbr.model.freshness import ResourceFreshness, age_seconds
from opencbr.model.policy_run import PolicyRun
from opencbr.model.times import wire_time


class FreshnessBackup(Struct, kw_only=True):
    """The newest backup of a resource of some kind."""

    backup_id: Annotated[str, Meta(description="the backup")]
    verdict: Annotated[
        str | None, Meta(description="what its record says of itself: complete, partial or drifted")
    ]
    created_at: Annotated[str | None, Meta(description="when it was asked for, UTC without a zone")]
    age_seconds: Annotated[int, Meta(description="whole seconds since then")]


class FreshnessTestedBackup(FreshnessBackup, kw_only=True):
    """The newest backup of a resource whose newest drill has come up."""

    drill_id: Annotated[str, Meta(description="that drill")]
    drill_verdict: Annotated[
        str | None, Meta(description="passed, or unchecked: nobody looked at its content")
    ]
    tested_at: Annotated[str | None, Meta(description="when the drill ended, UTC without a zone")]


class FreshnessRun(Struct, kw_only=True):
    """The last run of a resource that has ended, as ListPolicyRuns has it."""

    id: Annotated[str, Meta(description="its id")]
    status: Annotated[str, Meta(description="success, failed, missed or skipped")]
    late: Annotated[
        bool, Meta(description="whether it was run though no worker was there in its start window")
    ]
    code: Annotated[str, Meta(description="why it ended so, as a whole code of the catalogue; or empty")]
    reason: Annotated[str, Meta(description="the same as a sentence, or empty")]
    due_at: Annotated[str | None, Meta(description="when the policy was due, UTC without a zone")]
    ended_at: Annotated[str | None, Meta(description="when it ended")]


class FreshnessRow(Struct, kw_only=True):
    """How fresh one bound resource is."""

    id: Annotated[str, Meta(description="the server or disk")]
    name: Annotated[str, Meta(description="its name when it was bound")]
    type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    vault_id: Annotated[str, Meta(description="the vault that it is bound to")]
    vault_name: Annotated[str, Meta(description="the vault's name")]
    bound_at: Annotated[str | None, Meta(description="since when it is bound, UTC without a zone")]
    auto_protect: Annotated[bool, Meta(description="false while it is suspended: no policy backs it up")]
    unprotected_since: Annotated[
        str | None,
        Meta(description="`created_at` of the newest complete backup; without one, since when it is bound"),
    ]
    unprotected_seconds: Annotated[int, Meta(description="whole seconds since then: its unprotected age")]
    newest_complete: Annotated[
        FreshnessBackup | None,
        Meta(description="the newest finished backup whose verdict is complete, or null"),
    ]
    newest_finished: Annotated[
        FreshnessBackup | None, Meta(description="the newest finished backup whatever its verdict, or null")
    ]
    newest_restore_tested: Annotated[
        FreshnessTestedBackup | None,
        Meta(description="the newest finished backup that is restore-tested, or null"),
    ]
    policy_id: Annotated[str | None, Meta(description="the policy of its vault, or null")]
    missed_runs: Annotated[int, Meta(description="runs of that policy for it that were missed")]
    late_runs: Annotated[int, Meta(description="runs of that policy for it that were late")]
    last_run: Annotated[
        FreshnessRun | None,
        Meta(description="of the runs of that policy that have ended, the one that was due last, or null"),
    ]


def freshness_row(one: ResourceFreshness, now: datetime) -> FreshnessRow:
    """Write how fresh a resource is, ages as they are `now`."""
    return FreshnessRow(
        id=one.id,
        name=one.name,
        type=one.type,
        vault_id=one.vault_id,
        vault_name=one.vault_name,
        bound_at=wire_time(one.bound_at),
        auto_protect=one.auto_protect,
        unprotected_since=wire_time(one.unprotected_since),
        unprotected_seconds=age_seconds(one.unprotected_since, now),
        newest_complete=_backup(one.newest_complete, now),
        newest_finished=_backup(one.newest_finished, now),
        newest_restore_tested=_tested(one.newest_restore_tested, now),
        policy_id=one.policy_id,
        missed_runs=one.missed_runs,
        late_runs=one.late_runs,
        last_run=_run(one.last_run),
    )


def _backup(backup: Backup | None, now: datetime) -> FreshnessBackup | None:
    if backup is None:
        return None
    return FreshnessBackup(
        backup_id=backup.id,
        verdict=backup.verdict,
        created_at=wire_time(backup.created_at),
        age_seconds=age_seconds(backup.created_at, now),
    )


def _tested(backup: Backup | None, now: datetime) -> FreshnessTestedBackup | None:
    if backup is None:
        return None
    drill = backup.extend_info[RESTORE_TESTED]
    return FreshnessTestedBackup(
        backup_id=backup.id,
        verdict=backup.verdict,
        created_at=wire_time(backup.created_at),
        age_seconds=age_seconds(backup.created_at, now),
        drill_id=drill["drill_id"],
        drill_verdict=drill["verdict"],
        tested_at=drill["tested_at"],
    )


def _run(run: PolicyRun | None) -> FreshnessRun | None:
    if run is None:
        return None
    return FreshnessRun(
        id=run.id,
        status=run.status,
        late=run.late,
        code=wire_code(run.code) if run.code else "",
        reason=run.reason,
        due_at=wire_time(run.due_at),
        ended_at=wire_time(run.ended_at),
    )
