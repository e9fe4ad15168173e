"""Restore drills: a backup is restored into an isolated network, looked at, and removed."""
