"""Chapter Backup of the contract."""

from opencbr.api.cbr.backups import by_id, listing, metadata, restore

ROUTES = (*listing.ROUTES, *by_id.ROUTES, *metadata.ROUTES, *restore.ROUTES)
