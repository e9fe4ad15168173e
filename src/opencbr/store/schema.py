"""The schema's revisions: Alembic, run inside a transaction that the caller holds."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection

_FOLDER = Path(__file__).parent / "migrations"


def upgrade_schema(connection: Connection) -> list[str]:
    """Apply every revision that is missing; return their names, oldest first."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    current, head = current_revision(connection), head_revision()
    if current == head:
        return []
    missing = [
        step.revision for step in ScriptDirectory(str(_FOLDER)).iterate_revisions(head, current or "base")
    ]
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return missing[::-1]


def current_revision(connection: Connection) -> str | None:
    """Name the revision that the database is at; None before the first upgrade."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


@cache
def head_revision() -> str:
    """Name the newest revision that this program knows."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(_FOLDER)).get_current_head()
    assert head is not None
    return head
