"""What a use case may raise beside CbrError: the layers above name it by these names and know no store and no cloud."""

from opencbr.cloud.errors import (
    CloudError,
    CredentialRefused,
    Denied,
    InvalidToken,
    PasscodeWanted,
    SignInRefused,
    UnknownKey,
    Unreachable,
)
from opencbr.store.damage import DatabaseDamaged
from opencbr.store.database import is_outage

__all__ = [
    "CloudError",
    "CredentialRefused",
    "DatabaseDamaged",
    "Denied",
    "InvalidToken",
    "PasscodeWanted",
    "SignInRefused",
    "UnknownKey",
    "Unreachable",
    "is_outage",
]
