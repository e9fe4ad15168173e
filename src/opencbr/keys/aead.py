"""Sealing: AES-256-GCM with a fresh nonce, bound to what the sealed bytes are and whose they are."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opencbr.model.record import FORMAT

_NONCE_BYTES = 12


class SealBroken(Exception):
    """Sealed bytes do not open: another key, another place, or changed bytes."""


def bound_to(*names: str) -> bytes:
    """Name what sealed bytes are, for `seal` and `unseal`: the format, then `names`, none with a zero byte."""
    return "\0".join((FORMAT, *names)).encode()


def seal(key: AESGCM, data: bytes, associated: bytes) -> bytes:
    """Encrypt and authenticate `data`, and bind it to `associated`. 28 bytes longer than `data`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, data, associated)


def unseal(key: AESGCM, sealed: bytes, associated: bytes) -> bytes:
    """Open what `seal` made. Raises SealBroken, which says nothing about the bytes."""
    try:
        return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated)
    except (InvalidTag, ValueError, TypeError):  # SQLite gives out a text where somebody wrote one
        raise SealBroken("sealed bytes do not open: wrong key, or they were changed") from None
