"""A drill as it is answered."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.model.drill import Drill
from opencbr.model.times import wire_time


class DrillFinding(Struct):
    """One thing that was looked at."""

    kind: Annotated[
        str,
        Meta(
            description="server, disk or port, which every drill looks at; command, tcp or console: the operator's checks"
        ),
    ]
    name: Annotated[str, Meta(description="the name of the server, disk, port or check")]
    held: Annotated[bool, Meta(description="whether it is as it should be")]
    said: Annotated[str, Meta(description="what was seen")]


class DrillRow(Struct, kw_only=True):
    """A drill as a list has it."""

    id: Annotated[str, Meta(description="its id, which is also that of its operation log")]
    backup_id: Annotated[str, Meta(description="the backup that was restored")]
    backup_name: Annotated[str, Meta(description="the backup's name at that time")]
    resource_id: Annotated[str, Meta(description="the server that the backup is of")]
    resource_name: Annotated[str, Meta(description="the server's name")]
    verdict: Annotated[
        str | None,
        Meta(
            description="passed: it came up as planned and every check held; unchecked: it came up, and there is no check of "
            "its content; failed; skipped: a quota had no room; cancelled. Null while it runs"
        ),
    ]
    reason: Annotated[str, Meta(description="the verdict as a sentence")]
    duration_seconds: Annotated[
        float | None,
        Meta(
            description="how long the recovery took, from its begin until the server stood and its checks had held; null when "
            "it did not come so far"
        ),
    ]
    created_at: Annotated[str | None, Meta(description="when it was requested")]
    ended_at: Annotated[str | None, Meta(description="when all of it was removed again")]


class ShownDrill(DrillRow, kw_only=True):
    """A drill with all that was found."""

    findings: Annotated[list[DrillFinding], Meta(description="what was looked at, in this order")]


class DrillBody(Struct):
    """The envelope of one drill."""

    drill: Annotated[ShownDrill, Meta(description="the drill")]


def row_of(drill: Drill) -> DrillRow:
    """Write a drill as a list has it."""
    return DrillRow(
        id=drill.id,
        backup_id=drill.backup_id,
        backup_name=drill.backup_name,
        resource_id=drill.resource_id,
        resource_name=drill.resource_name,
        verdict=drill.verdict,
        reason=drill.reason,
        duration_seconds=None if drill.duration_seconds is None else round(drill.duration_seconds, 1),
        created_at=wire_time(drill.created_at),
        ended_at=wire_time(drill.ended_at),
    )


def drill_body(drill: Drill) -> DrillBody:
    """Write one drill with its findings."""
    row = row_of(drill)
    findings = [DrillFinding(one.kind, one.name, one.held, one.said) for one in drill.findings]
    return DrillBody(
        ShownDrill(**{name: getattr(row, name) for name in row.__struct_fields__}, findings=findings)
    )
