"""Chapter Tag of the contract."""

from opencbr.api.cbr.vault_tags import batch, finding, of_vault

ROUTES = (*finding.ROUTES, *of_vault.ROUTES, *batch.ROUTES)
