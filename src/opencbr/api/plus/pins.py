"""PinBackup and UnpinBackup, which are opencbr's own: what is pinned is removed by nobody but a person."""

from opencbr.api.cbr.backups.body import backup_body
from opencbr.api.cbr.backups.by_id import ShowBackupBody
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import BACKUP_UNDELETABLE, NO_SUCH_BACKUP


def pin_backup(request: Request[None, None]) -> ShowBackupBody:
    """Answer PinBackup."""
    return _pinned(request, pinned=True)


def unpin_backup(request: Request[None, None]) -> ShowBackupBody:
    """Answer UnpinBackup."""
    return _pinned(request, pinned=False)


def _pinned(request: Request[None, None], *, pinned: bool) -> ShowBackupBody:
    view = request.services.backups.pin(request.ctx, request.path["backup_id"], pinned=pinned)
    return ShowBackupBody(backup_body(view.backup, view.children))


_PIN = "/v3/{project_id}/backups/{backup_id}/pin"

ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("PinBackup", "PUT", _PIN, "Retention"),
        handler=pin_backup,
        right="cbr:backups:pin",
        summary="Pin a backup",
        description=(
            "Keeps a backup from whatever would remove it by itself: no policy counts it out, and its `expired_at` passes "
            "without an effect, until the pin is taken off. DeleteBackup deletes it all the same. Lists and ShowBackup tell "
            "since when in `extend_info.pinned_at`. It may be sent again. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, BACKUP_UNDELETABLE),
    ),
    Route(
        operation=Operation("UnpinBackup", "DELETE", _PIN, "Retention"),
        handler=unpin_backup,
        right="cbr:backups:pin",
        summary="Take the pin off a backup",
        description=(
            "Lets a backup go by itself again: at its `expired_at`, at once when that has passed, or when a policy no longer "
            "keeps it. It may be sent again. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, BACKUP_UNDELETABLE),
    ),
)
