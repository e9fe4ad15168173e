"""Chapter Vault of the contract."""

from opencbr.api.cbr.vaults import by_id, create, listing, policies, resources

ROUTES = (*listing.ROUTES, *create.ROUTES, *by_id.ROUTES, *resources.ROUTES, *policies.ROUTES)
