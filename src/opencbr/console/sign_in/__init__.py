"""Signing in and out: each way that Keystone knows, none of which stays in the browser readable."""
