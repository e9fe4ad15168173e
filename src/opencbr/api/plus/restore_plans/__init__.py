"""Restore plans, opencbr's own: what a restore will do, field by field, before anything is touched."""

from opencbr.api.plus.restore_plans import by_id, create, listing

ROUTES = (*create.ROUTES, *by_id.ROUTES, *listing.ROUTES)
