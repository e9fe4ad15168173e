"""Alembic's environment. A published revision is never changed; the next one is added beside it."""
