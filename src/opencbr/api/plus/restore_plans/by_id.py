"""One restore plan."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.plus.restore_plans.body import RestorePlanBody, plan_body
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import (
    BACKUP_UNRESTORABLE,
    BAD_PARAMETER,
    BEING_REMOVED,
    BEING_RESTORED,
    NO_SUCH_BACKUP,
    NO_SUCH_RESOURCE,
)


def show_restore_plan(request: Request[None, None]) -> RestorePlanBody:
    """Answer ShowRestorePlan."""
    return plan_body(request.services.restore_plans.show(request.ctx, request.path["plan_id"]))


class ApplyRestorePlanAnswer(Struct):
    """The restore is requested."""

    job_id: Annotated[str, Meta(description="id of the operation log that tells how it goes and how it ends")]


def apply_restore_plan(request: Request[None, None]) -> ApplyRestorePlanAnswer:
    """Answer ApplyRestorePlan: the restore is requested, clients poll the operation log `job_id`."""
    return ApplyRestorePlanAnswer(
        request.services.restore_plans.apply(request.ctx, request.path["plan_id"]).id
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "ApplyRestorePlan", "POST", "/v3/{project_id}/restore-plans/{plan_id}/restore", "RestorePlan", 202
        ),
        handler=apply_restore_plan,
        right="cbr:backups:restore",
        summary="Restore as a plan says",
        description=(
            "Does what the plan says: makes a server with ports and disks, or a volume, and leaves untouched what is there; or "
            "writes over disks as RestoreBackup does. The cloud is asked again first: where the plan would say something else "
            "now, 409 says what has moved, and nothing is done. The answer comes at once: ask ShowOpLog with `job_id` until it "
            "is `success` or `failed`; a restore that fails removes what it has made. This operation is opencbr's own."
        ),
        errors=(
            *(NO_SUCH_BACKUP, NO_SUCH_RESOURCE, BACKUP_UNRESTORABLE, BEING_RESTORED),
            *("2002", "6202", BEING_REMOVED),
        ),
        conflicts=(BAD_PARAMETER,),
        upstream=True,
    ),
    Route(
        operation=Operation(
            "ShowRestorePlan", "GET", "/v3/{project_id}/restore-plans/{plan_id}", "RestorePlan"
        ),
        handler=show_restore_plan,
        right="cbr:backups:restore",
        summary="Show a restore plan",
        description=(
            "Gives a plan as it was made: the cloud is not asked again, but whether the caller may still restore in the other "
            "project that a plan goes into. A plan is gone when it has expired. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_RESOURCE,),
        upstream=True,
    ),
)
