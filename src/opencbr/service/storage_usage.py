"""What the backups of each resource take (contract 3.11)."""

from opencbr.model.lists import Listing, Page, StorageUsageFilter
from opencbr.service.context import Context
from opencbr.store import storage_usage
from opencbr.store.database import Database
from opencbr.store.storage_usage import ResourceUsage

__all__ = ["ResourceUsage", "StorageUsage"]


class StorageUsage:
    """The use case of the chapter; it touches the context's project alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, ctx: Context, wanted: StorageUsageFilter, page: Page) -> Listing[ResourceUsage]:
        """Return a page of the resources that have backups, by their ids; raises UnknownMarker."""
        with self._database.read() as conn:
            return storage_usage.list(conn, ctx.project_id, wanted, page)
