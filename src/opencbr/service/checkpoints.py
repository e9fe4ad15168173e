"""Checkpoints: ask for the backup of a vault's resources, and show what came of it (contract 3.2, 5.2)."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.model import statuses
from opencbr.model.checkpoint import Checkpoint, Skipped, checkpoint_status
from opencbr.model.errors import (
    BEING_BACKED_UP,
    BEING_REMOVED,
    BEING_RESTORED,
    CATALOGUE,
    NOT_IN_VAULT,
    NOTHING_TO_BACK_UP,
    RESOURCE_BUSY,
    SUSPENDED,
    CbrError,
    wire_code,
)
from opencbr.model.ids import is_uuid
from opencbr.model.vault import MAX_SIZE_GB, MB_IN_GB, Resource, Usage, Vault
from opencbr.service import new_operations
from opencbr.service.backup_targets import BackupTarget, find_targets
from opencbr.service.context import Context
from opencbr.service.new_checkpoint import CheckpointSpec, new_backup, new_checkpoint
from opencbr.service.resources import check_wanted, refuse_repeats
from opencbr.service.vault_policies import get_policy
from opencbr.service.vaults import bound_to, get_vault
from opencbr.store import backups, checkpoints, resources, restore_targets, vaults
from opencbr.store.database import Database

_GROWTH = 1.25
"""What a full vault with auto_expand grows by (contract 5.1)."""

_SUSPENDED = "It is suspended: automatic backups leave it out until set-resources lets it in again."

_BUSY = {
    statuses.PROTECTING: RESOURCE_BUSY,
    statuses.RESTORING: BEING_RESTORED,
    statuses.REMOVING: BEING_REMOVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointView:
    """A checkpoint, its derived status, its vault and how the resources it took stand now."""

    checkpoint: Checkpoint
    status: statuses.CheckpointStatus
    vault: Vault
    protect_status: dict[str, str]  # resource id -> status; a resource that left the vault is missing
    usage: dict[str, Usage]


class Checkpoints:
    """The use cases of the chapter; every one touches the context's project alone."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        self._database = database
        self._cloud = cloud

    def create(self, ctx: Context, spec: CheckpointSpec) -> CheckpointView:
        """Write checkpoint, backups and operation logs; workers find the logs and do the work.

        What cannot be backed up now is listed as skipped. Raises CbrError 6105, 6000 (policy), 6113 (vault status), 6114
        (vault full), 6135 (resource not in the vault), 0001 (nothing to back up), 1001 (everything asked for
        is being backed up).
        """
        refuse_repeats(spec.resource_ids)
        with self._database.read() as conn:
            vault = get_vault(conn, ctx, spec.vault_id)
            if spec.policy_id:
                get_policy(conn, ctx, spec.policy_id)
            check_wanted(vault.object_type, spec.details)
            chosen = _choose(conn, vault, spec)
        # The cloud is asked outside the transaction: nobody waits for a row while Nova thinks.
        seen = find_targets(self._cloud.reader(), chosen, {d.id: d for d in spec.details})
        return self._database.transact(lambda conn: request_checkpoint(conn, ctx, spec, seen))

    def show(self, ctx: Context, checkpoint_id: str) -> CheckpointView:
        """Return a checkpoint; raises CbrError 6217 when there is none or its last backup is gone (T4)."""
        with self._database.read() as conn:
            known = is_uuid(checkpoint_id)
            checkpoint = checkpoints.get(conn, ctx.project_id, checkpoint_id) if known else None
            if checkpoint is not None:
                status = checkpoint_status(
                    b.status for b in backups.of_checkpoint(conn, ctx.project_id, checkpoint.id)
                )
                vault = vaults.get(conn, ctx.project_id, checkpoint.vault_id)
                if status is not None and vault is not None:
                    return _view(conn, checkpoint, status, vault)
        raise no_such_checkpoint(checkpoint_id)


def no_such_checkpoint(checkpoint_id: str) -> CbrError:
    """Make the error for a checkpoint that is not the project's, or empty."""
    return CbrError(
        "6217",
        f"There is no checkpoint {checkpoint_id[:64]} in this project, or its last backup was deleted.",
    )


def _choose(conn: Connection, vault: Vault, spec: CheckpointSpec) -> list[Resource]:
    """Return the resources asked for, in the vault's order. Raises CbrError 0001, 6135."""
    bound = resources.of_vaults(conn, vault.project_id, [vault.id]).get(vault.id, [])
    wanted = {*spec.resource_ids, *(d.id for d in spec.details)}
    if foreign := sorted(wanted - {r.id for r in bound}):
        raise CbrError(
            NOT_IN_VAULT,
            f"Resource {foreign[0][:64]} is not in vault {vault.id}: bind it first, or name one that is.",
        )
    chosen = [r for r in bound if not wanted or r.id in wanted]
    if not chosen:
        raise CbrError(
            NOTHING_TO_BACK_UP, f"Vault {vault.id} has no resources: bind one with addresources first."
        )
    return chosen


