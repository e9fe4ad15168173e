"""Lists of one project in an installation with ten million backups, beside the same project alone; `--backups N` shrinks it.

The rows are written by plain SQL, those of a hundred projects in turn, as nights write them: the hundredth that asks has each
hundredth row, the large one each tenth; the indexes are made when all stand. Pages of 50 with their exact `count`; the best of
fifteen calls, in turn of each. SQLite, and PostgreSQL where its binaries are.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
from sqlalchemy import Connection, func, make_url, select, text

from bench.load import Missing
from bench.metadata import postgres
from opencbr.model.backup import Backup
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.lists import BackupFilter, Page
from opencbr.model.vault import PROVIDER_ID, SERVER, Vault
from opencbr.store import backups, tables, vaults
from opencbr.store.database import Database
from opencbr.store.statements import values_of

BACKUPS, PROJECTS, LARGE = 10_000_000, 100, 10
ASKING, BUSY = 42, 7
"""The project that asks, and the remainder of the rows that are the large one's."""
VAULTS, SERVERS, BATCH, PAGE, CALLS = 4, 100, 250_000, 50, 15
NIGHT = 25 * PROJECTS
"""Rows from one checkpoint of a project to its next: 25 backups each, and 250 of the large one's."""
START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 1.0
"""Seconds that no answer may take, of a project with a million backups neither."""


@dataclass(frozen=True)
class Own:
    """A project and the numbers of its rows: `first`, and each `step`-th from there on."""

    project: str
    first: int
    step: int

    def number(self, place: int, total: int) -> int:
        """Give the row at a place in the default order, newest first."""
        last = self.first + (total - 1 - self.first) // self.step * self.step
        return last - place * self.step

    def count(self, total: int) -> int:
        return (total - 1 - self.first) // self.step + 1


SMALL, LARGEST = Own(f"{ASKING:032x}", ASKING, PROJECTS), Own("f" * 32, BUSY, LARGE)


def main(total: int = BACKUPS) -> list[str]:
    lines = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        lines += table("SQLite", total, lambda name: f"sqlite:///{folder}/{name}.db")
        try:
            lines += ["", *table("PostgreSQL", total, lambda _: postgres(stack))]
        except Missing as missing:
            lines += ["", f"PostgreSQL not measured: {missing}"]
    return lines


def table(name: str, total: int, place: Callable[[str], str]) -> list[str]:
    """Measure the project alone and among the others, in turn."""
    with ExitStack() as stack:
        databases = []
        for beside in (False, True):
            databases.append(Database(place("all" if beside else "alone")))
            stack.callback(databases[-1].dispose)
            fill(databases[-1], total, beside=beside)
        asked = [(databases[0], SMALL), (databases[1], SMALL), (databases[1], LARGEST)]
        columns = in_turn([questions(database, own, total) for database, own in asked])
    alone, among, large = columns
    counts = [SMALL.count(total), SMALL.count(total), LARGEST.count(total)]
    heads = "".join(
        f"{f'{count:,} {where}':>22}" for count, where in zip(counts, ("alone", "", ""), strict=True)
    )
    lines = [f"{f'{name}, ms, of {total:,}':34}{heads}{'among / alone':>16}"]
    for title, first in alone.items():
        ratio, slow = among[title] / first, large[title] > SECOND * 1000
        verdict = ("" if ratio <= 2 else "  MISSED: over 2 x") + ("  MISSED: over a second" if slow else "")
        numbers = "".join(f"{one:22.2f}" for one in (first, among[title], large[title]))
        lines.append(f"{title:34}{numbers}{ratio:14.1f} x{verdict}")
    return lines


def in_turn(columns: Sequence[dict[str, Callable[[], None]]]) -> list[dict[str, float]]:
    """Ask each question of all, one after the other and again: the best milliseconds of each."""
    best = [dict.fromkeys(column, float("inf")) for column in columns]
    for title in columns[0]:
        for _ in range(CALLS):
            for column, times in zip(columns, best, strict=True):
                begun = time.perf_counter()
                column[title]()
                times[title] = min(times[title], (time.perf_counter() - begun) * 1000)
    return best


