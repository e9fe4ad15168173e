"""The manifest: one text for one meaning, and another digest for every change of any part of a record."""

import dataclasses
import hashlib
import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.manifest import build_manifest, canonical, digest, salt_of
from support.json_texts import decoded
from support.sample_record import RECORD

ASCII = st.text(st.characters(max_codepoint=127), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=12,
)


def shuffled(value, rng):
    if isinstance(value, dict):
        members = list(value.items())
        rng.shuffle(members)
        return {key: shuffled(inner, rng) for key, inner in members}
    return [shuffled(inner, rng) for inner in value] if isinstance(value, list) else value


@given(VALUES, st.integers())
def test_the_order_of_members_is_no_part_of_the_text_and_all_else_is(value, seed):
    text = canonical(value)
    assert canonical(shuffled(value, random.Random(seed))) == text
    assert canonical(json.loads(text)) == text
    assert json.loads(text) == value


@given(VALUES, VALUES)
def test_two_meanings_have_two_texts(one, other):
    same = decoded(json.dumps(one, sort_keys=True)) == decoded(json.dumps(other, sort_keys=True))
    assert (canonical(one) == canonical(other)) == same


def test_strings_are_written_as_rfc_8785_does():
    # The RFC's own example (3.2.2), without its floats.
    value = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f", "literals": [None, True, False]}
    text = '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == text.encode()
    assert canonical("\b\t\f\r\x00\x1f\x7f\u2028") == b'"\\b\\t\\f\\r\\u0000\\u001f\x7f\xe2\x80\xa8"'


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {"é": 1}, {1: 2}, [{"a": (0.5,)}], "\ud800", {1}])
def test_what_has_no_one_text_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


def changed(value):
    """Every value that differs from `value` in one place, with the place's name."""
    if isinstance(value, tuple):
        yield "[order]", value[::-1]
        yield "[twice]", (*value, *value[:1])
        yield "[shorter]", value[:-1]
    elif not dataclasses.is_dataclass(value) and not isinstance(value, Mapping):
        yield from (("", new) for new in others(value))
    for where, inner, put in places(value):
        yield from ((where + deeper, put(new)) for deeper, new in changed(inner))


def places(value):
    """What is inside a value: name, what stands there, and how to get the whole with something else there."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            put = lambda new, name=field.name: dataclasses.replace(value, **{name: new})  # noqa: E731
            yield f".{field.name}", getattr(value, field.name), put
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield f"[{index}]", inner, lambda new, n=index: (*value[:n], new, *value[n + 1 :])
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"[{'+'.join(sorted(key))}]", inner, lambda new, key=key: {**value, key: new}


def others(value):
    if value is None:
        return ["x", b"x"]
    if isinstance(value, str | bytes):
        return [value[:-1], value + (b"x" if isinstance(value, bytes) else "x")]
    if isinstance(value, bool):
        return [not value]
    return [value + (timedelta(microseconds=1) if isinstance(value, datetime) else 1)]


def test_a_change_of_any_part_changes_the_digest():
    unseen = []
    count = 0
    for where, record in changed(RECORD):
        # The verbatim body stands among the bodies a second time, and there it counts.
        if record == RECORD or ".document.body" in where:
            continue
        try:
            seen = digest(build_manifest(record)) != digest(build_manifest(RECORD))
        except ValueError:  # bytes where only text can be: refused is not overlooked
            seen = True
        count += 1
        if not seen:
            unseen.append(where)
    assert unseen == []
    assert count > 150


def test_the_digest_is_the_hash_of_the_text():
    manifest = build_manifest(RECORD)
    assert digest(manifest) == hashlib.sha256(canonical(manifest)).digest()


def test_no_salt_tells_another():
    views = ["secrets", "infrastructure", "infrastructure+secrets"]
    names = ["server", "server@newest", "s", ""]
    salts = {salt_of(salt, view, name) for salt in (b"a", b"b") for view in views for name in names}
    assert len(salts) == 24
