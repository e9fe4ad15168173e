"""OpenStack as this service needs it: sign-in, raw reads, a tenant's snapshots and backups, capture."""
