"""Which policy a vault has: bound with the vault or later, taken away, and what forbids it (contract 5.1, 5.6)."""

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.errors import NO_SUCH_POLICY, UNFIT_POLICY, VAULT_UNCHANGEABLE, CbrError
from opencbr.model.ids import is_uuid
from opencbr.model.policy import BACKUP, DRILL, Policy
from opencbr.model.retention.limits import limits_of
from opencbr.model.vault import Vault
from opencbr.service.context import Context
from opencbr.store import policies, vault_backups, vault_policies


def get_policy(conn: Connection, ctx: Context, policy_id: str, *, lock: bool = False) -> Policy:
    """Read the policy; raises CbrError 6000. With `lock` nobody else changes or removes it meanwhile."""
    found = policies.get(conn, ctx.project_id, policy_id, lock=lock) if is_uuid(policy_id) else None
    if found is None:
        raise CbrError(
            NO_SUCH_POLICY,
            f"There is no policy {policy_id[:64]} in this project: check the id and the project.",
        )
    return found


def bind_policy(
    conn: Connection, ctx: Context, vault: Vault, policy_id: str, *, operation_type: str | None = None
) -> None:
    """Give a vault, which is read with its lock, a policy in place of the one of its type that it has.

    The same one again is no change (T13). With `operation_type` it must be one of that type. Raises CbrError 6000, 6136 (a
    hybrid vault), 6127 (it does not fit the vault), 6110 (being deleted; or locked, and it has another policy, or keeps its
    automatic backups for ever and would not any more).
    """
    _refuse_deleting(vault)
    policy = get_policy(conn, ctx, policy_id, lock=True)
    if operation_type not in (None, policy.operation_type):
        raise CbrError(
            UNFIT_POLICY,
            f"Policy {policy.id} has operation_type {policy.operation_type}, and here one of {operation_type} is wanted: "
            "name another one; AssociateVaultPolicy gives a vault one of each.",
        )
    if policy.operation_type == DRILL and vault.object_type != "server":
        raise CbrError(
            UNFIT_POLICY,
            f"Vault {vault.id} is for disks, and policy {policy.id} drills servers: use a vault for servers.",
        )
    if vault.cloud_type == "hybrid":
        raise CbrError(
            "6136", f"Vault {vault.id} is hybrid and takes no policy: use a vault with cloud_type public."
        )
    bound = vault_policies.policy_of(conn, ctx.project_id, vault.id, policy.operation_type)
    if vault.locked and policy.operation_type == BACKUP and bound not in {None, policy.id}:
        raise CbrError(
            VAULT_UNCHANGEABLE, f"Vault {vault.id} is locked: it keeps its policy {bound}, change that one."
        )
    if vault.locked and policy.operation_type == BACKUP and bound is None:
        _refuse_shorter(conn, vault, policy)
    vault_policies.bind(conn, vault.id, policy)


def unbind_policy(conn: Connection, ctx: Context, vault: Vault, policy_id: str) -> None:
    """Take a policy from a vault, which is read with its lock.

    Raises CbrError 6000, 6002 (the vault has another or none), 6110 (being deleted, or locked).
    """
    _refuse_deleting(vault)
    policy = get_policy(conn, ctx, policy_id)
    bound = vault_policies.policy_of(conn, ctx.project_id, vault.id, policy.operation_type)
    if bound != policy.id:
        raise CbrError(
            "6002",
            f"Vault {vault.id} does not have policy {policy.id}: ListPolicies with vault_id tells which it has.",
        )
    if vault.locked and policy.operation_type == BACKUP:
        raise CbrError(VAULT_UNCHANGEABLE, f"Vault {vault.id} is locked: its policy stays.")
    vault_policies.unbind(conn, ctx.project_id, vault.id, policy.id)


def _refuse_shorter(conn: Connection, vault: Vault, policy: Policy) -> None:
    """Refuse a policy that ends what a locked vault without one keeps for ever. Raises CbrError 6110."""
    if limits_of(policy.definition).is_endless:
        return
    if vault_backups.has_automatic(conn, vault.project_id, vault.id, after=None):
        raise CbrError(
            VAULT_UNCHANGEABLE,
            f"Vault {vault.id} is locked and has no policy, so that its automatic backups are kept for ever, and policy "
            f"{policy.id} would let them go: use one without max_backups and retention_duration_days.",
        )


def _refuse_deleting(vault: Vault) -> None:
    if vault.status == statuses.DELETING:
        raise CbrError(VAULT_UNCHANGEABLE, f"Vault {vault.id} is being deleted: use another one.")
