"""A run of a policy as it is answered."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.model.errors import wire_code
from opencbr.model.policy_run import PolicyRun
from opencbr.model.times import wire_time


class PolicyRunRow(Struct, kw_only=True):
    """One run of one resource. Each attempt is a backup of its own; the ids are the last one's."""

    id: Annotated[str, Meta(description="its id")]
    policy_id: Annotated[str, Meta(description="the policy that it is of")]
    vault_id: Annotated[str, Meta(description="the vault that the resource is in")]
    resource_id: Annotated[str, Meta(description="the server or disk")]
    resource_name: Annotated[str, Meta(description="its name when the policy fired")]
    resource_type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    operation_type: Annotated[str, Meta(description="`backup` or `drill`, as the policy's")]
    trigger: Annotated[str, Meta(description="`schedule`, or `request`: somebody has asked for it")]
    status: Annotated[
        str,
        Meta(
            description="waiting, running, success, failed; missed: it has not begun in its start window; skipped: it was not "
            "to be run, or a quota has no room for the drill"
        ),
    ]
    late: Annotated[
        bool, Meta(description="whether it is run though no worker was there in its start window")
    ]
    attempts: Annotated[int, Meta(description="how many backups, or drills, were begun for it")]
    code: Annotated[
        str, Meta(description="why it ended so or still waits, as a whole code of the catalogue; or empty")
    ]
    reason: Annotated[str, Meta(description="the same as a sentence, or empty")]
    checkpoint_id: Annotated[str | None, Meta(description="the checkpoint that it has become")]
    backup_id: Annotated[str | None, Meta(description="the backup; of a drill the one that is tried")]
    operation_log_id: Annotated[
        str | None, Meta(description="its operation log; of a drill also the drill's id")
    ]
    due_at: Annotated[str | None, Meta(description="when the policy was due, UTC without a zone")]
    begins_after: Annotated[str | None, Meta(description="it begins, or is tried again, no earlier")]
    start_by: Annotated[str | None, Meta(description="the end of its start window")]
    started_at: Annotated[str | None, Meta(description="when it began, the last time")]
    ended_at: Annotated[str | None, Meta(description="when it ended")]


def run_row(run: PolicyRun) -> PolicyRunRow:
    """Write a run for the wire."""
    return PolicyRunRow(
        id=run.id,
        policy_id=run.policy_id,
        vault_id=run.vault_id,
        resource_id=run.resource_id,
        resource_name=run.resource_name,
        resource_type=run.resource_type,
        operation_type=run.operation_type,
        trigger=run.trigger,
        status=run.status,
        late=run.late,
        attempts=run.attempts,
        code=wire_code(run.code) if run.code else "",
        reason=run.reason,
        checkpoint_id=run.checkpoint_id,
        backup_id=run.backup_id,
        operation_log_id=run.operation_log_id,
        due_at=wire_time(run.due_at),
        begins_after=wire_time(run.not_before),
        start_by=wire_time(run.start_by),
        started_at=wire_time(run.started_at),
        ended_at=wire_time(run.ended_at),
    )
