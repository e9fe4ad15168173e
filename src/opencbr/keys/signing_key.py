"""The installation's signing key: a file that is made at the first start of all and never replaced in silence."""

from pathlib import Path

from opencbr.keys.ed25519 import Signer
from opencbr.keys.files import look_at_key, standing_key
from opencbr.store.database import Database

FILE = "signing.key"
_SETTING = "signing_public_key"


def open_signer(database: Database, folder: Path) -> Signer:
    """Open the installation's signing key; made at the first start of all. Raises KeyTrouble."""
    return Signer(standing_key(database, folder / FILE, _SETTING, _public))


def look_at_signer(database: Database | None, folder: Path) -> None:
    """Raise the KeyTrouble that opening would raise; change nothing."""
    look_at_key(database, folder / FILE, _SETTING, _public)


def _public(seed: bytes) -> str:
    return Signer(seed).public_key
