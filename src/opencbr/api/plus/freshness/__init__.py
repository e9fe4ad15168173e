"""Freshness, opencbr's own: how old the newest backups of what is bound are, in numbers and resource by resource."""

from opencbr.api.plus.freshness import resources, summary

ROUTES = (*summary.ROUTES, *resources.ROUTES)
