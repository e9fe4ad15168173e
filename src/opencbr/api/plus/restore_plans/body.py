"""A restore plan as it is answered."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from opencbr.api.plus.restore_plans.mapped_choices import mapping_of
from opencbr.api.plus.restore_plans.mapping import PlanMapping
from opencbr.model.restore_plan.rows import Row
from opencbr.model.times import wire_time
from opencbr.service.restore_plans import ShownPlan

RestoredAs = Annotated[
    Literal["new_server", "new_volume", "in_place"],
    Meta(
        description="what the backup is restored as: new_server, of a server's; new_volume, one disk of it, or a disk's; "
        "in_place, over the disks of the server, or over the disk"
    ),
]
PlannedAs = Annotated[
    Literal["new_server", "new_volume", "in_place", "new_resources"],
    Meta(
        description="what is restored: a backup as new_server, new_volume or in_place, or all backups of a checkpoint as "
        "new_resources"
    ),
]


class PlanRow(Struct):
    """One captured field, and what becomes of it."""

    document: Annotated[str, Meta(description="the document of the record that it stands in")]
    field: Annotated[str, Meta(description="its path in the document, with dots between")]
    value: Annotated[Any, Meta(description="what was captured; a value that is not for everybody is masked")]
    fate: Annotated[
        str,
        Meta(
            description="kept, mapped, new, lost, refused; undecided while the mapping does not say enough; unhandled for a "
            "field that no rule knows"
        ),
    ]
    target: Annotated[str | None, Meta(description="the id of what takes its place, null for nothing else")]
    reason: Annotated[str, Meta(description="why, as a sentence")]


class PlanProblem(Struct):
    """Why the plan is refused."""

    document: Annotated[str, Meta(description="the document of the record, empty for a quota")]
    field: Annotated[
        str, Meta(description="the path in it, empty for the whole document, or the name of the quota")
    ]
    sentence: Annotated[str, Meta(description="what is wrong and what to change")]
    ids: Annotated[list[str], Meta(description="the ids that are involved")]
    backup_id: Annotated[
        str | None,
        Meta(description="of a checkpoint: the backup that this is about, null for several of them"),
    ] = None


class PlanChoice(Struct):
    """What is still to be chosen."""

    member: Annotated[str, Meta(description="the member of the mapping")]
    options: Annotated[list[str], Meta(description="what it may be")]
    sentence: Annotated[str, Meta(description="why it is asked")]


class PlannedBackup(Struct):
    """One backup of a checkpoint."""

    backup_id: Annotated[str, Meta(description="the backup that is to be restored")]
    resource_name: Annotated[str, Meta(description="the name of the server or disk that was backed up")]
    rows: Annotated[list[PlanRow], Meta(description="every captured field that no other backup of it has")]


class RestorePlan(Struct):
    """What a restore will do."""

    id: Annotated[str, Meta(description="its id")]
    backup_id: Annotated[
        str | None, Meta(description="the backup that is to be restored, null of a checkpoint")
    ]
    checkpoint_id: Annotated[
        str | None,
        Meta(description="the checkpoint all of whose backups are to be restored, null of one backup"),
    ]
    as_: PlannedAs = field(name="as")
    status: Annotated[
        str,
        Meta(
            description="ready, incomplete (something is to be chosen) or refused (something stands against it)"
        ),
    ]
    digest: Annotated[
        str,
        Meta(
            description="SHA-256 over record, mapping and all that the plan says: what it is held against when it is applied"
        ),
    ]
    created_at: Annotated[str | None, Meta(description="when it was made")]
    expires_at: Annotated[str | None, Meta(description="until when it is kept")]
    mapping: Annotated[PlanMapping, Meta(description="what was chosen, and what was filled in")]
    choices: Annotated[list[PlanChoice], Meta(description="what is still to be chosen")]
    problems: Annotated[list[PlanProblem], Meta(description="why it is refused")]
    notices: Annotated[list[str], Meta(description="what else somebody should know who applies it")]
    counts: Annotated[dict[str, int], Meta(description="how many captured fields have each fate")]
    rows: Annotated[
        list[PlanRow],
        Meta(
            description="every captured field and what becomes of it; of a checkpoint those of what several backups have, "
            "which is made once"
        ),
    ]
    backups: Annotated[
        list[PlannedBackup], Meta(description="of a checkpoint: what is restored, each with its own fields")
    ]


class RestorePlanBody(Struct):
    """The envelope of one plan."""

    restore_plan: Annotated[RestorePlan, Meta(description="the plan")]


def plan_body(shown: ShownPlan) -> RestorePlanBody:
    """Write a plan as it is answered."""
    return RestorePlanBody(
        RestorePlan(
            id=shown.id,
            backup_id=shown.backup_id,
            checkpoint_id=shown.checkpoint_id,
            as_=shown.kind,  # type: ignore[arg-type]  # one of the words that the type names
            status=shown.status,
            digest=shown.digest,
            created_at=wire_time(shown.created_at),
            expires_at=wire_time(shown.expires_at),
            mapping=mapping_of(shown.mapping),
            choices=[PlanChoice(one.member, list(one.options), one.sentence) for one in shown.choices],
            problems=[
                PlanProblem(one.document, one.field, one.sentence, list(one.ids), one.backup_id)
                for one in shown.problems
            ],
            notices=list(shown.notices),
            counts=dict(shown.counts),
            rows=_rows(shown.rows),
            backups=[
                PlannedBackup(one.backup_id, one.resource_name, _rows(one.rows)) for one in shown.backups
            ],
        )
    )


def _rows(rows: Sequence[Row]) -> list[PlanRow]:
    return [PlanRow(r.document, r.field, r.value, r.fate, r.target, r.reason) for r in rows]
