"""A retention preview as clients see it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opencbr.model.retention.decision import BLOCKED, GOES, KEPT, Decision
from opencbr.model.times import wire_time
from opencbr.service.retention_previews import Foreseen, Preview, ResourcePreview


class RetentionReason(Struct):
    """Why, for people and for programs."""

    code: Annotated[
        str,
        Meta(
            description="of what is kept `among_newest`, `newest_of_day`, `…_week`, `…_month`, `…_year`, `within_duration`, "
            "`endless`, `last_good`, `last_complete`, `pinned`, `manual`, `until_expiry`, `failed` or `unfinished`; of what "
            "goes `beyond_count`, `beyond_duration`, `expired` or `deleting`, and `needed`; of what is blocked `in_use`"
        ),
    ]
    text: Annotated[str, Meta(description="the reason as a sentence")]
    data: Annotated[dict[str, Any], Meta(description="what the sentence tells, times in UTC without a zone")]


class RetentionDecision(Struct, kw_only=True):
    """One backup and what becomes of it."""

    backup_id: Annotated[str, Meta(description="id of the backup")]
    backup_name: Annotated[str, Meta(description="its name")]
    created_at: Annotated[str | None, Meta(description="when it was asked for, UTC without a zone")]
    status: Annotated[str, Meta(description="its status")]
    outcome: Annotated[
        Literal["kept", "goes", "blocked"],
        Meta(
            description="`kept`: it stays for now; `goes`: the next clean-up deletes it; `blocked`: it would go, and is in use"
        ),
    ]
    goes_at: Annotated[
        str | None,
        Meta(
            description="when it goes, as far as the next runs tell if they all succeed, UTC without a zone; null: not known"
        ),
    ]
    needed_by: Annotated[
        str | None,
        Meta(
            description="of one that goes: the backup that stays and needs its data, which lie in the cloud until that one goes"
        ),
    ]
    reasons: Annotated[list[RetentionReason], Meta(description="why, the first is the decisive one")]


class ResourceRetention(Struct, kw_only=True):
    """The backups of one resource in one vault."""

    vault_id: Annotated[str, Meta(description="the vault")]
    resource_id: Annotated[str, Meta(description="the server or disk")]
    resource_name: Annotated[str, Meta(description="its name at the time of a backup")]
    resource_type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    kept: Annotated[int, Meta(description="how many are kept, of all")]
    goes: Annotated[int, Meta(description="how many go, of all")]
    blocked: Annotated[int, Meta(description="how many would go and are in use, of all")]
    backups: Annotated[
        list[RetentionDecision], Meta(description="its backups, newest first, the newest 1000 of them")
    ]


class RetentionPreview(Struct, kw_only=True):
    """A page of resources; `count` is the number of all."""

    policy_id: Annotated[str | None, Meta(description="the policy; null for what is none yet")]
    operation_definition: Annotated[
        dict[str, Any], Meta(description="how long backups are kept, as it was previewed")
    ]
    next_runs: Annotated[
        list[str],
        Meta(
            description="the next runs, UTC without a zone; what is no policy yet runs as the vault's present one"
        ),
    ]
    warnings: Annotated[
        list[str], Meta(description="what somebody may not have meant, of this page, a sentence each")
    ]
    resources: Annotated[
        list[ResourceRetention], Meta(description="the resources of this page, by vault and id")
    ]
    count: Annotated[int, Meta(description="how many resources there are in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class RetentionPreviewBody(Struct):
    """The envelope."""

    retention_preview: Annotated[RetentionPreview, Meta(description="what is kept and what goes")]


def preview_body(preview: Preview, limit: int, offset: int) -> RetentionPreviewBody:
    """Write a preview for the wire."""
    return RetentionPreviewBody(
        RetentionPreview(
            policy_id=preview.policy_id,
            operation_definition=dict(preview.definition),
            next_runs=[str(wire_time(run)) for run in preview.next_runs],
            warnings=[*preview.warnings],
            resources=[_resource(one) for one in preview.resources],
            count=preview.count,
            limit=limit,
            offset=offset,
        )
    )


def _resource(shown: ResourcePreview) -> ResourceRetention:
    return ResourceRetention(
        vault_id=shown.resource.vault_id,
        resource_id=shown.resource.resource_id,
        resource_name=shown.resource.resource_name,
        resource_type=shown.resource.resource_type,
        kept=shown.counts.get(KEPT, 0),
        goes=shown.counts.get(GOES, 0),
        blocked=shown.counts.get(BLOCKED, 0),
        backups=[_decision(one) for one in shown.backups],
    )


def _decision(foreseen: Foreseen) -> RetentionDecision:
    backup, decision = foreseen.backup, foreseen.decision
    return RetentionDecision(
        backup_id=backup.id,
        backup_name=backup.name,
        created_at=wire_time(backup.created_at),
        status=backup.status,
        outcome=decision.outcome,
        goes_at=wire_time(foreseen.goes_at),
        needed_by=decision.needed_by,
        reasons=_reasons(decision),
    )


def _reasons(decision: Decision) -> list[RetentionReason]:
    return [
        RetentionReason(
            reason.code,
            reason.text,
            {name: wire_time(v) if isinstance(v, datetime) else v for name, v in reason.data.items()},
        )
        for reason in decision.reasons
    ]
