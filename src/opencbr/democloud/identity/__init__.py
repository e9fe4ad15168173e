"""Keystone v3: tokens, projects, users, roles, the catalogue and EC2 keys."""
