"""The installation's signing key, and the public keys of those before it, by which older records are verified."""

from pathlib import Path

from opencbr.keys.ed25519 import Signer
from opencbr.keys.files import read_public_key
from opencbr.keys.ring import KeyKind, LiveRing
from opencbr.store.database import Database


def public_of(seed: bytes) -> str:
    """Give the public key of a signing key, 64 hex digits: the database remembers it as it is."""
    return Signer(seed).public_key


SIGNING = KeyKind("signing", "signing_public_key", public_of)


class SigningKey:
    """Signs with the current key, and knows the public keys of all before it. Thread-safe."""

    def __init__(self, ring: LiveRing, folder: Path) -> None:
        self._ring = ring
        self._folder = folder

    @property
    def signer(self) -> Signer:
        """The current key, as far as this process knows; `reload` when the database says another."""
        return Signer(self._ring.now.current.key)

    @property
    def known(self) -> list[str]:
        """The public keys of this installation's records, the current one first. Raises KeyTrouble.

        They come from the key folder: who may write to the database alone cannot add one.
        """
        return list(
            dict.fromkeys([*(file.check for file in self._ring.now.all), *published_keys(self._folder)])
        )

    def reload(self) -> None:
        """Read the key folder again. Raises KeyTrouble."""
        self._ring.reload()


def published_keys(folder: Path) -> list[str]:
    """Read the public keys that stand in the folder without their secret ones. Raises KeyTrouble, OSError."""
    return [read_public_key(path) for path in sorted(folder.glob("signing-*.pub"))]


def open_signing_key(database: Database, folder: Path) -> SigningKey:
    """Open the installation's signing key; made at the first start of all. Raises KeyTrouble."""
    return SigningKey(LiveRing(database, folder, SIGNING), folder)
