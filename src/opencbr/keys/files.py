"""Key files: 32 bytes as 64 hex digits; of a secret key for the owner's eyes only, of a public key for his hand only."""

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
    """Read a file with a secret key; None when there is none.

    Raises KeyExposed, KeyWrong for what is no key, OSError.
    """
    try:
        return _read(path, 0o077, f"others may read the key file {path}; run chmod 600 {path}")
    except FileNotFoundError:
        return None


def read_public_key(path: Path) -> str:
    """Read a file with a public key, 64 hex digits. Raises as `read_key` does, FileNotFoundError too."""
    return _read(path, 0o022, f"others may change the key file {path}; run chmod 644 {path}").hex()


def read_private(path: Path, limit: int) -> bytes:
    """Read a file of so many bytes at most that only its owner may read. Raises KeyExposed, KeyWrong (no file), OSError."""
    return _bytes(path, 0o077, f"others may read the file {path}; run chmod 600 {path}", limit)


def _read(path: Path, forbidden: int, exposed: str) -> bytes:
    text = _bytes(path, forbidden, exposed, KEY_BYTES * 2 + 2)
    check_folder(path.parent)
    try:
        key = bytes.fromhex(text.strip().decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyWrong(f"the file {path} holds no key (64 hex digits); put the right file there")
    return key


def _bytes(path: Path, forbidden: int, exposed: str, limit: int) -> bytes:
    # A pipe in the place of a file would be waited for without end.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        # The open file is judged, not the name: the name may lead elsewhere a moment later.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise KeyWrong(f"{path} is no file: put the right key file there")
        if stat.S_IMODE(mode) & forbidden:
            raise KeyExposed(exposed)
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)


def check_folder(folder: Path) -> None:
    """Raise KeyExposed when others may change the folder."""
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise KeyExposed(f"others may change the key folder {folder}; run chmod 700 {folder}")


def write_key(path: Path, key: bytes) -> bytes:
    """Write a secret key, never over another; give the one that stands there, another process's when that was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(path.parent)
    _write(path, key, 0o600)
    standing = read_key(path)
    assert standing is not None  # it was linked by us or by another
    return standing


def write_public_key(path: Path, key: str) -> None:
    """Write a public key, 64 hex digits, for everybody to read. Raises KeyWrong when another one stands there."""
    check_folder(path.parent)
    _write(path, bytes.fromhex(key), 0o644)
    if read_public_key(path) != key:
        raise KeyWrong(f"the file {path} holds another key: put it elsewhere")


def _write(path: Path, key: bytes, mode: int) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)  # whatever the umask says
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
