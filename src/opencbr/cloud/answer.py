"""One upstream answer, its bytes untouched, and how to read the sentence out of an OpenStack fault."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opencbr.cloud.errors import CloudError, Denied, NotFound, Refused, Unreachable
from opencbr.observe.redact import redact

_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A body as it came over the wire; `path` is relative to the versioned endpoint, query included."""

    service: str
    method: str
    path: str
    microversion: str | None
    status: int
    request_id: str | None
    read_at: datetime
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises Unreachable when it is none."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise self.garbage() from error
        if not isinstance(value, dict):
            raise self.garbage()
        return value

    def garbage(self) -> Unreachable:
        """Make the error for a body that is not a JSON object."""
        return Unreachable(
            service=self.service,
            method=self.method,
            path=self.path,
            status=self.status,
            request_id=self.request_id,
            reason="the body is not a JSON object",
        )

    def error(self) -> CloudError:
        """Make the error that this status stands for."""
        kind: type[CloudError] = Unreachable
        if self.status == 404:  # noqa: PLR2004 -- HTTP statuses are better read as numbers
            kind = NotFound
        elif self.status in (401, 403):
            kind = Denied
        elif 400 <= self.status < 500 and self.status != 429:  # noqa: PLR2004
            kind = Refused
        return kind(
            service=self.service,
            method=self.method,
            path=self.path,
            status=self.status,
            request_id=self.request_id,
            reason=fault_sentence(self.body),
        )


def fault_sentence(body: bytes) -> str:
    """Take the message out of a fault body.

    `{"badRequest": {"message": ...}}`, `{"NeutronError": ...}`, Keystone's `error`: one envelope
    around a message. Anything else (a proxy's HTML page, a body cut short) gives "": what is not a known
    fault is not repeated.
    """
    try:
        fault = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(fault, dict) or len(fault) != 1:
        return ""
    inner = next(iter(fault.values()))
    message = inner.get("message") if isinstance(inner, dict) else inner
    if not isinstance(message, str):
        return ""
    sentence = " ".join(message[: 4 * _REASON_LENGTH].split())
    return redact(sentence)[:_REASON_LENGTH].removesuffix(".")
