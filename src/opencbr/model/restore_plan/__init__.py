"""Restore plans: what a restore as a new server will do with every captured field, found out before anything is touched."""
