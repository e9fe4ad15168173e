"""Into which project a backup may be restored, besides its own: one where the caller may restore too."""

from opencbr.model.errors import NO_SUCH_RESOURCE, NOT_ALLOWED, CbrError
from opencbr.model.restore_plan.choices import Choices
from opencbr.service.context import Context

RESTORE_RIGHT = "cbr:backups:restore"


def refuse_project(ctx: Context, choices: Choices) -> None:
    """Refuse a mapping into a project in which the caller may not restore; Keystone is asked each time.

    Raises CbrError 6302 for a project that is none for the caller, 8600 for one where the right is missing; CloudError.
    """
    project_id = choices.project_id
    if project_id is None or project_id == ctx.project_id:
        return
    can = ctx.rights_in(project_id)
    if can is None:
        raise CbrError(
            NO_SUCH_RESOURCE,
            "There is no such project for this credential: name one in which its user has a role, with a credential that is "
            f"not bound to its own project. Asked for: {project_id[:64]}.",
        )
    if not can(RESTORE_RIGHT):
        raise CbrError(
            NOT_ALLOWED,
            f"Your roles in project {project_id[:64]} do not allow {RESTORE_RIGHT}: ask its admin for a role that does.",
        )
