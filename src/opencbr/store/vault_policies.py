"""Which vault has which policy: at most one of a type (contract 5.1)."""

from collections.abc import Collection

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete

from opencbr.model.policy import Policy
from opencbr.store import tables
from opencbr.store.statements import insert_or_replace, touched

_t = tables.vault_policy


def bind(conn: Connection, vault_id: str, policy: Policy) -> None:
    """Give a vault of the policy's project this policy, in place of one of the same type."""
    values = {
        "vault_id": vault_id,
        "operation_type": policy.operation_type,
        "project_id": policy.project_id,
        "policy_id": policy.id,
    }
    insert_or_replace(conn, _t, values)


def unbind(conn: Connection, project_id: str, vault_id: str, policy_id: str | None = None) -> bool:
    """Take a policy from a vault, or all that it has; say whether it had it."""
    query = sql_delete(_t).where(_t.c.project_id == project_id, _t.c.vault_id == vault_id)
    return touched(conn.execute(query if policy_id is None else query.where(_t.c.policy_id == policy_id)))


def policy_of(conn: Connection, project_id: str, vault_id: str, operation_type: str) -> str | None:
    """Return the id of the vault's policy of a type."""
    query = select(_t.c.policy_id).where(
        _t.c.project_id == project_id, _t.c.vault_id == vault_id, _t.c.operation_type == operation_type
    )
    return conn.execute(query).scalar_one_or_none()


def vaults_of(conn: Connection, project_id: str, policy_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Read the ids of the vaults that have each policy, oldest first; every given id has an entry."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(policy_ids, ())
    query = select(_t.c.policy_id, _t.c.vault_id).where(
        _t.c.project_id == project_id, _t.c.policy_id.in_(tuple(found))
    )
    for policy_id, vault_id in conn.execute(query.order_by(_t.c.vault_id)):
        found[policy_id] += (vault_id,)
    return found


def locked_vault_of(conn: Connection, project_id: str, policy_id: str) -> str | None:
    """Return the id of a locked vault that has this policy."""
    vault = tables.vault
    query = (
        select(_t.c.vault_id)
        .join(vault, vault.c.id == _t.c.vault_id)
        .where(_t.c.project_id == project_id, _t.c.policy_id == policy_id, vault.c.locked)
    )
    return conn.execute(query.order_by(_t.c.vault_id).limit(1)).scalar_one_or_none()
