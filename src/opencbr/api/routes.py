"""The one route table: routing, validation, rights and the OpenAPI document all come from it."""

from opencbr.api import start_up
from opencbr.api.cbr import (
    backups,
    checkpoints,
    operation_logs,
    policies,
    protectables,
    storage_usage,
    vault_tags,
    vaults,
)
from opencbr.api.plus import (
    drills,
    freshness,
    pins,
    policy_runs,
    record,
    restore_plans,
    retention_previews,
    way_back,
)
from opencbr.api.route import Route

ROUTES: tuple[Route, ...] = (
    *vaults.ROUTES,
    *protectables.ROUTES,
    *checkpoints.ROUTES,
    *backups.ROUTES,
    *policies.ROUTES,
    *operation_logs.ROUTES,
    *vault_tags.ROUTES,
    *storage_usage.ROUTES,
    *record.ROUTES,
    *restore_plans.ROUTES,
    *way_back.ROUTES,
    *drills.ROUTES,
    *policy_runs.ROUTES,
    *freshness.ROUTES,
    *pins.ROUTES,
    *retention_previews.ROUTES,
    *start_up.ROUTES,
)
