"""Restores in place: a backup over the server or disk it was made of, or over another of the project (contract 3.4, 5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.reader import Reader
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import BACKUP_UNRESTORABLE, BAD_PARAMETER, BEING_RESTORED, CbrError
from opencbr.model.extend_info import LOST, is_lost, root_image_of
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import SERVER, Vault
from opencbr.service import new_operations
from opencbr.service.access import find_own
from opencbr.service.context import Context
from opencbr.service.resources import refuse_repeats
from opencbr.service.restore_claims import claim_targets
from opencbr.service.restore_disks import Target, judge_disk, judge_server
from opencbr.store import backups, vaults
from opencbr.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSpec:
    """What a client asks for. `mappings` are (backup of a disk, volume); none means every disk to where it came from.

    `resource_id` is a server or volume, by the type of what was backed up.
    """

    backup_id: str
    mappings: Sequence[tuple[str, str]] = ()
    server_id: str | None = None
    volume_id: str | None = None
    resource_id: str | None = None
    power_on: bool = True


class Restores:
    """The use case; it touches the context's project alone."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        self._database = database
        self._cloud = cloud

    def create(self, ctx: Context, spec: RestoreSpec) -> OperationLog:
        """Ask for a restore, and return its log; a worker carries it out. Everything is checked before anything is changed.

        Raises CbrError 6200 (no such backup), 8600 (another project shares it), 2005 (its status), 9900, 6104 (the request
        makes no sense), 6202 (its vault), 2002, 2010, 6134 (what it writes over is busy), and as `restore_disks`; CloudError.
        """
        with self._database.read() as conn:
            backup = find_own(conn, ctx.project_id, spec.backup_id)
            _refuse_disk_of_server(backup)
            _refuse_status(backup)
            children = backups.children(conn, ctx.project_id, [backup.id])[backup.id]
            refuse_vault(conn, ctx, backup)
            chosen = _chosen(conn, ctx, backup, children, spec)
        # Mappings name volumes alone: a request that has some leaves a root disk that is no volume as it is.
        image = None if spec.mappings else root_image_of(backup)
        # The cloud is asked outside the transaction: nobody waits for a row while Nova thinks.
        target = _find(self._cloud.reader(), backup, chosen, spec, image.id if image else None)
        return self._database.transact(lambda conn: _request(conn, ctx, spec, target))


def _find(
    reader: Reader, backup: Backup, chosen: dict[str, Backup], spec: RestoreSpec, root_image_id: str | None
) -> Target:
    if backup.resource_type == SERVER:
        server_id = spec.server_id or spec.resource_id
        return judge_server(reader, backup, server_id, chosen, root_image_id, power_on=spec.power_on).fit()
    (volume_id,) = chosen
    return judge_disk(reader, backup, None if volume_id == backup.resource_id else volume_id).fit()


def _chosen(
    conn: Connection, ctx: Context, backup: Backup, children: Sequence[Backup], spec: RestoreSpec
) -> dict[str, Backup]:
    """Return the backups of disks to restore, by the volumes that they are written over. Raises CbrError 6200, 6104, 9900."""
    one = spec.server_id if backup.resource_type == SERVER else spec.volume_id
    other = spec.volume_id if backup.resource_type == SERVER else spec.server_id
    if other is not None:
        wrong, right = (
            ("volume_id", "server_id") if backup.resource_type == SERVER else ("server_id", "volume_id")
        )
        raise CbrError(
            BAD_PARAMETER,
            f"{wrong}: the backup is of a {_kind(backup)}; name its target with {right}, or leave both out.",
        )
    if one is not None and spec.resource_id not in (None, one):
        raise CbrError(
            BAD_PARAMETER, f"resource_id: it names another {_kind(backup)} than the request does: give one."
        )
    disks = {child.id: child for child in children}
    if backup.resource_type != SERVER:
        disks = {backup.id: backup}
    if not spec.mappings:
        origin = spec.volume_id or spec.resource_id if backup.resource_type != SERVER else None
        return {origin or disk.resource_id: disk for disk in disks.values()}
    refuse_repeats(backup_id for backup_id, _ in spec.mappings)
    refuse_repeats(volume_id for _, volume_id in spec.mappings)
    for backup_id, _ in spec.mappings:
        if backup_id not in disks:
            find_own(conn, ctx.project_id, backup_id)
            raise CbrError(
                BAD_PARAMETER,
                f"mappings: backup {backup_id} is no disk of backup {backup.id}: take the ids from its children.",
            )
    if backup.resource_type != SERVER and (one or spec.resource_id) not in (None, spec.mappings[0][1]):
        raise CbrError(
            BAD_PARAMETER, "mappings: it names another disk than volume_id does: give one of them."
        )
    return {volume_id: disks[backup_id] for backup_id, volume_id in spec.mappings}


def _request(conn: Connection, ctx: Context, spec: RestoreSpec, target: Target) -> OperationLog:
    backup = find_own(conn, ctx.project_id, spec.backup_id, lock=True)
    _refuse_status(backup)
    vault = refuse_vault(conn, ctx, backup, lock=True)
    log = new_operations.request_restore(conn, ctx, backup, vault.name, target.overwrite)
    claim_targets(conn, ctx, log.id, target.request.targets)
    if not backups.move_family(
        conn, ctx.project_id, backup.id, to=statuses.WAITING_RESTORE, updated_at=ctx.now
    ):
        raise CbrError(BACKUP_UNRESTORABLE)
    return log


def _refuse_disk_of_server(backup: Backup) -> None:
    if backup.parent_id is not None:
        raise CbrError(
            BAD_PARAMETER,
            f"This is one disk of the server backup {backup.parent_id}: restore that one and name this disk in mappings.",
        )


def _refuse_status(backup: Backup) -> None:
    if backup.status in (statuses.WAITING_RESTORE, statuses.RESTORING):
        raise CbrError(BEING_RESTORED, f"The backup is {backup.status}: wait for that restore to end.")
    if backup.status != statuses.AVAILABLE:
        raise not_available(backup)


def not_available(backup: Backup) -> CbrError:
    """Make the error for a backup that cannot be restored; of one that the cloud has lost it says what is lost."""
    sentence = f"The backup is {backup.status}: only one that is available can be restored."
    lost = f" {backup.extend_info[LOST]}" if is_lost(backup) else ""
    return CbrError(BACKUP_UNRESTORABLE, sentence + lost)


def refuse_vault(conn: Connection, ctx: Context, backup: Backup, *, lock: bool = False) -> Vault:
    """Return the vault of a backup. Raises CbrError 6202 where it is not available.

    With `lock` nobody else changes it until the transaction ends.
    """
    vault = vaults.get(conn, ctx.project_id, backup.vault_id, lock=lock)
    if vault is None or vault.status != statuses.AVAILABLE:
        status = vault.status if vault else "gone"
        raise CbrError(
            "6202", f"The vault {backup.vault_id} of this backup is {status}: wait until it is available."
        )
    return vault


def _kind(backup: Backup) -> str:
    return "server" if backup.resource_type == SERVER else "disk"
