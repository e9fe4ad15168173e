"""Chapter Policy of the contract."""

from opencbr.api.cbr.policies import by_id, create, listing

ROUTES = (*listing.ROUTES, *create.ROUTES, *by_id.ROUTES)
