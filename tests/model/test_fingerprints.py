"""A masked value's fingerprint: equal for equal values and for them alone, and nobody's without the key."""

import hashlib
import hmac
import json
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.secrets import mask

# What a value says, whatever its type. The drift report compares masked bodies, and must see one become another.
VALUES = ["x", "1", 1, 0, 1.0, True, False, "true", {"a": 1}, {"a": "1"}, {"a": [True]}, [1], ["1"], [[1]]]


def key(seed):
    return lambda value: hmac.new(seed, value, hashlib.sha256).hexdigest()[:16]


MINE = key(b"mine")


def masked(value, document="server", how=MINE, *, ascii_only=True):
    text = json.dumps({"user_data": value}, ensure_ascii=ascii_only)
    return mask(document, text.encode(), how).body


def test_different_values_look_different():
    alike = [(one, other) for one, other in combinations(VALUES, 2) if masked(one) == masked(other)]
    assert alike == []


@given(st.text(min_size=1))
def test_equal_values_look_equal_however_they_were_written_and_wherever(value):
    assert masked(value) == masked(value, ascii_only=False) == masked(value, "server@newest")


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_the_order_of_members_is_no_part_of_a_value(value):
    assert masked(value) == masked(dict(reversed(value.items())))


@given(st.text(min_size=1))
def test_under_another_key_a_value_looks_different(value):
    assert masked(value) != masked(value, how=key(b"another"))


def test_a_fingerprint_depends_on_the_whole_value():
    long = "x" * 100_000
    assert masked(long) != masked(long + "x") != masked("y" + long)
