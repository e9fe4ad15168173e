"""The signature of a notice, by Standard Webhooks 1.0: HMAC-SHA256 of id, time of sending and text, joined by dots."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from opencbr.keys.files import KeyTrouble, read_private
from opencbr.model.notice import Notice
from opencbr.observe.redact import remember

PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a secret (Standard Webhooks)."""
_LIMIT = 4096


class SecretTrouble(Exception):
    """The secret cannot be used; the message says what to change."""


def read_secrets(path: Path) -> list[bytes]:
    """Read the secrets of a file, one a line as `whsec_` and base64: two while one takes the place of the other.

    Raises SecretTrouble.
    """
    try:
        words = read_private(path, _LIMIT).decode("ascii").split()
    except KeyTrouble as error:
        raise SecretTrouble(str(error)) from error
    except OSError as error:
        raise SecretTrouble(f"the file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SecretTrouble(_none(path)) from error
    secrets = []
    for word in words:
        remember(word, word.removeprefix(PREFIX))
        try:
            secret = base64.b64decode(word.removeprefix(PREFIX), validate=True)
        except binascii.Error as error:
            raise SecretTrouble(_none(path)) from error
        if not word.startswith(PREFIX) or not _SHORTEST <= len(secret) <= _LONGEST:
            raise SecretTrouble(_none(path))
        secrets.append(secret)
    if not secrets:
        raise SecretTrouble(_none(path))
    return secrets


def headers(notice: Notice, secrets: Sequence[bytes], now: datetime) -> dict[str, str]:
    """Give the headers of a notice that is sent now, with a signature by each secret."""
    moment = str(int(now.timestamp()))
    signed = f"{notice.id}.{moment}.{notice.body}".encode()
    signatures = [base64.b64encode(hmac.digest(one, signed, hashlib.sha256)).decode() for one in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "opencbr",
        "webhook-id": notice.id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def _none(path: Path) -> str:
    return (
        f"each line of {path} must be {PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes; "
        f'make one with: echo "{PREFIX}$(openssl rand -base64 32)"'
    )
