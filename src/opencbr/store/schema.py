"""The schema's revisions: Alembic, run inside a transaction that the caller holds."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from opencbr.store.errors import NewerSchema

_FOLDER = Path(__file__).parent / "migrations"


def upgrade_schema(connection: Connection) -> list[str]:
    """Apply every revision that is missing; return their names, oldest first. Raises NewerSchema."""
    from alembic import command
    from alembic.config import Config

    missing = missing_revisions(connection)
    if not missing:
        return []
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return missing


def missing_revisions(connection: Connection) -> list[str]:
    """Name the revisions that the database has still to go through, oldest first.

    Raises NewerSchema when it is at one that this program does not know.
    """
    from alembic.runtime.migration import MigrationContext

    current, known = MigrationContext.configure(connection).get_current_revision(), _revisions()
    if current is None:
        return list(known)
    if current not in known:
        raise NewerSchema(current)
    return list(known[known.index(current) + 1 :])


@cache
def _revisions() -> tuple[str, ...]:
    """Name all revisions that this program knows, oldest first."""
    from alembic.script import ScriptDirectory

    found = [step.revision for step in ScriptDirectory(str(_FOLDER)).walk_revisions()]
    return tuple(reversed(found))
