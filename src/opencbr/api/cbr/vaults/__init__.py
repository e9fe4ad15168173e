"""Chapter Vault of the contract."""

from opencbr.api.cbr.vaults import batch, by_id, create, expiration, listing, migration, policies, resources

ROUTES = (
    *listing.ROUTES,
    *create.ROUTES,
    *batch.ROUTES,
    *by_id.ROUTES,
    *resources.ROUTES,
    *migration.ROUTES,
    *expiration.ROUTES,
    *policies.ROUTES,
)
