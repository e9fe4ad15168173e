"""Which automatic backups a policy keeps, which go, and why (contract 5.6)."""
