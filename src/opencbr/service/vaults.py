"""Vaults: make, show, list, change, and what is bound to them (contract 3.1, 4.1, 5.1)."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.model import statuses
from opencbr.model.errors import (
    BAD_PARAMETER,
    BEING_REMOVED,
    NOT_IN_VAULT,
    RESOURCE_BUSY,
    UNSUPPORTED_TYPE,
    VAULT_STATUS,
    VAULT_UNCHANGEABLE,
    CbrError,
)
from opencbr.model.ids import is_uuid, new_id
from opencbr.model.lists import Listing, Page, VaultFilter
from opencbr.model.policy import BACKUP
from opencbr.model.vault import MB_IN_GB, PROVIDER_ID, Resource, Vault
from opencbr.service import new_operations
from opencbr.service.context import Context
from opencbr.service.resources import Wanted, bind, check_wanted, look_up, refuse_repeats
from opencbr.service.vault_policies import bind_policy
from opencbr.service.vault_views import VaultView, views
from opencbr.store import bind_exclusions, resources, vault_backups, vaults
from opencbr.store.database import Database

_TASK = {statuses.PROTECTING: "A backup", statuses.RESTORING: "A restore"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSpec:
    """What a client wants of a new vault; `rest` holds further fields of `model.vault.Vault`."""

    name: str
    object_type: str
    protect_type: str
    consistent_level: str
    size_gb: int
    charging_mode: str = "post_paid"
    backup_policy_id: str | None = None
    resources: Sequence[Wanted] = ()
    rest: dict[str, Any] = field(default_factory=dict)


class Vaults:
    """The use cases of the chapter; every one touches the context's project alone."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        self._database = database
        self._cloud = cloud

    def create(self, ctx: Context, spec: VaultSpec) -> VaultView:
        """Make a vault and bind what it names, policy and resources, all or nothing.

        Raises CbrError 6116, 6128, 9900 for what this server does not offer, 6000, 6136, and what binding raises.
        """
        _check_offer(spec)
        check_wanted(spec.object_type, spec.resources)
        found = look_up(self._cloud.reader(), ctx.project_id, spec.resources)
        vault = Vault(
            id=new_id(ctx.now),
            project_id=ctx.project_id,
            user_id=ctx.actor.user_id,
            name=spec.name,
            object_type=spec.object_type,
            protect_type=spec.protect_type,
            consistent_level=spec.consistent_level,
            size_gb=spec.size_gb,
            created_at=ctx.now,
            updated_at=ctx.now,
            **spec.rest,
        )

        def work(conn: Connection) -> VaultView:
            vaults.insert(conn, vault)
            bind(conn, vault, spec.resources, found, ctx.now)
            if spec.backup_policy_id:
                bind_policy(conn, ctx, vault, spec.backup_policy_id, operation_type=BACKUP)
            return views(conn, ctx.project_id, [vault])[0]

        return self._database.transact(work)

    def show(self, ctx: Context, vault_id: str) -> VaultView:
        """Return one vault. Raises CbrError 6105 when the project has none of this id."""
        with self._database.read() as conn:
            return views(conn, ctx.project_id, [get_vault(conn, ctx, vault_id)])[0]

    def list(self, ctx: Context, wanted: VaultFilter, page: Page) -> Listing[VaultView]:
        """Return one page of the project's vaults and how many match in all."""
        with self._database.read() as conn:
            listing = vaults.list(conn, ctx.project_id, wanted, page)
            return Listing(items=views(conn, ctx.project_id, listing.items), count=listing.count)

    def summary(self, ctx: Context) -> tuple[int, int]:
        """Return the project's capacity and what is used of it, both in GiB; a begun GiB counts."""
        with self._database.read() as conn:
            size_gb, used_mb = vaults.summary(conn, ctx.project_id)
        return size_gb, -(-used_mb // MB_IN_GB)

    def update(self, ctx: Context, vault_id: str, changes: dict[str, Any]) -> VaultView:
        """Change fields of a vault, named as in `model.vault.Vault`.

        Raises CbrError 6105, 6110 (being deleted, or `locked` taken back), 6101 (a size below what is used).
        """

        def work(conn: Connection) -> VaultView:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            if vault.status == statuses.DELETING:
                raise CbrError(
                    VAULT_UNCHANGEABLE, f"Vault {vault.id} is being deleted and cannot be changed."
                )
            if vault.locked and changes.get("locked") is False:
                raise CbrError(
                    VAULT_UNCHANGEABLE,
                    f"Vault {vault.id} is locked for good: leave locked out, or send true.",
                )
            used_mb = vaults.usage(conn, [vault.id])[vault.id].used_mb
            if "size_gb" in changes and changes["size_gb"] * MB_IN_GB < used_mb:
                raise CbrError(
                    "6101",
                    f"Vault {vault.id} holds {used_mb} MiB: give at least {-(-used_mb // MB_IN_GB)} GiB.",
                )
            if changes:
                written = changes | {"updated_at": ctx.now}
                vaults.update(conn, ctx.project_id, vault.id, **written)
                vault = dataclasses.replace(vault, **written)
            return views(conn, ctx.project_id, [vault])[0]

        return self._database.transact(work)

    def update_all(self, ctx: Context, changes: dict[str, Any]) -> Sequence[str]:
        """Change fields of all vaults of the project, named as in `model.vault.Vault`; return the ids of those changed.

        A vault that is being deleted is left out.
        """
        return self._database.transact(
            lambda conn: vaults.update_all(conn, ctx.project_id, **changes, updated_at=ctx.now)
        )

    def add_resources(self, ctx: Context, vault_id: str, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Bind resources, all or none; return their ids.

        Raises CbrError 6105, 6108 (vault status) and what binding raises.
        """
        with self._database.read() as conn:
            vault = get_vault(conn, ctx, vault_id)
        check_wanted(vault.object_type, wanted)
        found = look_up(self._cloud.reader(), ctx.project_id, wanted)

        def work(conn: Connection) -> Sequence[str]:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            if vault.status != statuses.AVAILABLE:
                raise CbrError(
                    "6108", f"Vault {vault.id} is {vault.status} and takes no resources: use another vault."
                )
            return bind(conn, vault, wanted, found, ctx.now)

        return self._database.transact(work)

    def remove_resources(self, ctx: Context, vault_id: str, resource_ids: Sequence[str]) -> Sequence[str]:
        """Ask for the removal of resources with their backups, one operation log each; return their ids.

        Bind rules leave them alone from now on.

        Raises CbrError 6105, 6104, 6110 (locked), 6112 (vault status), 6135 (not bound here), 6125 (busy),
        6134 (being removed).
        """
        refuse_repeats(resource_ids)

        def work(conn: Connection) -> Sequence[str]:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            if vault.status != statuses.AVAILABLE:
                raise CbrError(
                    VAULT_STATUS, f"Vault {vault.id} is {vault.status}: wait until it is available."
                )
            if vault.locked:
                raise CbrError(
                    VAULT_UNCHANGEABLE,
                    f"Vault {vault.id} is locked: its resources and backups stay until they expire.",
                )
            held = {r.id: r for r in bound_to(conn, vault)}
            for resource_id in resource_ids:
                resource = find_bound(held, vault, resource_id)
                refuse_busy(resource)
                # A restore of a backup in another vault has locked that one, and may have begun since this was read.
                if not resources.set_status(
                    conn, ctx.project_id, resource.id, statuses.REMOVING, only_from=resources.AT_REST
                ):
                    raise CbrError(
                        RESOURCE_BUSY, f"A task of resource {resource.id} has begun: wait for it to end."
                    )
                bind_exclusions.add(conn, ctx.project_id, resource.id, now=ctx.now)
                new_operations.request_removal(conn, ctx, vault, resource)
            return [*resource_ids]

        return self._database.transact(work)

    def delete(self, ctx: Context, vault_id: str) -> None:
        """Ask for the end of a vault: a job deletes its backups, its bindings and then itself.

        Raises CbrError 6105, 6112 (deleting already), 6110 (locked, with automatic backups), 6125 or 6134 (a resource
        is busy).
        """

        def work(conn: Connection) -> None:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            if vault.status not in {statuses.AVAILABLE, statuses.ERROR}:
                raise CbrError(
                    VAULT_STATUS,
                    f"Vault {vault.id} is {vault.status}: it can be deleted when available or error.",
                )
            if vault.locked and vault_backups.has_automatic(conn, ctx.project_id, vault.id, after=ctx.now):
                raise CbrError(
                    VAULT_UNCHANGEABLE,
                    f"Vault {vault.id} is locked and holds automatic backups: it stays until they have expired.",
                )
            for resource in bound_to(conn, vault):
                refuse_busy(resource)
            vaults.update(conn, ctx.project_id, vault.id, status=statuses.DELETING, updated_at=ctx.now)
            new_operations.request_vault_deletion(conn, ctx, vault)

        self._database.transact(work)


def _check_offer(spec: VaultSpec) -> None:
    """Refuse what the wire knows and this server has not: other types, replicas, pre-paid."""
    if spec.object_type not in PROVIDER_ID:
        raise CbrError(
            UNSUPPORTED_TYPE, f"Vaults of object_type {spec.object_type} are not offered: use server or disk."
        )
    if spec.protect_type != "backup":
        raise CbrError("6128", f"Vaults with protect_type {spec.protect_type} are not offered: use backup.")
    if spec.charging_mode != "post_paid":
        raise CbrError(
            BAD_PARAMETER, "charging_mode pre_paid is not offered, there is no billing here: use post_paid."
        )


def get_vault(conn: Connection, ctx: Context, vault_id: str, *, lock: bool = False) -> Vault:
    """Read the vault; raises CbrError 6105.

    With `lock`, nobody else changes the vault or what is bound to it until the transaction ends.
    """
    vault = vaults.get(conn, ctx.project_id, vault_id, lock=lock) if is_uuid(vault_id) else None
    if vault is None:
        raise CbrError(
            "6105", f"There is no vault {vault_id[:64]} in this project: check the id and the project."
        )
    return vault


def bound_to(conn: Connection, vault: Vault) -> Sequence[Resource]:
    """Read what is bound to the vault, oldest binding first."""
    return resources.of_vaults(conn, vault.project_id, [vault.id]).get(vault.id, [])


def find_bound(held: Mapping[str, Resource], vault: Vault, resource_id: str) -> Resource:
    """Return one of the resources that the vault holds, by its id. Raises CbrError 6135 for what is none of them."""
    if resource_id not in held:
        raise CbrError(
            NOT_IN_VAULT, f"Resource {resource_id[:64]} is not in vault {vault.id}: name one that is."
        )
    return held[resource_id]


def refuse_busy(resource: Resource) -> None:
    """Raise CbrError 6125 while a backup or restore of the resource runs, 6134 while it is being removed."""
    if resource.protect_status in _TASK:
        raise CbrError(
            RESOURCE_BUSY,
            f"{_TASK[resource.protect_status]} of resource {resource.id} is running: wait for it to end.",
        )
    refuse_removing(resource)


def refuse_removing(resource: Resource) -> None:
    """Raise CbrError 6134 while the resource is being removed from its vault."""
    if resource.protect_status == statuses.REMOVING:
        raise CbrError(
            BEING_REMOVED, f"Resource {resource.id} is being removed already: wait for that to end."
        )