def questions(database: Database, own: Own, total: int) -> dict[str, Callable[[], None]]:
    def page(wanted: BackupFilter, part: Page) -> None:
        with database.read() as conn:
            found = backups.list(conn, own.project, wanted, part)
        if not found.items or not found.count:
            raise RuntimeError(f"nothing is listed for {wanted} {part}: the rows are not as they should be")

    def count() -> None:
        row = tables.backup.c
        listed = (row.project_id == own.project, row.parent_id.is_(None), row.held_at.is_(None))
        with database.read() as conn:
            found = conn.execute(select(func.count()).select_from(tables.backup).where(*listed)).scalar_one()
        if found != own.count(total):
            raise RuntimeError(f"{own} has {found} backups, not {own.count(total)}")

    def behind(pages: int) -> Page:
        last = own.count(total) - 1
        return Page(limit=PAGE, marker=row_id(own.number(min(PAGE * pages, last) - 1, total)))

    all_, some = BackupFilter(), own.number(0, total)
    lists = {
        "first page": (all_, Page(limit=PAGE)),
        "page 100 by marker": (all_, behind(99)),
        "last page by marker": (all_, behind((own.count(total) - 1) // PAGE)),
        "by status available": (BackupFilter(statuses=("available",)), Page(limit=PAGE)),
        "by status error": (BackupFilter(statuses=("error",)), Page(limit=PAGE)),
        "by name": (BackupFilter(names=(f"autobk_{some % 5000:04x}",)), Page(limit=PAGE)),
        "by vault (a quarter)": (BackupFilter(vault_ids=(vault_id(own.project, 0),)), Page(limit=PAGE)),
        "by server (a 100th)": (BackupFilter(resource_ids=(server_id(own.project, 1),)), Page(limit=PAGE)),
        "by server's name (a 100th)": (BackupFilter(resource_names=("server-0001",)), Page(limit=PAGE)),
        "by type of resource (all)": (BackupFilter(resource_types=(SERVER,)), Page(limit=PAGE)),
        "by availability zone (all)": (BackupFilter(resource_azs=("nova",)), Page(limit=PAGE)),
        "of the last night": (
            BackupFilter(created_from=START + timedelta(seconds=total - NIGHT)),
            Page(limit=PAGE),
        ),
        "by checkpoint": (BackupFilter(checkpoint_ids=(checkpoint_id(own.project, some),)), Page(limit=PAGE)),
    }
    return {title: partial(page, *one) for title, one in lists.items()} | {"count alone": count}


def fill(database: Database, total: int, *, beside: bool) -> None:
    """Write the rows of the asking project, or those of all; a row is the same in both."""
    database.upgrade()
    projects = [f"{number:032x}" for number in range(PROJECTS)] + [LARGEST.project]
    for project in projects if beside else [SMALL.project]:
        with database.write() as conn:
            prepare(conn, project, total)
    with database.write() as conn:
        backups.insert(conn, pattern(projects[0] if beside else SMALL.project))
        for index in tables.backup.indexes:
            index.drop(conn)
    for begin in range(0, total, BATCH):
        end = min(total, begin + BATCH)
        with database.write() as conn:
            conn.execute(text(insertion(database, beside=beside)), {"first": begin, "behind": end})
        print(f"\r{end:,} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    with database.write() as conn:
        conn.execute(tables.backup.delete().where(tables.backup.c.id == PATTERN))
        for index in tables.backup.indexes:
            index.create(conn)
    if database.dialect == "postgresql":
        # What autovacuum does by itself within a minute: an index alone answers only for pages known to be visible to all.
        plain = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as conn_:
            conn_.execute("VACUUM ANALYZE backup")


def prepare(conn: Connection, project: str, total: int) -> None:
    """Write a project's vaults, and its checkpoints, all in the first vault."""
    for number in range(VAULTS):
        given = {"id": vault_id(project, number), "project_id": project, "user_id": "u", "created_at": START}
        vaults.insert(conn, Vault(**given, name="v", updated_at=START))
    given = {
        "project_id": project,
        "vault_id": vault_id(project, 0),
        "user_id": "u",
        "name": "c",
        "created_at": START,
    }
    rows = [Checkpoint(id=checkpoint_id(project, n), **given) for n in range(0, total, NIGHT)]
    conn.execute(tables.checkpoint.insert(), [values_of(row) for row in rows])


PATTERN = "00000000-0000-0000-0000-000000000000"
"""The id of the row that all others are copied from."""


def pattern(project: str) -> Backup:
    own = {"vault_id": vault_id(project, 0), "checkpoint_id": checkpoint_id(project, 0)}
    row = Backup(
        **own, id=PATTERN, project_id=project, provider_id=PROVIDER_ID["server"], name="",
        resource_id="", resource_name="s", resource_type=SERVER, status="available", created_at=START, updated_at=START,
    )  # fmt: skip
    return replace(row, extend_info={"auto_trigger": True}, protected_at=START)


def insertion(database: Database, *, beside: bool) -> str:
    """Write the statement that makes the rows number :first to :behind - 1; each is a second later than the one before."""
    if database.dialect == "postgresql":
        series = "SELECT generate_series(CAST(:first AS bigint), CAST(:behind AS bigint) - 1) AS n"
        hexed = "lpad(to_hex({0}), {1}, '0')"
        moment = f"timestamptz '{START.isoformat()}' + n * interval '1 second'"
    else:
        series = "WITH RECURSIVE s(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM s WHERE n + 1 < :behind) SELECT n FROM s"
        hexed = "printf('%0{1}x', {0})"
        moment = f"strftime('%Y-%m-%d %H:%M:%S', {int(START.timestamp())} + n, 'unixepoch') || '.000000'"
    project = f"CASE WHEN n % {LARGE} = {BUSY} THEN '{LARGEST.project}' ELSE {hexed.format(f'n % {PROJECTS}', 32)} END"
    tail = "-0000-4000-8000-"
    own = f"substr(p, 25, 8) || '{tail}' || "
    spread = f"(n / {PROJECTS})"
    made = {
        "id": f"{hexed.format('n', 8)} || '-0000-7000-8000-' || {hexed.format('n', 12)}",
        "project_id": "p",
        "vault_id": own + hexed.format(f"{spread} % {VAULTS}", 12),
        "checkpoint_id": own + hexed.format(f"n / {NIGHT} + {VAULTS + SERVERS}", 12),
        "name": "'autobk_' || " + hexed.format("n % 5000", 4),
        "resource_id": own + hexed.format(f"{spread} % {SERVERS} + {VAULTS}", 12),
        "resource_name": "'server-' || " + hexed.format(f"{spread} % {SERVERS}", 4),
        "resource_az": "'nova'",
        "status": f"CASE WHEN {spread} % 1000 = 0 THEN 'error' ELSE 'available' END",
        "created_at": moment,
        "updated_at": moment,
    }
    columns = [column.name for column in tables.backup.columns]
    values = ", ".join(made.get(column, f"t.{column}") for column in columns)
    only = "" if beside else f"AND p = '{SMALL.project}'"
    return (
        f"INSERT INTO backup ({', '.join(columns)}) SELECT {values} "
        f"FROM (SELECT n, {project} AS p FROM ({series}) AS numbered) AS owned, (SELECT * FROM backup WHERE id = '{PATTERN}') AS t "
        f"WHERE 1 = 1 {only}"
    )


def row_id(number: int) -> str:
    return f"{number:08x}-0000-7000-8000-{number:012x}"


def vault_id(project: str, number: int) -> str:
    return f"{project[-8:]}-0000-4000-8000-{number:012x}"


def checkpoint_id(project: str, number: int) -> str:
    """Give the checkpoint of the project's row of this number."""
    return vault_id(project, number // NIGHT + VAULTS + SERVERS)


def server_id(project: str, number: int) -> str:
    return vault_id(project, number + VAULTS)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--backups", type=int, default=BACKUPS)
    print("\n".join(main(options.parse_args().backups)))
