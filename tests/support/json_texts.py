"""JSON texts as no encoder of one's own would write them: odd white space, escapes, doubled keys, numbers of any size.

A text is drawn as text, so that a test knows every byte of it; `json.dumps` would tidy away what is to be kept.
"""

import base64
import json
from typing import Any

from hypothesis import strategies as st

_SPACE = st.text(" \t\n\r", max_size=2)
# What stands everywhere in OpenStack's bodies, what only looks like it, and what may stand beside it.
_TOKENS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: str(one).upper()),
    st.binary(min_size=8, max_size=70).map(bytes.hex),
    st.binary(min_size=30, max_size=90).map(lambda blob: base64.b64encode(b"\0\0\0" + blob).decode()),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}"),
    st.ip_addresses().map(str),
    st.sampled_from(
        ["0000-01-01T00:00:00", "2026-02-30T00:00:00", "2026-01-01T24:00:00", "256.1.1.1", "010.1.1.1"]
    ),
    st.sampled_from(["fa:16:3e:a9:33:b2", "FA:16:3e:a9:33:b2", "1.2.3.4", "2026-11-24T05:00:24", "f" * 131]),
    st.sampled_from(["-", ":", ".", "Z", "+00:00", "a", "0", "=", " ", "AAAA" * 20]),
)
_PHRASES = st.lists(_TOKENS, max_size=4).map("".join)
_WORDS = st.one_of(
    st.text(max_size=12),
    st.text('"\\/\b\f\n\r\t\0\x7f\u2028é€😀', max_size=6),  # what an encoder may write in several ways
    _PHRASES,
    st.one_of(_PHRASES.map(str.encode), st.binary(max_size=40)).map(lambda it: base64.b64encode(it).decode()),
)
_STRINGS = st.one_of(
    _WORDS.map(json.dumps),
    _WORDS.map(lambda word: json.dumps(word, ensure_ascii=False)),
    _WORDS.map(lambda word: json.dumps(word, ensure_ascii=False).replace("/", "\\/")),
    st.sampled_from([r'"\ud800"', r'"\uDC00\ud83d"', r'"\u0041\u00E9"', '"\x7f"']),
)
_SCALARS = st.one_of(
    _STRINGS,
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["true", "false", "null", "0", "-0", "1E+400", "-1.50e-7", "1.0", "123456789" * 40, '""', "[]", "{ }"]
    ),
)


def json_texts(names: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """Texts of JSON documents; some members have one of `names`, others any."""
    keys = _STRINGS if names is None else st.one_of(names.map(json.dumps), _STRINGS)

    def inside(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        member = st.tuples(_SPACE, keys, _SPACE, st.just(":"), _SPACE, values, _SPACE).map("".join)
        element = st.tuples(_SPACE, values, _SPACE).map("".join)
        return st.one_of(
            st.lists(member, max_size=4).map(lambda members: "{" + ",".join(members) + "}"),
            st.lists(element, max_size=4).map(lambda elements: "[" + ",".join(elements) + "]"),
        )

    return st.tuples(_SPACE, st.recursive(_SCALARS, inside, max_leaves=12), _SPACE).map("".join)


def decoded(text: bytes | str) -> Any:
    """Decode with nothing lost: objects as tuples of their members in order, numbers as they were written."""
    return json.loads(
        text, object_pairs_hook=tuple, parse_int=Number, parse_float=Number, parse_constant=Number
    )


class Number(str):
    """A number's text; not equal to a string of the same characters."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and str.__eq__(self, other)

    __hash__ = str.__hash__
