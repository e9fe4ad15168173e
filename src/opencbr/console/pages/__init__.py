"""What the project has: overview, vaults, backups and operation logs as lists and pages."""
