"""Key files: 32 random bytes as 64 hex digits, for the owner's eyes only.

A key is made once, when neither the folder has one nor the database remembers one. From then on the database knows a
check value of it, so that a file that is lost or exchanged is noticed at the start and not at the first restore.
"""

import contextlib
import hmac
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from opencbr.store import installation
from opencbr.store.database import Database

KEY_BYTES = 32


class KeyTrouble(Exception):
    """A key that cannot be used."""


class KeyMissing(KeyTrouble):
    """The database was begun with a key, and its file is not there."""


class KeyWrong(KeyTrouble):
    """The file holds another key than the database was begun with, or no key at all."""


class KeyExposed(KeyTrouble):
    """Others than the owner may read the file, or change the folder."""


def standing_key(database: Database, path: Path, setting: str, check_of: Callable[[bytes], str]) -> bytes:
    """Give the key in `path`, made now if this is the first start of all.

    `setting` names where the database remembers the check value, `check_of` computes it. Raises KeyTrouble.
    """
    remembered = _remembered(database, setting)
    key = read_key(path)
    if key is None:
        if remembered is not None:
            raise _missing(path)
        key = _make(path)
    check = check_of(key)
    if remembered is None:
        remembered = database.transact(lambda conn: installation.put_once(conn, setting, check))
    if not hmac.compare_digest(remembered, check):
        raise _wrong(path)
    return key


def look_at_key(
    database: Database | None, path: Path, setting: str, check_of: Callable[[bytes], str]
) -> None:
    """Raise the KeyTrouble that `standing_key` would raise, and change nothing. Without a database only the file counts."""
    if path.parent.exists():
        _check_folder(path.parent)
    key = read_key(path)
    remembered = None if database is None else _remembered(database, setting)
    if remembered is None:
        return
    if key is None:
        raise _missing(path)
    if not hmac.compare_digest(remembered, check_of(key)):
        raise _wrong(path)


def read_key(path: Path) -> bytes | None:
    """Read a key file; None when there is none. Raises KeyExposed, KeyWrong for what is no key, OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        # The open file is judged, not the name: the name may lead elsewhere a moment later.
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise KeyExposed(f"others may read the key file {path}; run chmod 600 {path}")
        text = file.read(KEY_BYTES * 2 + 2)
    _check_folder(path.parent)
    try:
        key = bytes.fromhex(text.strip().decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyWrong(f"the file {path} holds no key (64 hex digits); put the right file there")
    return key


def _check_folder(folder: Path) -> None:
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise KeyExposed(f"others may change the key folder {folder}; run chmod 700 {folder}")


def _make(path: Path) -> bytes:
    """Write a new key; when another process was faster, its key counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.link(draft, path)  # whole or not at all, and never over another
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    key = read_key(path)
    assert key is not None  # it was linked above, by us or by another
    return key


def _remembered(database: Database, setting: str) -> str | None:
    with database.read() as conn:
        return installation.get(conn, setting)


def _missing(path: Path) -> KeyMissing:
    return KeyMissing(
        f"the key file {path} is missing, and this database was begun with one: put it back from its backup; "
        "without it the records cannot be read"
    )


def _wrong(path: Path) -> KeyWrong:
    return KeyWrong(
        f"the key file {path} holds another key than the one this database was begun with: put the right file there"
    )
