"""Rotating keys: another one becomes the current key, and no record is written anew.

Master key: project keys are wrapped with the new one, row by row, while both are live. Signing key: new records are
signed with the new one, the old public key stays in the folder for those before. Killed at any point, the next call
goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, select, update

from opencbr.keys.aead import SealBroken
from opencbr.keys.files import KeyTrouble, write_public_key
from opencbr.keys.master_key import MASTER, unwrap, wrap
from opencbr.keys.ring import KeyFile, KeyKind, Ring, is_current, key_files, new_key, open_ring
from opencbr.keys.signing_key import SIGNING
from opencbr.store import installation
from opencbr.store.database import Database
from opencbr.store.statements import touched
from opencbr.store.tables import project_key

KINDS = {kind.name: kind for kind in (MASTER, SIGNING)}
State = Literal["current", "retired", "new"]


_PROJECT_KEYS = select(project_key.c.project_id, project_key.c.key_id, project_key.c.wrapped)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the key that was current and the one that is, and what became of the project keys.

    So many were wrapped anew; `damaged` are the projects whose keys no master key opens, left as they are.
    """

    old: Path
    new: Path
    wrapped: int
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A key file: its kind, what it is known by (hex; of a signing key the public key), and what it is now."""

    kind: str
    file: str
    check: str
    state: State


def listed(database: Database, folder: Path) -> Iterator[Listed]:
    """Yield the key files of an installation. Raises KeyTrouble."""
    for kind in KINDS.values():
        open_ring(database, folder, kind)  # refuses a folder without the current key
        with database.read() as conn:
            for file in key_files(folder, kind):
                yield Listed(kind.name, str(file.path), file.check, _state(conn, kind, file))


def unneeded_master_keys(database: Database, folder: Path) -> list[Path]:
    """Return the files of master keys that were rotated away, are still there, and hold no project key any more.

    Changes nothing. Raises KeyTrouble.
    """
    with database.read() as conn:
        if not installation.get(conn, _retired(MASTER)):
            return []
        retired = [file.path for file in key_files(folder, MASTER) if _state(conn, MASTER, file) == "retired"]
        held = conn.execute(_PROJECT_KEYS).all()
    only = Ring(open_ring(database, folder, MASTER).current, ())
    return retired if all(_opened(only, *row) for row in held) else []


def add_key(database: Database, folder: Path, kind: KeyKind) -> KeyFile:
    """Make a key for a later rotation, so that it can be brought to every machine before. Raises KeyTrouble."""
    waiting = _waiting(database, folder, kind)
    if waiting:
        raise KeyTrouble(f"{waiting[0].path} is a new {kind.name} key already: rotate to it, or remove it")
    return new_key(folder, kind)


def rotate(database: Database, folder: Path, kind: KeyKind) -> Rotated:
    """Make another key the current one: the new key in the folder, made now when there is none.

    Goes on with a rotation that was interrupted. Raises KeyTrouble.
    """
    ring = open_ring(database, folder, kind)
    if kind is MASTER:
        left, damaged = _wrap_anew(database, ring)
        if left:
            return Rotated(ring.current.path, ring.current.path, left, damaged)
    waiting = _waiting(database, folder, kind)
    if len(waiting) > 1:
        names = ", ".join(str(file.path) for file in waiting)
        raise KeyTrouble(f"there are several new {kind.name} keys: leave the one to rotate to ({names})")
    old, new = ring.current, waiting[0] if waiting else new_key(folder, kind)
    if kind is SIGNING:
        _publish(old)  # before it is retired: its records are to be verified at every moment
    database.transact(lambda conn: _switch(conn, kind, old, new))
    if kind is not MASTER:
        return Rotated(old.path, new.path, 0)
    return Rotated(old.path, new.path, *_wrap_anew(database, open_ring(database, folder, kind)))


def _switch(conn: Connection, kind: KeyKind, old: KeyFile, new: KeyFile) -> None:
    if not is_current(conn, kind, old.check, lock=True):
        raise KeyTrouble("another rotation was faster: see `opencbr keys list`")
    retired = installation.get(conn, _retired(kind)) or ""
    installation.put(conn, _retired(kind), f"{retired} {old.check}".strip())
    installation.put(conn, kind.setting, new.check)


def _wrap_anew(database: Database, ring: Ring) -> tuple[int, tuple[str, ...]]:
    """Wrap the project keys that another master key holds with the current one.

    Say how many, and whose open with none: one damaged row keeps no installation from leaving a key that leaked.
    From the moment of the switch on no process wraps with the old key, so that one walk finds them all.
    """
    only = Ring(ring.current, ())
    damaged: list[str] = []
    with database.read() as conn:
        rows = conn.execute(_PROJECT_KEYS).all()
    done = 0
    for project_id, key_id, wrapped in rows:
        if _opened(only, project_id, key_id, wrapped):
            continue
        key = _opened(ring, project_id, key_id, wrapped)
        if key is None:
            damaged.append(project_id)
            continue
        anew = wrap(ring.current.key, project_id, key_id, key)
        mine = (
            project_key.c.project_id == project_id,
            project_key.c.key_id == key_id,
            project_key.c.wrapped == wrapped,
        )
        with database.write() as conn:
            done += touched(conn.execute(update(project_key).where(*mine).values(wrapped=anew)))
    return done, tuple(damaged)


def _opened(ring: Ring, project_id: str, key_id: str, wrapped: bytes) -> bytes | None:
    try:
        return unwrap(ring, project_id, key_id, wrapped)
    except SealBroken:
        return None


def _publish(file: KeyFile) -> None:
    """Leave the public key of a signing key in the folder, so that the key itself can be taken away."""
    write_public_key(file.path.with_name(f"signing-{file.check[:8]}.pub"), file.check)


def _waiting(database: Database, folder: Path, kind: KeyKind) -> list[KeyFile]:
    with database.read() as conn:
        return [file for file in key_files(folder, kind) if _state(conn, kind, file) == "new"]


def _state(conn: Connection, kind: KeyKind, file: KeyFile) -> State:
    if is_current(conn, kind, file.check):
        return "current"
    return "retired" if file.check in (installation.get(conn, _retired(kind)) or "").split() else "new"


def _retired(kind: KeyKind) -> str:
    return f"{kind.setting}_retired"
