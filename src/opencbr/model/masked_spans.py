"""Which values of a body, and which names in it, are not for everybody."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from opencbr.model.field_classes import (
    ADMIN_DOCUMENTS,
    FREE_MAPS,
    INFRASTRUCTURE,
    PUBLIC_SPECS,
    SECRETS,
    class_of,
)
from opencbr.model.json_spans import Span
from opencbr.model.secret_detection import public_keys, secret_text
from opencbr.model.secret_names import secret_name

_NOT_SECRET = frozenset({"encryption_key_id", "cinder_encryption_key_id", "secret_uuid"})
_OPTIONS = {"opt_name": "opt_value", "name": "value", "key": "value"}
"""Two members of one object that are an entry's name and its value, as a port has its DHCP options."""


def classed_spans(document: str, found: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    """Yield what is not for everybody and its class, in order of place: what contains comes before what is in it.

    `document` is the kind of document, `found` its values and names that are neither null nor empty. What is infrastructure
    as a whole and has a secret in it is taken in its parts: who may see machines does not see passwords.
    """
    judge = _Judge(document, found)
    judged = [(span, judge.kind(span)) for span in found]
    secrets = [span.start for span, kind in judged if kind == SECRETS]
    parts_until = 0
    for span, kind in judged:
        if kind is None and span.start < parts_until and span.kind in ("string", "scalar"):
            yield span, INFRASTRUCTURE
        elif kind == INFRASTRUCTURE and span.kind in ("object", "array") and _any(secrets, span):
            parts_until = max(parts_until, span.end)
        elif kind is not None:
            yield span, kind


def _any(starts: Sequence[int], inside: Span) -> bool:
    behind = bisect_right(starts, inside.start)
    return behind < len(starts) and starts[behind] < inside.end


class _Judge:
    """What is found out of a document once: how its names sound and look, and which of its objects are secret options."""

    def __init__(self, document: str, found: Sequence[Span]) -> None:
        self._document = document
        self._sounds: dict[str, bool] = {}
        self._looks: dict[str, bool] = {}
        self._options = {
            (*span.path[:-1], _OPTIONS[span.path[-1]])
            for span in found
            if span.kind == "string" and span.path and span.path[-1] in _OPTIONS
            if isinstance(span.path[-1], str) and self._sounds_secret(span.value or "")
        }

    def kind(self, span: Span) -> str | None:
        if span.kind == "name":
            return SECRETS if self._looks_secret(span.value or "") else None
        names = [step for step in span.path if isinstance(step, str)][-2:]
        if not names:
            return SECRETS if span.value is not None and secret_text(span.value) else None
        name, inside = names[-1], names[0] if names[1:] else ""  # an array's elements go by the array's name
        named = class_of(name, inside)
        if named == SECRETS or self._is_secret(span, name):
            return SECRETS
        if not FREE_MAPS.isdisjoint(span.path[:-1]):
            return None
        return INFRASTRUCTURE if self._is_for_admins(span, name) else named

    def _is_secret(self, span: Span, name: str) -> bool:
        """Judge by the value's looks, by its name, and by the name that stands beside it."""
        if span.value is not None and secret_text(span.value):
            return True
        sounds = (name not in _NOT_SECRET and self._sounds_secret(name)) or span.path in self._options
        return sounds and not public_keys(span.value or "")

    def _is_for_admins(self, span: Span, name: str) -> bool:
        if self._document in ADMIN_DOCUMENTS:
            return span.kind in ("string", "scalar")
        return (
            self._document == "volume_type" and "extra_specs" in span.path[:-1] and name not in PUBLIC_SPECS
        )

    def _sounds_secret(self, name: str) -> bool:
        if name not in self._sounds:
            self._sounds[name] = secret_name(name)
        return self._sounds[name]

    def _looks_secret(self, name: str) -> bool:
        if name not in self._looks:
            self._looks[name] = secret_text(name)
        return self._looks[name]
