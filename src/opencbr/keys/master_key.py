"""The master key: it wraps the keys of projects, and from it the key is derived that seals browsers' sessions."""

import hashlib
import hmac
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opencbr.keys.aead import SealBroken, bound_to, seal, unseal
from opencbr.keys.files import KEY_BYTES
from opencbr.keys.ring import KeyFile, KeyKind, LiveRing, Ring
from opencbr.store.database import Database


def check_of(key: bytes) -> str:
    """Give what the database remembers of the key: enough to know it again, no help in guessing it."""
    return hmac.new(key, b"opencbr master key check", hashlib.sha256).hexdigest()[:32]


MASTER = KeyKind("master", "master_key_check", check_of)


class MasterKey:
    """The installation's master keys. The current one wraps; each of them unwraps what it wrapped."""

    def __init__(self, ring: LiveRing) -> None:
        self._ring = ring

    @property
    def current(self) -> KeyFile:
        """The key that wraps, as far as this process knows; `reload` when the database says another."""
        return self._ring.now.current

    def reload(self) -> None:
        """Read the key folder again. Raises KeyTrouble."""
        self._ring.reload()

    def derived(self, use: str) -> tuple[bytes, ...]:
        """Derive a key for one use from each master key, the current one's first; no use knows another's."""
        return tuple(
            HKDF(SHA256(), length=KEY_BYTES, salt=None, info=bound_to(use)).derive(file.key)
            for file in self._ring.now.all
        )

    def unwrap(self, project_id: str, key_id: str, wrapped: bytes) -> bytes:
        """Open what `wrap` made for the same project and key id. Raises SealBroken, KeyTrouble."""
        try:
            return unwrap(self._ring.now, project_id, key_id, wrapped)
        except SealBroken:
            self._ring.reload()  # rotated since the folder was read
            return unwrap(self._ring.now, project_id, key_id, wrapped)


def open_master_key(database: Database, folder: Path) -> MasterKey:
    """Open the installation's master keys; the first is made at the first start of all. Raises KeyTrouble."""
    return MasterKey(LiveRing(database, folder, MASTER))


def wrap(master: bytes, project_id: str, key_id: str, key: bytes) -> bytes:
    """Seal a project's key with a master key."""
    return seal(AESGCM(master), key, bound_to("project-key", project_id, key_id))


def unwrap(ring: Ring, project_id: str, key_id: str, wrapped: bytes) -> bytes:
    """Open a project's key with whichever master key sealed it. Raises SealBroken."""
    for file in ring.all:
        try:
            return unseal(AESGCM(file.key), wrapped, bound_to("project-key", project_id, key_id))
        except SealBroken:
            continue
    raise SealBroken(
        f"no master key opens key {key_id} of project {project_id}: wrong key, or it was changed"
    )
