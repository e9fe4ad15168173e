"""Chapter Protectable of the contract."""

from opencbr.api.cbr.protectables import by_id, listing

ROUTES = (*listing.ROUTES, *by_id.ROUTES)
