"""One upstream answer, its bytes untouched, and how to read the sentence out of an OpenStack fault."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opencbr.cloud.entries import with_id
from opencbr.cloud.errors import CloudError, Denied, NotFound, Refused, Unreachable
from opencbr.cloud.keystone_faults import NO_KEYSTONE, is_keystones
from opencbr.cloud.retry import AGAIN
from opencbr.cloud.shapes import misshapen
from opencbr.cloud.strict_json import Unusable, read_object
from opencbr.observe.redact import redact

NOT_PROMISED = "the body is not what the API promises"
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
        """Return the body as a JSON object. Raises Unreachable when it is none, or more than can be kept."""
        try:
            return read_object(self.body)
        except Unusable as error:
            raise self.garbage(str(error)) from error

    def thing(self, kind: str, shape: str = "") -> dict[str, Any]:
        """Return the object in the envelope `kind`. Raises Unreachable for what is not shaped as `shapes` says."""
        thing: Any = self.json().get(kind)
        if wrong := misshapen(shape or kind, thing):
            raise self.garbage(wrong)
        return dict(thing)

    def bare(self, kind: str) -> dict[str, Any]:
        """Return the body as an object of `kind` that has no envelope. Raises Unreachable as `thing` does."""
        thing = self.json()
        if wrong := misshapen(kind, thing):
            raise self.garbage(wrong)
        return thing

    def rows(
        self, kind: str, envelope: str | None = None, where: Callable[[dict[str, Any]], bool] | None = None
    ) -> list[dict[str, Any]]:
        """Return the list in the envelope (the kind's plural), each row shaped as `shapes` says. Raises Unreachable.

        With `where` only the rows that it chooses are returned and looked at: others may be odd.
        """
        rows: list[Any] = self._list(envelope or kind + "s")
        if where is not None:
            rows = [row for row in rows if isinstance(row, dict) and where(row)]
        for row in rows:
            if wrong := misshapen(kind, row):
                raise self.garbage(wrong)
        return rows

    def entries(
        self, kind: str, envelope: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Return what has an id in the list in the envelope, for `entries.usable`.

        Raises Unreachable where it is no list, or has more rows than the `limit` that was asked for.
        """
        where = f"{self.service} {self.method} {self.path.partition('?')[0]}"
        rows = self._list(envelope or kind + "s")
        if limit is not None and len(rows) > limit:
            raise self.garbage(f"{len(rows)} rows where {limit} were asked for")
        return with_id(where, kind, rows)

    def _list(self, envelope: str) -> list[Any]:
        rows = self.json().get(envelope)
        if not isinstance(rows, list):
            raise self.garbage(f"{envelope} is not a list")
        return rows

    def garbage(self, wrong: str) -> Unreachable:
        """Make the error for a body that cannot be used; `wrong` says why, and nothing that stands in it."""
        return Unreachable(
            service=self.service,
            method=self.method,
            path=self.path,
            status=self.status,
            request_id=self.request_id,
            reason=f"{NOT_PROMISED}: {wrong}",
        )

    def error(self) -> CloudError:
        """Make the error that this status stands for."""
        kind: type[CloudError] = Unreachable
        reason = fault_sentence(self.body)
        if self.status == 404:  # noqa: PLR2004 -- HTTP statuses are better read as numbers
            kind = NotFound
        elif self.status in (401, 403):
            kind = Denied
        elif 400 <= self.status < 500 and self.status != 429:  # noqa: PLR2004
            kind = Refused
        if self.service == "identity" and self.status not in AGAIN and not is_keystones(self.body):
            kind, reason = Unreachable, NO_KEYSTONE
        return kind(
            service=self.service,
            method=self.method,
            path=self.path,
            status=self.status,
            request_id=self.request_id,
            reason=reason,
        )


def fault_sentence(body: bytes) -> str:
    """Take the message out of a fault body.

    `{"badRequest": {"message": ...}}`, `{"NeutronError": ...}`, Keystone's `error`: one envelope
    around a message. Anything else (a proxy's HTML page, a body cut short) gives "": what is not a known
    fault is not repeated.
    """
    try:
        fault = read_object(body)
    except Unusable:
        return ""
    if len(fault) != 1:
        return ""
    inner = next(iter(fault.values()))
    message = inner.get("message") if isinstance(inner, dict) else inner
    if not isinstance(message, str):
        return ""
    sentence = " ".join(message[: 4 * _REASON_LENGTH].split())
    return redact(sentence)[:_REASON_LENGTH].removesuffix(".")
