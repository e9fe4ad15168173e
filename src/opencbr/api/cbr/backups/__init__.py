"""Chapter Backup of the contract."""

from opencbr.api.cbr.backups import by_id, listing, metadata

ROUTES = (*listing.ROUTES, *by_id.ROUTES, *metadata.ROUTES)
