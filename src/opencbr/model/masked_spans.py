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
from opencbr.model.json_spans import Span, Step
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
    kinds = [judge.kind(span) for span in found]
    secrets = [span.start for span, kind in zip(found, kinds, strict=True) if kind == SECRETS]
    parts_until = 0
    for span, kind in zip(found, kinds, strict=True):
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
    """What is found out of a document once: how names and texts sound and look, and which objects are secret options."""

    def __init__(self, document: str, found: Sequence[Span]) -> None:
        self._document = document
        self._looks: dict[str, bool] = {}
        self._names: dict[tuple[str, str], tuple[str | None, bool]] = {}
        self._options = {
            (*span.path[:-1], _OPTIONS[span.path[-1]])
            for span in found
            if span.kind == "string" and span.path and span.path[-1] in _OPTIONS
            if isinstance(span.path[-1], str) and secret_name(span.value or "")
        }

    def kind(self, span: Span) -> str | None:
        if span.value is not None and self._looks_secret(span.value):
            return SECRETS
        names = _last_names(span.path)
        if span.kind == "name" or names is None:
            return None
        named, sounds = self._judged(names)
        # By its name, and by the name that stands beside it.
        beside = bool(self._options) and span.path in self._options
        if named == SECRETS or ((sounds or beside) and not public_keys(span.value or "")):
            return SECRETS
        for_admins = self._is_for_admins(span, names[0])
        if (named is None and not for_admins) or not FREE_MAPS.isdisjoint(span.path[:-1]):
            return None
        return INFRASTRUCTURE if for_admins else named

    def _is_for_admins(self, span: Span, name: str) -> bool:
        if self._document in ADMIN_DOCUMENTS:
            return span.kind in ("string", "scalar")
        return (
            self._document == "volume_type" and "extra_specs" in span.path[:-1] and name not in PUBLIC_SPECS
        )

    def _judged(self, names: tuple[str, str]) -> tuple[str | None, bool]:
        """Give the class of a field of this name in this member, and whether the name sounds like a secret's."""
        if names not in self._names:
            name = names[0]
            self._names[names] = class_of(*names), name not in _NOT_SECRET and secret_name(name)
        return self._names[names]

    def _looks_secret(self, text: str) -> bool:
        if text not in self._looks:
            self._looks[text] = secret_text(text)
        return self._looks[text]


def _last_names(path: tuple[Step, ...]) -> tuple[str, str] | None:
    """Give the name of a value and that of the member it stands in; an array's elements go by the array's name."""
    name: str | None = None
    for step in reversed(path):
        if isinstance(step, str):
            if name is not None:
                return name, step
            name = step
    return None if name is None else (name, "")
