"""Key files: 32 random bytes as 64 hex digits, for the owner's eyes only."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

KEY_BYTES = 32


class KeyTrouble(Exception):
    """A key that cannot be used."""


class KeyMissing(KeyTrouble):
    """The database was begun with a key, and its file is not there."""


class KeyWrong(KeyTrouble):
    """The file holds another key than the database was begun with, or no key at all."""


class KeyExposed(KeyTrouble):
    """Others than the owner may read the file, or change the folder."""


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
    check_folder(path.parent)
    try:
        key = bytes.fromhex(text.strip().decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyWrong(f"the file {path} holds no key (64 hex digits); put the right file there")
    return key


def check_folder(folder: Path) -> None:
    """Raise KeyExposed when others may change the folder."""
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise KeyExposed(f"others may change the key folder {folder}; run chmod 700 {folder}")


def write_key(path: Path, key: bytes) -> bytes:
    """Write a key, never over another; give the one that stands there, another process's when that was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.hex().encode() + b"\n")
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
    standing = read_key(path)
    assert standing is not None  # it was linked above, by us or by another
    return standing
