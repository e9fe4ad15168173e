"""The SQLite file that a process has opened: one that was removed or replaced since takes no more writes.

Its open connections would go on in a file without a name: whatever they write is lost when the last of them closes, and
other processes would work on another file meanwhile. So before every transaction the file of that name is looked at, which
costs a few microseconds; it must be the one that was opened.
"""

import logging
from pathlib import Path
from stat import S_ISREG
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.exc import OperationalError

from opencbr.store.errors import StoreError

_log = logging.getLogger("opencbr.store")


class DatabaseReplaced(StoreError, OperationalError):
    """Another file, or none, has the name of the database; to those who wait it is an outage, for it may be put back."""

    def __init__(self, file: str, *, removed: bool) -> None:
        self.file = file
        self.sentence = (
            f"{file} was {'removed' if removed else 'replaced by another file'} while it was in use, so nothing is read from "
            "it or written to it any more: put the file back as it was, or stop opencbr before another one takes its place"
        )
        OperationalError.__init__(self, None, None, Exception(self.sentence))

    def __str__(self) -> str:
        return self.sentence


class OpenedFile:
    """Which file a path named when it was first opened. Thread-safe."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self._told = False

    def look(self) -> None:
        """Take note of the file; raise DatabaseReplaced when it is not the one that was noted first, once in the log."""
        found = _identity(self._path)
        if self._opened is None:
            self._opened = found
        elif found != self._opened:
            replaced = DatabaseReplaced(self._path, removed=found is None)
            if not self._told:
                self._told = True
                _log.error("%s", replaced)
            raise replaced
        elif self._told:
            self._told = False
            _log.warning("%s is the file again that was opened", self._path)

    def close(self) -> None:
        """Forget it: no connection is open any more."""
        self._opened = None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if S_ISREG(found.st_mode) else None


_of_pool: "WeakKeyDictionary[Pool, OpenedFile]" = WeakKeyDictionary()


def watch(engine: Engine, file: OpenedFile) -> None:
    """Have an engine look at a file that others look at too; every other one looks at its own."""
    _of_pool[engine.pool] = file


# Every engine of this process, the task engine's own among them.
@event.listens_for(Engine, "begin")
def _look(connection: Connection) -> None:
    engine = connection.engine
    if engine.dialect.name == "sqlite" and engine.url.database:
        file = _of_pool.get(engine.pool)
        if file is None:
            file = _of_pool.setdefault(engine.pool, OpenedFile(engine.url.database))
        file.look()
