"""The keys of one kind in the key folder, the current one among them.

A key is made once, when neither the folder has one nor the database remembers one. From then on the database knows a
check value of the current key, so that a file that is lost or exchanged is noticed at the start and not at the first
restore. A rotation changes which one is current; `NAME.key` is the first key, `NAME-XXXXXXXX.key` a later one, named by
the beginning of its check value.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from opencbr.keys.files import KEY_BYTES, KeyMissing, KeyWrong, check_folder, read_key, write_key
from opencbr.store import installation
from opencbr.store.database import Database


@dataclass(frozen=True, slots=True)
class KeyKind:
    """A kind of key: what its files are called, where the database remembers the current one, by what it knows it again."""

    name: str
    setting: str
    check_of: Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key and the file it stands in."""

    path: Path
    key: bytes = field(repr=False)
    check: str


@dataclass(frozen=True, slots=True)
class Ring:
    """The current key of a kind, and the others in the folder: retired ones, and one that may become current."""

    current: KeyFile
    others: tuple[KeyFile, ...]

    @property
    def all(self) -> tuple[KeyFile, ...]:
        """The current key first."""
        return self.current, *self.others


class LiveRing:
    """The keys of one kind as a running process knows them: both are live while a rotation goes on. Thread-safe."""

    def __init__(self, database: Database, folder: Path, kind: KeyKind) -> None:
        self._place = (database, folder, kind)
        self.now = open_ring(database, folder, kind)

    def reload(self) -> None:
        """Read the folder again. Raises KeyTrouble when the current key is not in it."""
        self.now = open_ring(*self._place)


def is_current(conn: Connection, kind: KeyKind, check: str, *, lock: bool = False) -> bool:
    """Say whether the key with this check value is the one that the installation uses now.

    With `lock` no rotation begins before this write transaction ends.
    """
    return hmac.compare_digest(installation.get(conn, kind.setting, lock=lock) or "", check)


def open_ring(database: Database, folder: Path, kind: KeyKind) -> Ring:
    """Read the keys of a kind; the first one is made now if this is the first start of all. Raises KeyTrouble."""
    remembered = _remembered(database, kind)
    files = key_files(folder, kind)
    if remembered is None:
        first = folder / f"{kind.name}.key"
        key = read_key(first)
        if key is None and not files:
            key = write_key(first, secrets.token_bytes(KEY_BYTES))
        if key is None:
            raise _missing(first)
        check = kind.check_of(key)
        remembered = database.transact(lambda conn: installation.put_once(conn, kind.setting, check))
        files = key_files(folder, kind)
    return _ring(files, folder, kind, remembered)


def look_at_ring(database: Database | None, folder: Path, kind: KeyKind) -> None:
    """Raise the KeyTrouble that `open_ring` would raise, and change nothing. Without a database only the files count."""
    if folder.exists():
        check_folder(folder)
    files = key_files(folder, kind)
    remembered = None if database is None else _remembered(database, kind)
    if remembered is not None:
        _ring(files, folder, kind, remembered)


def key_files(folder: Path, kind: KeyKind) -> list[KeyFile]:
    """Read all files of a kind, the first key first. Raises KeyTrouble, OSError."""
    paths = [folder / f"{kind.name}.key", *sorted(folder.glob(f"{kind.name}-*.key"))]
    found = [(path, read_key(path)) for path in paths]
    return [KeyFile(path, key, kind.check_of(key)) for path, key in found if key is not None]


def new_key(folder: Path, kind: KeyKind) -> KeyFile:
    """Make a key that may become the current one. Raises KeyTrouble, OSError."""
    key = secrets.token_bytes(KEY_BYTES)
    check = kind.check_of(key)
    path = folder / f"{kind.name}-{check[:8]}.key"
    return KeyFile(path, write_key(path, key), check)


def _ring(files: list[KeyFile], folder: Path, kind: KeyKind, remembered: str) -> Ring:
    current = next((file for file in files if hmac.compare_digest(file.check, remembered)), None)
    if current is not None:
        return Ring(current, tuple(file for file in files if file is not current))
    if not files:
        raise _missing(folder / f"{kind.name}.key")
    if len(files) == 1:
        raise KeyWrong(
            f"the key file {files[0].path} holds another key than the one this database was begun with: put the right "
            "file there"
        )
    raise KeyWrong(
        f"none of the key files {kind.name}*.key in {folder} holds the key that this database uses now: put it there"
    )


def _remembered(database: Database, kind: KeyKind) -> str | None:
    with database.read() as conn:
        return installation.get(conn, kind.setting)


def _missing(path: Path) -> KeyMissing:
    return KeyMissing(
        f"the key file {path} is missing, and this database was begun with one: put it back from its backup; "
        "without it the records cannot be read"
    )
