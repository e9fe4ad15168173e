"""`opencbr db`: the schema of the database."""

import click

from opencbr import wiring
from opencbr.cli.app import Session, Unusable, pass_session
from opencbr.cli.output import say


@click.group()
def db() -> None:
    """Bring the database up to date."""


@db.command()
@pass_session
def upgrade(session: Session) -> None:
    """Apply every schema revision that is missing.

    Safe at any time, also from two machines at once: the second one waits and then finds nothing to do.
    Run it after each update of the program, before `serve` and `worker`.
    """
    from opencbr.store.errors import NewerSchema

    database = wiring.open_database(session.config)
    try:
        applied = database.upgrade()
    except NewerSchema as error:
        raise Unusable(str(error)) from error
    for revision in applied:
        say(f"applied {revision}")
    if not applied:
        say("the database is up to date")
