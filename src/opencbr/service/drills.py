"""Restore drills: a backup is restored into an isolated network, looked at and removed; what came of it is kept."""

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.backup import RECORDED, Backup
from opencbr.model.drill import Drill
from opencbr.model.errors import BAD_PARAMETER, BEING_RESTORED, NO_SUCH_BACKUP, NO_SUCH_RESOURCE, CbrError
from opencbr.model.ids import is_uuid
from opencbr.model.lists import BackupFilter, DrillFilter, Listing, Page
from opencbr.model.vault import SERVER
from opencbr.service import new_operations
from opencbr.service.access import find_own
from opencbr.service.context import Context
from opencbr.service.restores import not_available, refuse_vault
from opencbr.store import backups, drills
from opencbr.store.database import Database


class Drills:
    """The use cases; they touch the context's project alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, ctx: Context, *, backup_id: str | None = None, resource_id: str | None = None) -> Drill:
        """Ask for a drill of a backup, or of the newest backup of a server; a worker carries it out.

        Raises CbrError 9900 (none or both are named, or it is no server's backup), 6200 (no such backup, or the server has
        none), 8600 (another project shares it), 2005 (its status), 2010 (it is being restored).
        """
        if (backup_id is None) == (resource_id is None):
            raise CbrError(BAD_PARAMETER, "drill: name either backup_id or resource_id.")
        return self._database.transact(
            lambda conn: request(conn, ctx, backup_id or _newest(conn, ctx, resource_id or ""))
        )

    def list(self, ctx: Context, wanted: DrillFilter, page: Page) -> Listing[Drill]:
        """Return a page of the project's drills, newest first unless sorted. Raises UnknownMarker and UnknownSortKey."""
        with self._database.read() as conn:
            return drills.list(conn, ctx.project_id, wanted, page)

    def show(self, ctx: Context, drill_id: str) -> Drill:
        """Return a drill of the project. Raises CbrError 6302 for all others."""
        if is_uuid(drill_id):
            with self._database.read() as conn:
                drill = drills.get(conn, ctx.project_id, drill_id)
            if drill is not None:
                return drill
        raise CbrError(NO_SUCH_RESOURCE, f"There is no such drill. Asked for: {drill_id[:64]}.")


def request(conn: Connection, ctx: Context, backup_id: str) -> Drill:
    """Ask for a drill of a backup. Raises CbrError as `Drills.create` does."""
    backup = find_own(conn, ctx.project_id, backup_id, lock=True)
    _refuse(backup)
    vault = refuse_vault(conn, ctx, backup, lock=True)
    log = new_operations.request_drill(conn, ctx, backup, vault.name)
    if not backups.move_family(
        conn, ctx.project_id, backup.id, to=statuses.WAITING_RESTORE, updated_at=ctx.now
    ):
        raise CbrError(BEING_RESTORED)
    drill = Drill(
        id=log.id,
        project_id=ctx.project_id,
        backup_id=backup.id,
        backup_name=backup.name,
        resource_id=backup.resource_id,
        resource_name=backup.resource_name,
        created_at=ctx.now,
    )
    drills.insert(conn, drill)
    return drill


def _newest(conn: Connection, ctx: Context, resource_id: str) -> str:
    backup_id = newest_backup(conn, ctx.project_id, resource_id)
    if backup_id is None:
        sentence = f"The project has no finished backup of a server {resource_id[:64]}: back it up first."
        raise CbrError(NO_SUCH_BACKUP, sentence)
    return backup_id


def newest_backup(conn: Connection, project_id: str, resource_id: str, *vault_ids: str) -> str | None:
    """Find the newest finished backup of a server, in these vaults where some are named."""
    wanted = BackupFilter(
        vault_ids=vault_ids,
        resource_ids=(resource_id,),
        resource_types=(SERVER,),
        statuses=tuple(sorted(RECORDED)),
    )
    found = backups.list(conn, project_id, wanted, Page(limit=1)).items
    return found[0].id if found else None


def _refuse(backup: Backup) -> None:
    if backup.parent_id is not None:
        raise CbrError(
            BAD_PARAMETER,
            f"This is one disk of the server backup {backup.parent_id}: drill that one.",
        )
    if backup.resource_type != SERVER:
        raise CbrError(BAD_PARAMETER, "backup_id: the backup is of a disk, and only a server can be drilled.")
    if backup.status in (statuses.WAITING_RESTORE, statuses.RESTORING):
        raise CbrError(BEING_RESTORED, f"The backup is {backup.status}: wait for that restore to end.")
    if backup.status != statuses.AVAILABLE:
        raise not_available(backup)
