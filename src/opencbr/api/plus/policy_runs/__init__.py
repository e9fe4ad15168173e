"""Runs of policies, opencbr's own: ask for one now, and see what has come of those that were due."""

from opencbr.api.plus.policy_runs import create, listing

ROUTES = (*create.ROUTES, *listing.ROUTES)
