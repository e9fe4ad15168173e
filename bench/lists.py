"""Lists of one project that has many backups: pages of 50 with their exact `count`, at three sizes.

`count` alone is what counters kept beside the rows could save at most. All backups are of servers, in 20 vaults, 100 servers,
every thousandth in `error`. SQLite, and PostgreSQL where its binaries are; the best of five calls.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import func, make_url, select

from bench.load import Missing
from bench.metadata import postgres
from opencbr.model.backup import Backup
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.ids import new_id
from opencbr.model.lists import BackupFilter, Page
from opencbr.model.vault import PROVIDER_ID, SERVER, Vault
from opencbr.store import backups, checkpoints, tables, vaults
from opencbr.store.database import Database

SIZES = (3_000, 30_000, 300_000)
PROJECT = "0123456789abcdef0123456789abcdef"
START = datetime(2026, 1, 1, tzinfo=UTC)
VAULTS, SERVERS, BATCH = 20, 100, 10_000


def main() -> list[str]:
    lines = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        lines += table("SQLite", Database(f"sqlite:///{folder}/lists.db"))
        try:
            lines += ["", *table("PostgreSQL", Database(postgres(stack)))]
        except Missing as missing:
            lines += ["", f"PostgreSQL not measured: {missing}"]
    return lines


def table(name: str, database: Database) -> list[str]:
    columns = []
    try:
        database.upgrade()
        cbr = [new_id(START) for _ in range(VAULTS)]
        written = 0
        for size in SIZES:
            fill(database, cbr, written, size)
            written = size
            columns.append(
                {title: measured() for title, measured in questions(database, cbr[0], size).items()}
            )
    finally:
        database.dispose()
    heads = "".join(f"{f'{size:,}':>10}" for size in SIZES)
    ratio = f"{SIZES[-1] // SIZES[0]} x the rows"
    lines = [f"{name + ', ms':34}{heads}{ratio:>16}"]
    for title, first in columns[0].items():
        numbers = "".join(f"{column[title]:10.2f}" for column in columns)
        lines.append(f"{title:34}{numbers}{columns[-1][title] / first:14.1f} x")
    return lines


def questions(database: Database, vault_id: str, size: int) -> dict[str, Callable[[], float]]:
    marker = id_of(database, size // 2)
    span = {"created_from": START, "created_to": START + timedelta(seconds=size // 100)}
    lists: dict[str, tuple[BackupFilter, Page]] = {
        "first page": (BackupFilter(), Page(limit=50)),
        "behind a marker in the middle": (BackupFilter(), Page(limit=50, marker=marker)),
        "offset to 5/6": (BackupFilter(), Page(limit=50, offset=size * 5 // 6)),
        "by status available": (BackupFilter(statuses=("available",)), Page(limit=50)),
        "by status error": (BackupFilter(statuses=("error",)), Page(limit=50)),
        "by name": (BackupFilter(names=("auto_0001",)), Page(limit=50)),
        "by vault (a 20th)": (BackupFilter(vault_ids=(vault_id,)), Page(limit=50)),
        "by server (a 100th)": (BackupFilter(resource_ids=(server(1),)), Page(limit=50)),
        "by creation (a 100th)": (BackupFilter(**span), Page(limit=50)),
        "sorted by name": (BackupFilter(), Page(limit=50, sort=(("name", "asc"),))),
        "sorted by updated_at (no index)": (BackupFilter(), Page(limit=50, sort=(("updated_at", "asc"),))),
    }

    def page(wanted: BackupFilter, part: Page) -> Callable[[], float]:
        def once() -> None:
            with database.read() as conn:
                backups.list(conn, PROJECT, wanted, part)

        return lambda: best(once)

    def count() -> None:
        row = tables.backup.c
        listed = (row.project_id == PROJECT, row.parent_id.is_(None), row.held_at.is_(None))
        with database.read() as conn:
            conn.execute(select(func.count()).select_from(tables.backup).where(*listed)).scalar_one()

    def usage() -> None:
        with database.read() as conn:
            vaults.usage(conn, [vault_id])

    measured = {title: page(*one) for title, one in lists.items()}
    return measured | {"count alone": lambda: best(count), "usage of one vault": lambda: best(usage)}


def best(call: Callable[[], None]) -> float:
    call()
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times) * 1000


def fill(database: Database, cbr: list[str], start: int, end: int, *, project: str = PROJECT) -> None:
    """Add backups number `start` to `end` - 1, and at first the vaults that hold them."""
    if not start:
        with database.write() as conn:
            for one in cbr:
                vaults.insert(
                    conn,
                    Vault(
                        id=one, project_id=project, user_id="u", name="v", created_at=START, updated_at=START
                    ),
                )
                checkpoints.insert(
                    conn,
                    Checkpoint(
                        id=one, project_id=project, vault_id=one, user_id="u", name="c", created_at=START
                    ),
                )
    for at in range(start, end, BATCH):
        with database.write() as conn:
            backups.insert_all(
                conn,
                [
                    replace(row(number, cbr[number % VAULTS]), project_id=project)
                    for number in range(at, min(end, at + BATCH))
                ],
            )
        print(f"\r{min(end, at + BATCH):,} backups", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if database.dialect == "postgresql":
        # What autovacuum does by itself within a minute: an index alone answers only for pages known to be visible to all.
        plain = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as conn:
            conn.execute("VACUUM ANALYZE backup")


def row(number: int, vault_id: str) -> Backup:
    at = START + timedelta(seconds=number)
    return Backup(
        id=new_id(at), project_id=PROJECT, checkpoint_id=vault_id, vault_id=vault_id, provider_id=PROVIDER_ID["server"], name=f"auto_{number % 5000:04x}",
        resource_id=server(number % SERVERS), resource_name="s", resource_type=SERVER, status="available" if number % 1000 else "error",
        created_at=at, updated_at=at,
    )  # fmt: skip


def server(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def id_of(database: Database, offset: int) -> str:
    query = select(tables.backup.c.id).order_by(tables.backup.c.created_at).limit(1).offset(offset)
    with database.read() as conn:
        return str(conn.execute(query).scalar_one())


if __name__ == "__main__":
    print("\n".join(main()))
