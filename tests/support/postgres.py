"""A PostgreSQL of one's own for tests: the system's programs, a free port, a throw-away folder, no fsync.

`python tests/support/postgres.py COMMAND...` runs the command with OPENCBR_TEST_POSTGRES naming the server: the one
that the variable names already, else one started here. Without PostgreSQL's programs it says so and exits with 2.
"""

import contextlib
import ctypes
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

VARIABLE = "OPENCBR_TEST_POSTGRES"
START_SECONDS = 60


class PostgresMissing(RuntimeError):
    """No PostgreSQL server is installed."""


def programs() -> Path:
    """Find the folder of initdb and postgres: the newest of Debian's, else what PATH has."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    found = shutil.which("initdb")
    if found is None:
        raise PostgresMissing(
            "no PostgreSQL server here, neither /usr/lib/postgresql/*/bin/initdb nor initdb on PATH: "
            f"apt-get install postgresql, or name a server in {VARIABLE}"
        )
    return Path(found).resolve().parent


@contextlib.contextmanager
def started() -> Iterator[str]:
    """Run a server until the end of the block; yields the URL of its `postgres` database."""
    folder = Path(tempfile.mkdtemp(prefix="opencbr-pg-"))
    # PostgreSQL refuses to run as root.
    owner = _servant() if os.geteuid() == 0 else None
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        password = secrets.token_urlsafe(16)
        (folder / "password").write_text(password)
        if owner is not None:
            shutil.chown(folder / "password", owner)
        data = folder / "data"
        initdb = f"initdb -U postgres -A scram-sha-256 -E UTF8 -N --locale=C.UTF-8 {_collation()}".split()
        initdb[0] = str(programs() / initdb[0])
        subprocess.run(
            [*initdb, "-D", data, "--pwfile", folder / "password"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=owner,
            cwd=folder,
        )
        with _running(folder, data, owner) as port:
            owner_url = f"postgresql+psycopg://postgres:{password}@127.0.0.1:{port}/postgres"
            _await(owner_url, folder / "log")
            with maintenance(owner_url) as connection:
                # What an operator would give us, and the right to make databases; no superuser.
                role = sql.SQL("CREATE ROLE opencbr LOGIN CREATEDB PASSWORD {}").format(sql.Literal(password))
                connection.execute(role)
            yield owner_url.replace("//postgres:", "//opencbr:")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fresh_database(server_url: str, *, template: str | None = None) -> Iterator[str]:
    """Make a database; yields its URL and drops it at the end of the block.

    It is empty, or a copy of the one whose URL is `template`, which nobody may be connected to.
    """
    name = f"t_{secrets.token_hex(8)}"
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        create += sql.SQL(" TEMPLATE {}").format(sql.Identifier(make_url(template).database or ""))
    with maintenance(server_url) as connection:
        connection.execute(create)
        try:
            fresh = make_url(server_url).set(drivername="postgresql+psycopg", database=name)
            yield fresh.render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def hang_up(url: str) -> None:
    """End all sessions of the database `url` names, as a restart of the server does."""
    with maintenance(url) as connection:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
        connection.execute(query, (make_url(url).database,))


@contextlib.contextmanager
def cut_off(url: str) -> Iterator[None]:
    """Let nobody into the database `url` names until the end of the block."""
    change = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    name = sql.Identifier(make_url(url).database or "")
    with maintenance(url) as connection:
        connection.execute(change.format(name, sql.SQL("false")))
        hang_up(url)
        try:
            yield
        finally:
            connection.execute(change.format(name, sql.SQL("true")))


def contents(url: str) -> dict[str, bytes]:
    """Give all that is in the tables of the database `url` names, as it was put in: by `schema.table`."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    found: dict[str, bytes] = {}
    with psycopg.connect(plain) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            found[f"{schema}.{table}"] = b"\n".join(_plain(value) for row in rows for value in row)
    return found


def _plain(value: object) -> bytes:
    match value:
        case bytes():
            return value
        case dict() | list():
            return json.dumps(value, ensure_ascii=False).encode()
    return str(value).encode()


def maintenance(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to the server's own database."""
    plain = make_url(url).set(drivername="postgresql", database="postgres")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


@contextlib.contextmanager
def _running(folder: Path, data: Path, owner: str | None) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Connections for several test processes with pools; what a crash would lose is thrown away anyway. The zone is
    # far from ours, so that a time that went through the server's zone shows. Autovacuum is a superuser's session:
    # it would be in the way of whoever drops a database.
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": 200,
        "timezone": "Pacific/Chatham",
        "autovacuum": "off",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
    }
    command = [programs() / "postgres", "-D", data]
    for key, value in options.items():
        command += ["-c", f"{key}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            user=owner,
            cwd=folder,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 -- this process has no other thread
        )
        try:
            yield port
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends sessions, loses nothing
            process.wait(timeout=30)


def _end_with_parent() -> None:
    """Let the kernel end the server when whoever started it was killed; elsewhere than on Linux it stays."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def _collation() -> str:
    """Sort as people do where the server can (a and A together, not by code point): as an operator's server may."""
    version = subprocess.run(
        [programs() / "initdb", "--version"], check=True, capture_output=True, text=True
    ).stdout
    major = int(re.findall(r"\d+", version)[0])
    return "--locale-provider=icu --icu-locale=en-US" if major >= 15 else ""


def _servant() -> str:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise PostgresMissing("running as root and neither user postgres nor nobody exists")


def _await(url: str, log: Path) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(plain, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.1)
        else:
            return


def main(command: list[str]) -> int:
    """Run `command` with a server beside it; returns the command's exit code."""
    if os.environ.get(VARIABLE):
        return subprocess.run(command, check=False).returncode
    # The default of SIGTERM would leave the server behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with started() as url:
            return subprocess.run(command, check=False, env={**os.environ, VARIABLE: url}).returncode
    except PostgresMissing as missing:
        print(missing, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
