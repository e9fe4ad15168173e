"""Passwords and secrets as they are kept: a salted digest, never the text."""

import hashlib
import hmac
import secrets

from opencbr.democloud.state import Doc

_SCRYPT = {"n": 1 << 10, "r": 8, "p": 1}  # cheap on purpose: a demo cloud checks passwords at every log-in


def salted(secret: str) -> Doc:
    """Return {salt, digest}, both in hex."""
    salt = secrets.token_hex(16)
    return {"salt": salt, "digest": _digest(secret, salt)}


def fits(kept: Doc, secret: str) -> bool:
    """Compare a secret with what `salted` made of the right one, in constant time."""
    return hmac.compare_digest(kept["digest"], _digest(secret, kept["salt"]))


def _digest(secret: str, salt: str) -> str:
    return hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()
