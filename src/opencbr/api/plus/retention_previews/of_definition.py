"""PreviewRetention: what a policy that is not there yet would keep and delete."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.policies.definition import WantedDefinition
from opencbr.api.plus.retention_previews.body import RetentionPreviewBody, preview_body
from opencbr.api.plus.retention_previews.of_policy import Limit, Offset
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import Id
from opencbr.service.retention_previews import Wanted


class WantedPreview(Struct, kw_only=True):
    """What to preview, and on which backups."""

    vault_id: Annotated[Id, Meta(description="the vault with the backups to decide of")]
    operation_definition: Annotated[
        WantedDefinition, Meta(description="how long backups would be kept, as in CreatePolicy")
    ]
    limit: Limit = 50
    offset: Offset = 0


class PreviewRetentionBody(Struct):
    """The request of PreviewRetention."""

    retention_preview: Annotated[WantedPreview, Meta(description="what to preview")]


def preview_retention(request: Request[None, PreviewRetentionBody]) -> RetentionPreviewBody:
    """Answer PreviewRetention."""
    asked = request.body.retention_preview
    wanted = Wanted(vault_id=asked.vault_id, limit=asked.limit, offset=asked.offset)
    preview = request.services.retention_previews.of_definition(
        request.ctx, asked.operation_definition.wanted(), wanted
    )
    return preview_body(preview, asked.limit, asked.offset)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("PreviewRetention", "POST", "/v3/{project_id}/retention-previews", "Retention"),
        handler=preview_retention,
        right="cbr:policies:get",
        summary="Show what a policy not yet made would delete",
        description=(
            "Says of each backup in a vault whether a policy with this `operation_definition` would keep it, why, and when it "
            "would go: look before you save it. Nothing is saved or deleted. This operation is opencbr's own."
        ),
        errors=("6105",),
    ),
)
