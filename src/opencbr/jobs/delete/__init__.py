"""The jobs that delete: one backup, all of a resource, all of a vault."""
