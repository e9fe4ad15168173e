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
from opencbr.keys.master_key import MasterKey
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

    def current(self, conn: Connection, project_id: str) -> ProjectKey:
        """Give the key that seals for a project now; made when there is none. Needs a write transaction."""
        known = self._known.get((project_id, _ONLY))
        if known is not None:
            return known
        found = self._read(conn, project_id, _ONLY)
        if found is not None:
            return self._remember(project_id, found)
        wrapped = self._master.wrap(project_id, _ONLY, secrets.token_bytes(_BYTES))
        row = {
            "project_id": project_id,
            "key_id": _ONLY,
            "wrapped": wrapped,
            "created_at": self._clock.now(),
        }
        insert_new(conn, project_key, row)
        made = self._read(conn, project_id, _ONLY)
        assert made is not None
        return made  # not remembered: the transaction may still be rolled back

    def of(self, project_id: str, key_id: str) -> ProjectKey:
        """Give a key by its id. Raises SealBroken when it is unknown or does not open."""
        known = self._known.get((project_id, key_id))
        if known is not None:
            return known
        with self._database.read() as conn:
            return self._remember(project_id, self.find(conn, project_id, key_id))

    def find(self, conn: Connection, project_id: str, key_id: str) -> ProjectKey:
        """Give a key by its id, inside a transaction. Raises SealBroken when it is unknown or does not open."""
        known = self._known.get((project_id, key_id)) or self._read(conn, project_id, key_id)
        if known is None:
            raise SealBroken(f"key {key_id} of project {project_id} is not in the database")
        return known

    def _remember(self, project_id: str, key: ProjectKey) -> ProjectKey:
        return self._known.setdefault((project_id, key.id), key)

    def _read(self, conn: Connection, project_id: str, key_id: str) -> ProjectKey | None:
        mine = (project_key.c.project_id == project_id, project_key.c.key_id == key_id)
        with as_written(SealBroken(f"key {key_id} of project {project_id} is not what was stored")):
            wrapped = conn.execute(select(project_key.c.wrapped).where(*mine)).scalar_one_or_none()
        if wrapped is None:
            return None
        root = self._master.unwrap(project_id, key_id, wrapped)
        return ProjectKey(key_id, AESGCM(_derive(root, "seal")), _derive(root, "fingerprint"))


def _derive(root: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=bound_to(use)).derive(root)
