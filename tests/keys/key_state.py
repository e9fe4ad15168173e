"""Keys as tests see them: the files, and what the database remembers of them."""

import stat
from pathlib import Path
from typing import Any

from sqlalchemy import text

from opencbr.records.archive import Records, open_records
from opencbr.store.database import Database
from records.protected import Watch

FILES = ["master.key", "signing.key"]


def state(database: Database, folder: Path) -> tuple[Any, ...]:
    """All that the keys consist of: files with modes, and what the database remembers."""
    files = {}
    for path in [folder, *sorted(folder.rglob("*"))] if folder.exists() else []:
        files[path.name] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
    with database.read() as conn:
        remembered = [
            tuple(row) for row in conn.execute(text("SELECT key, value FROM settings ORDER BY key"))
        ]
        wrapped = [bytes(one) for one in conn.execute(text("SELECT wrapped FROM project_key")).scalars()]
    return files, remembered, wrapped


def opened(database: Database, folder: Path) -> Records:
    """Start and stop."""
    records = open_records(database, folder, Watch())
    records.shut()
    return records