class NothingTaken(CbrError):
    """Nothing that was asked for can be backed up now; `skipped` says why, each by itself."""

    def __init__(self, code: str, message: str, skipped: Sequence[Skipped]) -> None:
        super().__init__(code, message)
        self.skipped = tuple(skipped)


def request_checkpoint(
    conn: Connection, ctx: Context, spec: CheckpointSpec, seen: Collection[BackupTarget]
) -> CheckpointView:
    """Write checkpoint, backups and operation logs of what the cloud has shown.

    Raises CbrError 6105, 6113, 6114, and NothingTaken.
    """
    vault = get_vault(conn, ctx, spec.vault_id, lock=True)
    if vault.status != statuses.AVAILABLE:
        raise CbrError(
            "6113", f"Vault {vault.id} is {vault.status}: a backup needs a vault that is available."
        )
    _refuse_full(conn, vault, ctx)
    bound = {r.id: r for r in bound_to(conn, vault)}
    taken: list[BackupTarget] = []
    skipped: list[Skipped] = []
    for one in seen:
        held, trouble = bound.get(one.resource.id), one.trouble
        if held is None:  # removed, or moved to another vault, while the cloud was asked
            trouble = (NOT_IN_VAULT, CATALOGUE[NOT_IN_VAULT].sentence)
        elif spec.auto_trigger and not held.auto_protect:
            trouble = (SUSPENDED, _SUSPENDED)
        if trouble is None and restore_targets.is_taken(conn, ctx.project_id, one.resource.id):
            # Bound since the restore began: its own status does not say so.
            trouble = (BEING_RESTORED, CATALOGUE[BEING_RESTORED].sentence)
        if trouble is None and not resources.set_status(
            conn,
            ctx.project_id,
            one.resource.id,
            statuses.PROTECTING,
            only_from=resources.AT_REST,
        ):
            now = resources.get(conn, ctx.project_id, one.resource.id)
            code = _BUSY.get(now.protect_status, RESOURCE_BUSY) if now else NOT_IN_VAULT
            trouble = (code, CATALOGUE[code].sentence)
        if trouble is None:
            taken.append(one)
        else:
            skipped.append(
                Skipped(
                    id=one.resource.id,
                    type=one.resource.type,
                    name=one.name,
                    code=wire_code(trouble[0]),
                    reason=trouble[1],
                )
            )
    if not taken:
        raise _nothing_left(skipped)
    checkpoint = new_checkpoint(ctx, spec, vault, taken, skipped)
    checkpoints.insert(conn, checkpoint)
    for one in taken:
        backup = new_backup(spec, checkpoint, vault, one)
        backups.insert(conn, backup)
        new_operations.request_backup(
            conn,
            ctx,
            vault,
            backup,
            spec.policy_id,
            full_backup_interval=spec.full_backup_interval,
            firing=spec.firing,
        )
    return _view(conn, checkpoint, statuses.PROTECTING, vault)


def _refuse_full(conn: Connection, vault: Vault, ctx: Context) -> None:
    """Refuse a vault that is full already (6114); a running backup is never cut off."""
    used_mb = vaults.usage(conn, [vault.id])[vault.id].used_mb
    size_gb = vault.size_gb
    while vault.auto_expand and size_gb < MAX_SIZE_GB and used_mb >= size_gb * MB_IN_GB:
        size_gb = min(math.ceil(size_gb * _GROWTH), MAX_SIZE_GB)
    if used_mb >= size_gb * MB_IN_GB:
        raise CbrError(
            "6114",
            f"Vault {vault.id} holds {used_mb} MiB of {size_gb} GiB: enlarge it or delete backups first.",
        )
    if size_gb != vault.size_gb:
        vaults.update(conn, vault.project_id, vault.id, size_gb=size_gb, updated_at=ctx.now)


def _nothing_left(skipped: Sequence[Skipped]) -> NothingTaken:
    reasons = " ".join(f"{s.id}: {s.reason}" for s in skipped[:3])
    if all(s.code == wire_code(RESOURCE_BUSY) for s in skipped):
        return NothingTaken(BEING_BACKED_UP, f"{CATALOGUE[BEING_BACKED_UP].sentence} {reasons}", skipped)
    return NothingTaken(NOTHING_TO_BACK_UP, f"Nothing is left to back up. {reasons}", skipped)


def _view(
    conn: Connection, checkpoint: Checkpoint, status: statuses.CheckpointStatus, vault: Vault
) -> CheckpointView:
    ids = [r["id"] for r in checkpoint.resources]
    bound = resources.of_vaults(conn, vault.project_id, [vault.id]).get(vault.id, [])
    return CheckpointView(
        checkpoint=checkpoint,
        status=status,
        vault=vault,
        protect_status={r.id: r.protect_status for r in bound if r.id in ids},
        usage=resources.usage(conn, vault.project_id, ids),
    )
