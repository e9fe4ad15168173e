"""Restore drills, opencbr's own: whether a backup can be restored, tried and kept as history."""

from opencbr.api.plus.drills import by_id, create, listing

ROUTES = (*create.ROUTES, *by_id.ROUTES, *listing.ROUTES)
