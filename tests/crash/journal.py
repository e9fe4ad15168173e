"""What the engine still has to do, read from outside."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dbos import DBOSClient

from opencbr.jobs.engine.dbos import journal_url
from opencbr.store.database import Database


def unfinished(database_url: str) -> list[str]:
    """Name the jobs that wait or run."""
    client = DBOSClient(system_database_url=journal_url(database_url), system_database_pool_size=1)
    try:
        found = client.list_workflows(status=["PENDING", "ENQUEUED"], load_input=False, load_output=False)
        return [workflow.workflow_id for workflow in found]
    finally:
        client.destroy()


@contextmanager
def between_writes(database_url: str) -> Iterator[None]:
    """Keep all others from writing to SQLite: whoever is frozen now holds no lock that would stop the rest."""
    with ExitStack() as held:
        for url in (database_url, journal_url(database_url)):
            if url.startswith("sqlite"):
                database = Database(url)
                held.callback(database.dispose)
                held.enter_context(database.write())
        yield
