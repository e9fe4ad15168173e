"""One-time passwords of RFC 6238 as Keystone takes them: SHA-1, six digits, 30 seconds; the one before is good too."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

_SECONDS = 30
_DIGITS = 6


def fits(secrets: Iterable[str], passcode: str, now: datetime) -> bool:
    """Say whether it is the passcode of one of the secrets (base32) now; one that was used is good again."""
    counter = int(now.timestamp()) // _SECONDS
    good = [_passcode(key, at) for key in _keys(secrets) for at in (counter, counter - 1)]
    return any(hmac.compare_digest(one.encode(), passcode.encode()) for one in good)


def _keys(secrets: Iterable[str]) -> Iterable[bytes]:
    for text in secrets:
        try:
            yield base64.b32decode(text + "=" * (-len(text) % 8))
        except (binascii.Error, ValueError):  # stored as it was given, and of no use
            continue


def _passcode(key: bytes, counter: int) -> str:
    digest = hmac.new(key, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"
