"""Keys of projects: one a project, so that what is sealed for one opens with no other's.

The stored key is only a root; what seals and what makes fingerprints are derived from it, each for its own use.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, select

from opencbr.keys.aead import SealBroken, bound_to
from opencbr.keys.master_key import MASTER, MasterKey, wrap
from opencbr.keys.ring import is_current
from opencbr.model.clock import Clock
from opencbr.store.database import Database
from opencbr.store.statements import as_written, insert_new
from opencbr.store.tables import project_key

_BYTES = 32
_ONLY = "1"  # key ids are text so that a later rotation can name its keys as it likes


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """A project's key, ready for use."""

    id: str
    aead: AESGCM = field(repr=False)
    fingerprint_key: bytes = field(repr=False)

    def fingerprint(self, value: bytes) -> str:
        """Mark a value: 16 hex digits, equal for equal values of one project, telling nothing without the key."""
        return hmac.new(self.fingerprint_key, value, hashlib.sha256).hexdigest()[:16]


class Keys:
    """Hands out project keys, and makes them. Thread-safe; unwrapped keys stay in memory."""

    def __init__(self, database: Database, master: MasterKey, clock: Clock) -> None:
        self._database = database
        self._master = master
        self._clock = clock
        self._known: dict[tuple[str, str], ProjectKey] = {}

    def current(self, project_id: str) -> ProjectKey:
        """Give the key that seals for a project now; made when there is none."""
        return self._find(project_id, _ONLY) or self._make(project_id)

    def of(self, project_id: str, key_id: str) -> ProjectKey:
        """Give a key by its id. Raises SealBroken when it is unknown or does not open."""
        found = self._find(project_id, key_id)
        if found is None:
            raise SealBroken(f"key {key_id} of project {project_id} is not in the database")
        return found

    def _find(self, project_id: str, key_id: str) -> ProjectKey | None:
        known = self._known.get((project_id, key_id))
        if known is not None:
            return known
        with self._database.read() as conn:
            wrapped = _wrapped(conn, project_id, key_id)
        return None if wrapped is None else self._open(project_id, key_id, wrapped)

    def _make(self, project_id: str) -> ProjectKey:
        standing = None
        while standing is None:
            standing = self._entered(project_id)
        return self._open(project_id, _ONLY, standing)

    def _entered(self, project_id: str) -> bytes | None:
        """Enter a new key and give the one that stands, wrapped; None when the master key was rotated meanwhile."""
        master = self._master.current
        wrapped = wrap(master.key, project_id, _ONLY, secrets.token_bytes(_BYTES))
        row = {"project_id": project_id, "key_id": _ONLY, "wrapped": wrapped, "created_at": self._clock.now()}

        def write(conn: Connection) -> bytes | None:
            if not is_current(conn, MASTER, master.check, lock=True):
                return None
            insert_new(conn, project_key, row)
            return _wrapped(conn, project_id, _ONLY)  # another's, if that was faster

        standing = self._database.transact(write)
        if standing is None:
            self._master.reload()
        return standing

    def _open(self, project_id: str, key_id: str, wrapped: bytes) -> ProjectKey:
        root = self._master.unwrap(project_id, key_id, wrapped)
        key = ProjectKey(key_id, AESGCM(_derive(root, "seal")), _derive(root, "fingerprint"))
        return self._known.setdefault((project_id, key_id), key)


def _wrapped(conn: Connection, project_id: str, key_id: str) -> bytes | None:
    mine = (project_key.c.project_id == project_id, project_key.c.key_id == key_id)
    with as_written(SealBroken(f"key {key_id} of project {project_id} is not what was stored")):
        return conn.execute(select(project_key.c.wrapped).where(*mine)).scalar_one_or_none()


def _derive(root: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=bound_to(use)).derive(root)
