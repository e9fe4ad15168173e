"""`opencbr db`: the schema of the database."""

import click

from opencbr import wiring
from opencbr.cli.app import Session, Unusable, pass_session
from opencbr.cli.output import say

_TELL_ROWS = 20_000


@click.group()
def db() -> None:
    """Bring the database up to date, or carry everything to another one."""


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


@db.command()
@click.argument("target", envvar="OPENCBR_COPY_TO", metavar="URL")
@pass_session
def copy(session: Session, target: str) -> None:
    """Copy everything from the configured database into an empty one, for instance from SQLite to PostgreSQL.

    URL is postgresql+psycopg://user:password@host/name or sqlite:///path; the variable OPENCBR_COPY_TO, given instead,
    keeps the password out of the list of processes.

    \b
    1. Stop every `serve` and `worker`. Running workers are refused; a server that still runs would go on
       writing into the old database.
    2. OPENCBR_COPY_TO=postgresql+psycopg://... opencbr db copy
    3. Set [database] url to the new one, and compare: opencbr record chain --head heads.json, with what
       `opencbr record chain --json` said before.
    4. Start `serve` and `worker` again.

    The key folder stays as it is. Records, their chains and the ledger are copied byte for byte, in one transaction:
    all or nothing. The jobs' journal is not copied: jobs that were under way begin anew with the first worker and find
    what they had made. A target that has any rows, or a journal, is refused, and the old database is not changed.
    """  # noqa: D301 -- \b keeps click from joining the lines
    told: dict[str, int] = {}

    def tell(table: str, done: int, total: int) -> None:
        if done == total or done - told.get(table, 0) >= _TELL_ROWS:
            told[table] = done
            say(f"{table:15} {done:9} of {total} rows")

    copied = wiring.copy_database(session.config, target, tell)
    say(f"copied {sum(copied.values())} rows; now set [database] url, then run `opencbr record chain`")
