"""Chapter Task of the contract."""

from opencbr.api.cbr.operation_logs import by_id, listing

ROUTES = (*listing.ROUTES, *by_id.ROUTES)
