"""Keystone v3: tokens, people, roles, the catalogue and EC2 keys."""
