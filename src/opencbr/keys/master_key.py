"""The master key: it wraps the keys of projects and does nothing else."""

import hashlib
import hmac
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opencbr.keys.aead import bound_to, seal, unseal
from opencbr.keys.files import look_at_key, standing_key
from opencbr.store.database import Database

FILE = "master.key"
_SETTING = "master_key_check"


class MasterKey:
    """The key itself, in memory only; its repr does not show it."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def wrap(self, project_id: str, key_id: str, key: bytes) -> bytes:
        """Seal a project's key."""
        return seal(self._aead, key, bound_to("project-key", project_id, key_id))

    def unwrap(self, project_id: str, key_id: str, wrapped: bytes) -> bytes:
        """Open what `wrap` made for the same project and key id. Raises SealBroken."""
        return unseal(self._aead, wrapped, bound_to("project-key", project_id, key_id))


def open_master_key(database: Database, folder: Path) -> MasterKey:
    """Open the installation's master key; made at the first start of all. Raises KeyTrouble."""
    return MasterKey(standing_key(database, folder / FILE, _SETTING, check_of))


def look_at_master_key(database: Database | None, folder: Path) -> None:
    """Raise the KeyTrouble that opening would raise; change nothing."""
    look_at_key(database, folder / FILE, _SETTING, check_of)


def check_of(key: bytes) -> str:
    """Give what the database remembers of the key: enough to know it again, no help in guessing it."""
    return hmac.new(key, b"opencbr master key check", hashlib.sha256).hexdigest()[:32]
