"""ShowRetentionPreview: what a policy would keep and delete of the backups that there are."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.plus.retention_previews.body import RetentionPreviewBody, preview_body
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import Text
from opencbr.model.errors import NO_SUCH_POLICY
from opencbr.service.retention_previews import Wanted

Limit = Annotated[int, Meta(ge=1, le=100, description="resources of a page at most")]
Offset = Annotated[int, Meta(ge=0, le=2**31 - 1, description="resources to leave out")]


class ShowRetentionPreviewQuery(Struct, kw_only=True):
    """Which resources."""

    vault_id: Annotated[Text | None, Meta(description="only resources of this vault")] = None
    resource_id: Annotated[Text | None, Meta(description="only this server or disk")] = None
    limit: Limit = 50
    offset: Offset = 0


def show_retention_preview(request: Request[ShowRetentionPreviewQuery, None]) -> RetentionPreviewBody:
    """Answer ShowRetentionPreview."""
    query = request.query
    wanted = Wanted(
        vault_id=query.vault_id or None,
        resource_id=query.resource_id or None,
        limit=query.limit,
        offset=query.offset,
    )
    preview = request.services.retention_previews.of_policy(request.ctx, request.path["policy_id"], wanted)
    return preview_body(preview, query.limit, query.offset)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "ShowRetentionPreview",
            "GET",
            "/v3/{project_id}/policies/{policy_id}/retention-preview",
            "Retention",
        ),
        handler=show_retention_preview,
        right="cbr:policies:get",
        summary="Show what a policy's retention would delete",
        description=(
            "Says of each backup of the resources in the policy's vaults whether the policy keeps it, why, and when it goes. "
            "The policy cleans up after an automatic backup that has succeeded; nothing is deleted by asking. This operation "
            "is opencbr's own."
        ),
        errors=(NO_SUCH_POLICY,),
    ),
)
