"""Where masks stand is told by what the text says in truth, not by what looks like a mask."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.masked_places import (
    MaskedPlace,
    fingerprint_of,
    masked_places,
    path_of,
    spans_at,
    value_at,
)
from opencbr.model.secrets import MASKED, VERBATIM, mask, reveal
from support.json_texts import json_texts

NAMES = ["user_data", "adminPass", "metadata", "binding:profile", "OS-EXT-SRV-ATTR:host", "server", "b"]
TEXTS = json_texts(st.sampled_from(NAMES))
VIEWS = [MASKED, frozenset({SECRETS}), frozenset({INFRASTRUCTURE}), VERBATIM]
LOOKS = "(masked secret 0123456789abcdef)"


def digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:16]


@given(TEXTS)
def test_each_mask_is_told_where_it_stands_and_found_in_every_view(text):
    masked = mask("server", text.encode(), digest)
    shown = masked.body.decode()
    places = masked_places(shown, text)
    assert places == [
        MaskedPlace(len(masked.body[: one.offset].decode()), one.masked_length, one.kind)
        for one in masked.splices
    ]
    for view in VIEWS:
        seen = reveal(masked.body, masked.splices, view).decode()
        tokens = [(seen[span.start : span.end], kind) for span, kind in spans_at(seen, places)]
        for (token, kind), splice in zip(tokens, masked.splices, strict=True):
            assert token == splice.verbatim.decode() if kind in view else fingerprint_of(token)
    for place, splice in zip(places, masked.splices, strict=True):
        _, kind, value = value_at(shown, text, place.offset)
        assert (kind, value) == (splice.kind, splice.verbatim.decode())
        assert value_at(shown, text, place.offset + 1) is None


def test_what_a_tenant_has_written_like_a_mask_is_none():
    server = {
        "metadata": {"a": LOOKS, "b": [LOOKS], "o": {"masked": LOOKS}},
        "adminPass": "hush",
        "tags": [LOOKS],
    }
    text = json.dumps({"server": server}, separators=(",", ":"))
    masked = mask("server", text.encode(), digest).body.decode()
    (place,) = masked_places(masked, text)
    ((span, kind),) = spans_at(text, [place])
    assert (path_of(span), kind, text[span.start : span.end]) == ("server.adminPass", SECRETS, '"hush"')


def test_a_text_that_is_no_view_of_it_has_no_places():
    text = '{"server":{"a":"b","adminPass":"hush"}}'
    places = masked_places(mask("server", text.encode(), digest).body.decode(), text)
    assert spans_at('{"server":null}', places) is None
