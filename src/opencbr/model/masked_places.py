"""Where masks stand in a text: told by what it says in truth, since anybody can write what looks like a mask."""

import re
from typing import NamedTuple

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import Span, spans

_SENTENCE = r'"\(masked (secret|infrastructure) ([0-9a-f]{16})\)"'
_MASK = re.compile(rf'{_SENTENCE}|\[{_SENTENCE}\]|\{{"masked":{_SENTENCE}\}}')
_CLASSES = {"secret": SECRETS, "infrastructure": INFRASTRUCTURE}


class MaskedPlace(NamedTuple):
    """A mask: `length` characters at `offset` of the masked text stand for a value of the class `kind`."""

    offset: int
    length: int
    kind: str


def fingerprint_of(token: str) -> str | None:
    """Return the fingerprint in the mask that a JSON text is; None when it is none."""
    found = _MASK.fullmatch(token)
    return None if found is None else next(part for part in found.groups()[1::2] if part)


def path_of(span: Span) -> str:
    """Write where a value stands: `server.addresses.net[0].addr`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in span.path)
    path = "".join(steps).removeprefix(".")
    return f"{path} (its name)" if span.kind == "name" else path


def masked_places(masked: str, verbatim: str) -> list[MaskedPlace]:
    """List the masks of a text in order of place; `verbatim` is the same text with nothing masked. Raises NotJson."""
    ends = {span.start: span.end for span in spans(verbatim)}
    found: list[MaskedPlace] = []
    done = shift = 0
    for span in spans(masked):
        token = masked[span.start : span.end]
        mask = _MASK.fullmatch(token) if span.start >= done else None
        if mask is None:
            continue
        done, start = span.end, span.start + shift
        if not verbatim.startswith(token, start):
            kind = next(part for part in mask.groups()[::2] if part)
            found.append(MaskedPlace(span.start, len(token), _CLASSES[kind]))
            shift += ends[start] - start - len(token)
    return found


def spans_at(text: str, places: list[MaskedPlace]) -> list[tuple[Span, str]] | None:
    """Return the values that stand in `text`, in whatever view, where `places` of its masked form are; and their classes.

    None when it is not a view of that text. Raises NotJson.
    """
    by_start = {span.start: span for span in spans(text)}
    found: list[tuple[Span, str]] = []
    shift = 0
    for place in places:
        span = by_start.get(place.offset + shift)
        if span is None:
            return None
        found.append((span, place.kind))
        shift += span.end - span.start - place.length
    return found


def value_at(masked: str, verbatim: str, offset: int) -> tuple[str, str, str] | None:
    """Return path in the masked text, class, and verbatim JSON of the value whose mask begins there; None for none.

    Raises NotJson.
    """
    places = [place for place in masked_places(masked, verbatim) if place.offset <= offset]
    if not places or places[-1].offset != offset:
        return None
    in_masked, in_verbatim = (spans_at(text, places) for text in (masked, verbatim))
    assert in_masked is not None and in_verbatim is not None  # noqa: PT018 -- both are views of one text
    (shown, kind), (real, _) = in_masked[-1], in_verbatim[-1]
    return path_of(shown), kind, verbatim[real.start : real.end]
