"""Masking cuts masked values out of a text and leaves every other byte; revealing puts the very bytes back."""

import hashlib
import hmac
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import MAX_DEPTH, NotJson
from opencbr.model.secrets import MASKED, VERBATIM, mask, reveal
from support.json_texts import decoded, json_texts

NAMES = st.sampled_from(
    [
        "user_data",
        "adminPass",
        "metadata",
        "db_password",
        "properties",
        "extra_specs",
        "provider:segment",
        "OS-EXT-SRV-ATTR:host",
        "binding:profile",
        "volume",
        "server",
        "encryption_key_id",
    ]
)
DOCUMENTS = st.sampled_from(["server", "server@newest", "image/1", "volume_type/1", "port/1", "volume/1"])
TEXTS = json_texts(NAMES)
VIEWS = [MASKED, frozenset({SECRETS}), frozenset({INFRASTRUCTURE}), VERBATIM]


def key(seed):
    return lambda value: hmac.new(seed, value, hashlib.sha256).hexdigest()[:16]


MINE = key(b"mine")


def revealed(masked):
    return reveal(masked.body, masked.splices, VERBATIM)


def mark(value):
    """The masked value that a decoded value stands for: secret, infrastructure, or None for what is in clear."""
    if isinstance(value, tuple) and len(value) == 1 and value[0][0] == "masked":
        value = value[0][1]
    elif isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and value.startswith("(masked "):
        return value.split()[1]
    return None


def shape(value):
    """Object, array or neither; an empty object decodes like an object without members."""
    return type(value) if type(value) in (tuple, list) else None


def marks(masked, original):
    """Walk both, expect equality outside masked values, and list the masked ones in order."""
    if (kind := mark(masked)) is not None:
        assert shape(masked) == shape(original)
        return [kind]
    if shape(masked) is tuple:
        assert [name for name, _ in masked] == [name for name, _ in original]
        return [one for (_, m), (_, o) in zip(masked, original, strict=True) for one in marks(m, o)]
    if shape(masked) is list:
        return [one for m, o in zip(masked, original, strict=True) for one in marks(m, o)]
    assert (type(masked), masked) == (type(original), original)
    return []


@given(DOCUMENTS, TEXTS)
def test_what_was_masked_is_revealed_to_the_byte(document, text):
    body = text.encode()
    masked = mask(document, body, MINE)
    assert revealed(masked) == body
    assert reveal(masked.body, masked.splices, MASKED) == masked.body


@given(DOCUMENTS, TEXTS)
def test_a_masked_body_is_json_and_the_same_outside_masked_values(document, text):
    masked = mask(document, text.encode(), MINE)
    found = marks(decoded(masked.body), decoded(text))
    assert found == [
        {SECRETS: "secret", INFRASTRUCTURE: "infrastructure"}[one.kind] for one in masked.splices
    ]


@given(DOCUMENTS, TEXTS)
def test_each_class_is_revealed_without_the_other(document, text):
    masked = mask(document, text.encode(), MINE)
    for view in VIEWS:
        rest = [one.kind for one in masked.splices if one.kind not in view]
        found = marks(decoded(reveal(masked.body, masked.splices, view)), decoded(text))
        assert found == [{SECRETS: "secret", INFRASTRUCTURE: "infrastructure"}[kind] for kind in rest]


@given(st.text('{}[]:,"\\ \n0123456789eE+-.truefalsnINity\x00é', max_size=30))
def test_exactly_json_can_be_masked(text):
    try:
        decoded(text)
    except ValueError:
        with pytest.raises(NotJson):
            mask("server", text.encode(), MINE)
    else:
        assert revealed(mask("server", text.encode(), MINE)) == text.encode()


@pytest.mark.parametrize("body", [b'{"password": "hush\xff"}', b'{"password": "hush', b'{"password" "hush"}'])
def test_a_refusal_says_where_and_not_what(body):
    with pytest.raises(NotJson, match=r"^not JSON: .* \d+") as refused:
        mask("server", body, MINE)
    shown = repr(refused.value) + "".join(traceback.format_exception(refused.value))
    assert "hush" not in shown
    assert refused.value.__cause__ is None  # the decoder's own error holds the whole body


def test_nesting_has_a_limit():
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert mask("server", deepest, MINE).body == deepest
    with pytest.raises(NotJson, match="deeper than 100 levels"):
        mask("server", b"[" * 100_000, MINE)
