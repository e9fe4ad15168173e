"""What the engine still has to do, read from outside."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOSClient

from opencbr.jobs.engine.dbos import journal_url
from opencbr.store.database import Database
from support.postgres import maintenance
from support.processes import Processes


def unfinished(database_url: str) -> list[str]:
    """Name the jobs that wait or run."""
    return _listed(database_url, ["PENDING", "ENQUEUED"])


def journaled(database_url: str) -> set[str]:
    """Name all jobs that the journal knows."""
    return set(_listed(database_url, None))


def _listed(database_url: str, statuses: list[str] | None) -> list[str]:
    client = DBOSClient(system_database_url=journal_url(database_url), system_database_pool_size=1)
    try:
        found = client.list_workflows(status=statuses, load_input=False, load_output=False)
        return [workflow.workflow_id for workflow in found]
    finally:
        client.destroy()


def claim(database_url: str, job_id: str, worker: str) -> None:
    """Write that `worker` has claimed a job that another one holds, as a claim does whose answer was lost."""
    engine = sa.create_engine(journal_url(database_url))
    try:
        with engine.begin() as conn:
            table = "workflow_status" if conn.dialect.name == "sqlite" else "dbos.workflow_status"
            taken = conn.execute(
                sa.text(
                    f"UPDATE {table} SET executor_id = :worker WHERE workflow_uuid = :job AND status = 'PENDING'"
                ),
                {"worker": worker, "job": job_id},
            )
            assert taken.rowcount == 1
    finally:
        engine.dispose()


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


def freeze(processes: Processes, name: str, database_url: str) -> None:
    """Stop a process where it holds no lock: PostgreSQL ends such a session after a minute only, and the rest waits for it."""
    while True:
        with between_writes(database_url):
            processes.send(name, signal.SIGSTOP)
        if not _in_a_transaction(database_url, _ports(processes.pid(name))):
            return
        processes.send(name, signal.SIGCONT)


def _ports(pid: int) -> list[int]:
    """The local TCP ports of a process's connections."""
    sockets = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].partition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in sockets]


def _in_a_transaction(database_url: str, ports: list[int]) -> bool:
    """Say whether a session that a PostgreSQL database has from one of these ports is inside a transaction."""
    if database_url.startswith("sqlite"):
        return False
    with maintenance(database_url) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = %s AND client_port = ANY(%s) AND xact_start IS NOT NULL",
            [sa.make_url(database_url).database, ports],
        ).fetchone()
    return row is not None and row[0] > 0
