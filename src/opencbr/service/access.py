"""Who may see a backup, and whose it is: resolved once a request, and handed on (contract 5.7)."""

from typing import NoReturn

from sqlalchemy import Connection

from opencbr.model.access import Access
from opencbr.model.backup import Backup
from opencbr.model.errors import CATALOGUE, NO_SUCH_BACKUP, NOT_ALLOWED, CbrError
from opencbr.model.ids import is_uuid
from opencbr.store import backups, members


def find_visible(
    conn: Connection, reader: str, backup_id: str, *, lock: bool = False
) -> tuple[Access, Backup]:
    """Read a backup that the project has or shares; raises 404/6200 for all others.

    With `lock` nobody else changes it until the transaction ends.
    """
    access = members.access_to(conn, reader, backup_id) if is_uuid(backup_id) else None
    backup = None if access is None else backups.get(conn, access.owner, backup_id, lock=lock)
    if access is None or backup is None:
        no_such_backup(backup_id)
    return access, backup


def find_own(conn: Connection, project_id: str, backup_id: str, *, lock: bool = False) -> Backup:
    """Read a backup that is the project's to change; with `lock` nobody else changes it until the transaction ends.

    Raises 403/8600 for one that another project shares with it, 404/6200 for all others.
    """
    access, backup = find_visible(conn, project_id, backup_id, lock=lock)
    if access.shared:
        raise CbrError(
            NOT_ALLOWED, "The backup is shared with this project: only the project that has it can change it."
        )
    return backup


def no_such_backup(backup_id: str) -> NoReturn:
    """Raise 404/6200."""
    raise CbrError(NO_SUCH_BACKUP, f"{CATALOGUE[NO_SUCH_BACKUP].sentence} Asked for: {backup_id[:64]}.")
