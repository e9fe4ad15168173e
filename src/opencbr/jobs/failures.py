"""From an exception to what an operation log says.

A code of the catalogue and one sentence without secrets.
"""

from dataclasses import dataclass

from opencbr.cloud.capture import CaptureRefused
from opencbr.cloud.errors import CloudError, CredentialRefused, Denied
from opencbr.model.errors import IDENTITY_FAILED, QUOTA_USED_UP, UNEXPECTED, CbrError


class JobError(Exception):
    """A job cannot go on for a reason of its own: `code` is the catalogue's, `message` a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for the operation log.

    `expected` is False for an error of ours, which belongs in the worker's log too.
    """

    code: str
    message: str
    expected: bool


def explain(error: Exception) -> Failure:
    """Name the trouble. The text of an unforeseen error is left out, it could quote anything."""
    if isinstance(error, JobError | CbrError | CaptureRefused):
        return Failure(error.code, error.message, expected=True)
    if isinstance(error, CloudError):
        return Failure(_code_of(error), str(error), expected=True)
    return Failure(
        UNEXPECTED, f"an unforeseen {type(error).__name__}; the worker's log has more", expected=False
    )


def _code_of(error: CloudError) -> str:
    if error.is_over_quota:
        return QUOTA_USED_UP
    if isinstance(error, Denied | CredentialRefused):
        return IDENTITY_FAILED
    return UNEXPECTED
