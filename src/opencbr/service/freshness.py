"""Freshness: how old the newest backups of what is bound are, at the time of the call."""

from opencbr.model.freshness import FreshnessSummary, ResourceFreshness, VaultFreshness
from opencbr.model.lists import FreshnessFilter, Listing, Page, VaultFilter
from opencbr.service.context import Context
from opencbr.store import freshness, vaults
from opencbr.store.database import Database


class Freshness:
    """The use cases; they touch the context's project alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def show(self, ctx: Context) -> FreshnessSummary:
        """Return the numbers of all that is bound in the project."""
        with self._database.read() as conn:
            return freshness.summary(conn, ctx.project_id)

    def vaults(self, ctx: Context, wanted: VaultFilter, page: Page) -> Listing[VaultFreshness]:
        """Return the numbers of each vault of a page, as ListVault gives it. Raises UnknownMarker, UnknownSortKey."""
        with self._database.read() as conn:
            found = vaults.list(conn, ctx.project_id, wanted, page)
            numbers = freshness.of_vaults(conn, ctx.project_id, [one.id for one in found.items])
        rows = [
            VaultFreshness(vault_id=one.id, vault_name=one.name, summary=numbers[one.id])
            for one in found.items
        ]
        return Listing(rows, found.count)

    def resources(self, ctx: Context, wanted: FreshnessFilter, page: Page) -> Listing[ResourceFreshness]:
        """Return a page of what is bound in the project. Raises UnknownMarker, UnknownSortKey."""
        with self._database.read() as conn:
            return freshness.list(conn, ctx.project_id, wanted, page)
