"""The threshold of a vault: a backup that ends while the vault holds so much of its size says so (contract 5.1)."""

from sqlalchemy import Connection

from opencbr.model.backup import Backup
from opencbr.model.vault import MB_IN_GB
from opencbr.store import vaults


def notice(conn: Connection, top: Backup, more_mb: int) -> str | None:
    """Say how full the backup's vault is with `more_mb` MiB besides what its rows hold.

    None below its threshold, and where its owner wants to hear nothing (`smn_notify` false).
    """
    vault = vaults.get(conn, top.project_id, top.vault_id)
    if vault is None or not vault.smn_notify:
        return None
    used_mb = vaults.usage(conn, [vault.id])[vault.id].used_mb + more_mb
    size_mb = vault.size_gb * MB_IN_GB
    if used_mb * 100 < vault.threshold * size_mb:
        return None
    return (
        f"vault {vault.id} holds {used_mb} MiB of {vault.size_gb} GiB, {used_mb * 100 // size_mb} % of its size: "
        f"its threshold of {vault.threshold} % is reached"
    )
