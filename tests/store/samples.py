"""Rows to put into the store, with just the fields a test cares about."""

import uuid
from datetime import UTC, datetime
from typing import Any

from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import PROVIDER_ID, SERVER, VOLUME, Resource, Vault
from opencbr.store import backups, checkpoints, disk_backups, vaults
from opencbr.store.statements import values_of

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
PROJECT = "5" * 32
OTHER = "6" * 32


def ident() -> str:
    return str(uuid.uuid4())


def vault(**fields) -> Vault:
    given = {"id": ident(), "project_id": PROJECT, "user_id": "u1", "name": "v"}
    return Vault(**{**given, "created_at": NOW, "updated_at": NOW, **fields})


def resource(in_vault: Vault, **fields) -> Resource:
    given = {"id": ident(), "vault_id": in_vault.id, "project_id": in_vault.project_id, "type": SERVER}
    return Resource(**{**given, "name": "web-1", "size_gb": 40, "created_at": NOW, **fields})


def checkpoint(in_vault: Vault, **fields) -> Checkpoint:
    given = {"id": ident(), "project_id": in_vault.project_id, "vault_id": in_vault.id, "user_id": "u1"}
    return Checkpoint(**{**given, "name": "c", "created_at": NOW, **fields})


def backup(of: Checkpoint, kind=Backup, **fields) -> Any:
    given = {
        "id": ident(),
        "project_id": of.project_id,
        "checkpoint_id": of.id,
        "vault_id": of.vault_id,
        "provider_id": PROVIDER_ID["server"],
        "name": "manualbk_0a1b",
        "resource_id": ident(),
        "resource_name": "web-1",
        "resource_type": SERVER,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return kind(**{**given, **fields})


def disk(of: Backup | Checkpoint, **fields) -> DiskBackup:
    """A disk backup: a child when `of` is a backup, a backup in its own right when it is a checkpoint."""
    given = {"resource_type": VOLUME, "status": "available", "cinder_backup_id": ident()}
    if isinstance(of, Checkpoint):
        return backup(of, kind=DiskBackup, **{**given, **fields})
    parent = Checkpoint(
        id=of.checkpoint_id,
        project_id=of.project_id,
        vault_id=of.vault_id,
        user_id="",
        name="",
        created_at=NOW,
    )
    return backup(parent, kind=DiskBackup, **{**given, "parent_id": of.id, **fields})


def plain(one: Backup) -> Backup:
    """A disk's backup as it is read without what holds it."""
    return Backup(**values_of(one, Backup))


def log(**fields) -> OperationLog:
    given = {"id": ident(), "project_id": PROJECT, "operation_type": "backup"}
    return OperationLog(**{**given, "created_at": NOW, "updated_at": NOW, **fields})


def kept_vault(conn, project_id: str = PROJECT) -> tuple[Vault, Checkpoint]:
    """Put a vault with one checkpoint into the database."""
    home = vault(project_id=project_id)
    vaults.insert(conn, home)
    point = checkpoint(home)
    checkpoints.insert(conn, point)
    return home, point


def keep(conn, *rows: Backup) -> None:
    """Put backups into the database, disks with what holds them in the cloud."""
    backups.insert_all(conn, rows)
    for one in rows:
        if isinstance(one, DiskBackup) and (one.cinder_backup_id or one.based_on):
            disk_backups.note(
                conn,
                one.project_id,
                one.id,
                now=one.updated_at,
                cinder_backup_id=one.cinder_backup_id,
                is_incremental=one.is_incremental,
                based_on=one.based_on,
                stored_mb=one.stored_mb,
            )
