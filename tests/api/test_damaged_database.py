"""An SQLite file that is damaged, removed or replaced while a server works with it: 503, said once, nothing written."""

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from opencbr.democloud import DemoCloud
from support.databases import SQLITE, Databases

from .api_server import ApiServer, open_server
from .protected_cloud import refused, vault_body


@pytest.fixture(name="own")
def _own(tmp_path: Path, demo_cloud: DemoCloud, databases: Databases) -> Iterator[ApiServer]:
    """A server with a database that a test may spoil."""
    with databases.fresh(SQLITE, tmp_path) as url, open_server(tmp_path, demo_cloud, url) as cbr:
        yield cbr


@pytest.fixture(name="file")
def _file(own: ApiServer) -> Path:
    return own.folder / "opencbr.db"


def spoil(file: Path, table: str) -> None:
    """Overwrite the first page of a table, and of its indexes, on the disk."""
    with closing(sqlite3.connect(file)) as beside:
        beside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = beside.execute("PRAGMA page_size").fetchone()
        pages = beside.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,)).fetchall()
    with file.open("r+b") as raw:
        for (page,) in pages:
            raw.seek((page - 1) * size)
            raw.write(b"\xa5" * size)


def readiness(cbr: ApiServer) -> tuple[int, str]:
    answer = cbr.call("GET", "/readyz", account=None)
    return answer.status_code, answer.json()["checks"]["database"]


def test_damage_is_told_by_the_files_name_and_never_as_a_trace(
    own: ApiServer, file: Path, caplog: pytest.LogCaptureFixture
):
    backup = own.protected()
    own.database.dispose()
    caplog.set_level(logging.WARNING)
    assert readiness(own) == (200, "ok")
    spoil(file, "record")
    for _ in range(2):
        refused(own.call("GET", f"backups/{backup.id}/metadata"), 503, "9910")
        assert own.call("GET", "vaults").status_code == 200, "what can be read is answered"
    assert readiness(own) == (503, "damaged")
    spoil(file, "vault")
    own.database.dispose()
    for method, path, body in (
        ("GET", "vaults", None),
        ("GET", "vaults/summary", None),
        ("POST", "vaults", vault_body()),
        ("GET", f"backups/{backup.id}/record", None),
    ):
        answer = own.call(method, path, body)
        refused(answer, 503, "9910")
        assert answer.headers["Retry-After"]
        assert "opencbr.db" not in answer.text
    told = [line for line in caplog.messages if str(file) in line]
    assert len(told) == 1, told
    assert "is damaged" in told[0]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("way", ["removed", "replaced"])
def test_a_file_that_went_away_is_told_and_not_written_to(
    own: ApiServer, file: Path, caplog: pytest.LogCaptureFixture, way: str
):
    backup = own.protected()
    assert own.call("POST", "vaults", vault_body()).status_code == 200
    assert own.call("GET", f"backups/{backup.id}/metadata").status_code == 200
    assert readiness(own) == (200, "ok")
    caplog.set_level(logging.WARNING)
    aside = file.with_name("aside.db")
    if way == "replaced":
        shutil.copy(file, file.with_name("other.db"))
    file.rename(aside)
    if way == "replaced":
        file.with_name("other.db").rename(file)
    before = content(aside), file.read_bytes() if file.exists() else None
    for method, path, body in (
        ("POST", "vaults", vault_body()),
        ("GET", "vaults", None),
        ("GET", f"backups/{backup.id}/metadata", None),
    ):
        refused(own.call(method, path, body), 503, "9910")
    assert readiness(own) == (503, "replaced")
    assert (content(aside), file.read_bytes() if file.exists() else None) == before, (
        "nothing was written anywhere"
    )
    told = [line for line in caplog.messages if str(file) in line]
    assert len(told) == 1, told
    assert f"{file} was {way}" in told[0]
    assert not [record for record in caplog.records if record.exc_info]
    aside.rename(file)
    assert own.call("POST", "vaults", vault_body()).status_code == 200
    assert readiness(own) == (200, "ok")
    assert f"{file} is the file again that was opened" in caplog.messages


def content(file: Path) -> list[bytes]:
    """What lies in a database's file and its write-ahead log."""
    wal = file.with_name("opencbr.db-wal")
    return [one.read_bytes() for one in (file, wal) if one.exists()]
