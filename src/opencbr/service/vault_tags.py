"""Tags of vaults: give them, take them off, and find vaults by them (contract 3.9, 5.9)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.errors import VAULT_UNCHANGEABLE, CbrError
from opencbr.model.lists import Listing, Page, VaultFilter
from opencbr.model.vault import MAX_TAGS
from opencbr.service.context import Context
from opencbr.service.vault_views import VaultView, views
from opencbr.service.vaults import get_vault
from opencbr.store import vault_tags, vaults
from opencbr.store.database import Database

Tags = dict[str, str]
"""Values by their keys, in the order they were given."""


class VaultTags:
    """The use cases of the chapter; every one touches the context's project alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, ctx: Context, wanted: VaultFilter, page: Page) -> Listing[VaultView]:
        """Return one page of the vaults that match, and how many match in all."""
        with self._database.read() as conn:
            listing = vaults.list(conn, ctx.project_id, wanted, page)
            return Listing(items=views(conn, ctx.project_id, listing.items), count=listing.count)

    def count(self, ctx: Context, wanted: VaultFilter) -> int:
        """Return how many vaults match."""
        with self._database.read() as conn:
            return vaults.list(conn, ctx.project_id, wanted, Page(limit=1)).count

    def of_project(self, ctx: Context) -> dict[str, list[str]]:
        """Return the keys that the project's vaults bear, each with its different values."""
        with self._database.read() as conn:
            return vault_tags.of_project(conn, ctx.project_id)

    def of_vault(self, ctx: Context, vault_id: str) -> Tags:
        """Return the tags of a vault. Raises CbrError 6105."""
        with self._database.read() as conn:
            return dict(get_vault(conn, ctx, vault_id).tags)

    def give(self, ctx: Context, vault_id: str, tags: Mapping[str, str]) -> None:
        """Give a vault these tags, all or none; a key that it bears gets the new value, and keeps its place.

        Raises CbrError 6105, 6110 (being deleted), 6600 (more than a vault may bear).
        """
        self._change(ctx, vault_id, lambda borne: borne | dict(tags))

    def take_off(self, ctx: Context, vault_id: str, tags: Mapping[str, str | None]) -> None:
        """Take these tags off a vault, where it bears them: by the key alone, or with a value, only that one.

        Raises CbrError 6105, 6110 (being deleted).
        """
        self._change(
            ctx,
            vault_id,
            lambda borne: {k: v for k, v in borne.items() if k not in tags or tags[k] not in (None, v)},
        )

    def take_off_one(self, ctx: Context, vault_id: str, key: str) -> None:
        """Take one tag off a vault. Raises CbrError 6105, 6110 (being deleted), 6601 (it does not bear the key)."""

        def without(borne: Tags) -> Tags:
            if key not in borne:
                raise CbrError(
                    "6601",
                    f"Vault {vault_id} has no tag with the key {key[:127]!r}: ShowVaultTag lists them.",
                )
            return {k: v for k, v in borne.items() if k != key}

        self._change(ctx, vault_id, without)

    def _change(self, ctx: Context, vault_id: str, change: Callable[[Tags], Tags]) -> None:
        def work(conn: Connection) -> None:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            if vault.status == statuses.DELETING:
                raise CbrError(
                    VAULT_UNCHANGEABLE, f"Vault {vault.id} is being deleted and cannot be changed."
                )
            borne = dict(vault.tags)
            tags = change(borne)
            if len(tags) > max(MAX_TAGS, len(borne)):
                raise CbrError(
                    "6600",
                    f"Vault {vault.id} would bear {len(tags)} tags, and may bear {MAX_TAGS}: delete some first.",
                )
            if tags != borne:
                vault_tags.replace(conn, replace(vault, tags=tuple(tags.items())))
                vaults.update(conn, ctx.project_id, vault.id, updated_at=ctx.now)

        self._database.transact(work)
