"""A PostgreSQL of one's own for tests: Debian's programs, a free port, a throw-away folder, no fsync.

From Python: `with started() as server_url, fresh_database(server_url) as url: ...`. From a Makefile:
`python tests/support/postgres.py COMMAND...` runs the command with OPENCBR_TEST_POSTGRES set.
"""

import contextlib
import os
import pwd
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

import psycopg
from psycopg import sql
from sqlalchemy import make_url

VARIABLE = "OPENCBR_TEST_POSTGRES"
START_SECONDS = 60


class PostgresMissing(RuntimeError):
    """Debian's PostgreSQL is not installed."""


def programs() -> Path:
    """Find the folder of initdb and postgres, the newest version of them."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not folders:
        raise PostgresMissing("no /usr/lib/postgresql/*/bin/initdb: apt-get install postgresql")
    return max(folders, key=lambda folder: int(folder.parent.name))


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
        initdb = [
            programs() / "initdb",
            "-D",
            data,
            "-U",
            "opencbr",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "-N",
        ]
        subprocess.run(
            [*initdb, "--locale=C.UTF-8", "--pwfile", folder / "password"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=owner,
            cwd=folder,
        )
        with _running(folder, data, owner) as port:
            url = f"postgresql+psycopg://opencbr:{password}@127.0.0.1:{port}/postgres"
            _await(url, folder / "log")
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def server(*, asked_for: bool) -> Iterator[str | None]:
    """Give the URL of a server for tests: what OPENCBR_TEST_POSTGRES names, else one started here.

    Where nobody asked for PostgreSQL (`asked_for`: the run selects marker `postgres`) it yields None instead.
    """
    named = os.environ.get(VARIABLE)
    if named or not asked_for:
        yield named or None
    else:
        with started() as url:
            yield url


@contextlib.contextmanager
def fresh_database(server_url: str, *, template: str | None = None) -> Iterator[str]:
    """Make a database; yields its URL and drops it at the end of the block.

    It is empty, or a copy of the one whose URL is `template`, which nobody may be connected to.
    """
    url = make_url(server_url).set(drivername="postgresql")
    name = f"t_{secrets.token_hex(8)}"
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        create += sql.SQL(" TEMPLATE {}").format(sql.Identifier(make_url(template).database or ""))
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(create)
        try:
            fresh = url.set(drivername="postgresql+psycopg", database=name)
            yield fresh.render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def _running(folder: Path, data: Path, owner: str | None) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Connections for several test processes with pools; what a crash would lose is thrown away anyway.
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": 200,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
    }
    command = [programs() / "postgres", "-D", data]
    for key, value in options.items():
        command += ["-c", f"{key}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, user=owner, cwd=folder)
        try:
            yield port
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends sessions, loses nothing
            process.wait(timeout=30)


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
    with started() as url:
        return subprocess.run(command, check=False, env={**os.environ, VARIABLE: url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
