"""One day on which all backups of a vault expire (contract 3.1, update-backup-expiration-time)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.errors import BAD_PARAMETER, VAULT_STATUS, VAULT_UNCHANGEABLE, CbrError
from opencbr.service import new_operations
from opencbr.service.context import Context
from opencbr.service.vaults import get_vault
from opencbr.store import vault_backups
from opencbr.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExpiry:
    """What was done: how many backups expire with this day now, and the operation log that tells it."""

    count: int
    day: date
    log_id: str


class VaultExpiry:
    """The use case; it touches the context's project alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, ctx: Context, vault_id: str, day: date, zone: tzinfo) -> NewExpiry:
        """Let all backups that the vault has now expire when this day ends in the zone; later ones are not touched.

        Raises CbrError 6105, 6112 (being deleted), 9900 (a day that
        has ended), 6110 (locked, and an automatic backup would expire earlier than now).
        """
        ends = _end_of(day, zone)
        if ends is None:
            raise CbrError(
                BAD_PARAMETER, f"expect_expiration_date: {day} is beyond all time; name an earlier day."
            )
        if ends <= ctx.now:
            raise CbrError(
                BAD_PARAMETER, f"expect_expiration_date: {day} has ended in this time zone; name a later day."
            )

        def work(conn: Connection) -> NewExpiry:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            if vault.status == statuses.DELETING:
                raise CbrError(VAULT_STATUS, f"Vault {vault.id} is being deleted, and its backups with it.")
            if vault.locked and vault_backups.has_automatic(conn, ctx.project_id, vault.id, after=ends):
                raise CbrError(
                    VAULT_UNCHANGEABLE,
                    f"Vault {vault.id} is locked, and some of its automatic backups stay longer than {day}: "
                    "name a day after the last of them.",
                )
            count = vault_backups.set_expiry(conn, ctx.project_id, vault.id, ends, updated_at=ctx.now)
            log = new_operations.note_expiry(conn, ctx, vault, count=count, day=day)
            return NewExpiry(count=count, day=day, log_id=log.id)

        return self._database.transact(work)


def _end_of(day: date, zone: tzinfo) -> datetime | None:
    """Give the end of a day as a moment in UTC; None on the last days that there are."""
    try:
        return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    except OverflowError:
        return None
