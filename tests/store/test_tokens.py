"""Texts are taken apart and put together again to the byte, whatever stands in them."""

import base64
import contextlib
import json
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opencbr.model.json_spans import NotJson
from opencbr.records.binary import Cursor, joined, number, parted
from opencbr.records.tokens import Apart, put_together, take_apart

IDS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: one.hex),
    st.binary(min_size=6, max_size=20).map(lambda raw: raw.hex(":")),
    st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds")),
    st.datetimes().map(lambda moment: moment.isoformat(" ")),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.binary(min_size=40, max_size=90).map(lambda raw: "AAAA" + base64.b64encode(raw).decode()),
    st.sampled_from(
        [
            "999.1.2.3",
            "01.2.3.4",
            "2026-13-45T00:00:00",
            "0000-00-00T00:00:00",
            "ABCDEF00-0000-0000-0000-000000000000",
            "00:00:00",
            "req-00000000-0000-4000-8000-00000000000g",
            "AAAA" + "A" * 41,
        ]
    ),
)
"""What looks like a value, and what nearly does."""
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
TEXTS = st.lists(
    st.one_of(IDS, WORDS, st.sampled_from(["-", ":", ".", " ", "T", "a", "0", '"', "\\u0000"])), max_size=30
)


@given(TEXTS, TEXTS)
@example(["2026-01-01T00:00:00", "2020-01-01 00:00:00", "0001-01-01T00:00:00"], [])
def test_what_is_taken_apart_comes_back(pieces, known):
    text, reader_has = "".join(pieces).encode(), "".join(known).encode()
    assert put_together(take_apart(text, reader_has), reader_has) == text


def test_an_id_is_kept_once_and_one_that_the_reader_has_not_at_all():
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    text = json.dumps(
        {"id": first, "again": [first] * 9, "other": second, "request": f"req-{first}"}
    ).encode()
    assert len(take_apart(text).values) == 32
    assert take_apart(text, f"{second} {first}".encode()).values == b""
    assert first.encode() not in take_apart(text).words


@pytest.mark.parametrize("mark", [bytes([one]) for one in range(1, 8)])
def test_a_text_with_a_mark_in_it_is_no_json(mark):
    with pytest.raises(NotJson):
        take_apart(b'"' + mark + b'"')


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40), st.data())
def test_parts_that_do_not_belong_together_are_refused_and_nothing_worse(words, places, values, data):
    text = b'{"id": "00000000-0000-4000-8000-000000000000", "at": "2026-01-01T00:00:00"}'
    whole = take_apart(text)
    spoilt = data.draw(
        st.sampled_from(
            [whole._replace(words=words), whole._replace(places=places), whole._replace(values=values)]
        )
    )
    for apart in (spoilt, Apart(words, places, values)):
        with contextlib.suppress(ValueError, LookupError, OverflowError):
            put_together(apart)


@given(st.integers(0, 1 << 70))
def test_a_number_comes_back(value):
    cursor = Cursor(number(value))
    assert cursor.number() == value
    cursor.finish()


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6))
def test_pieces_come_back(pieces):
    assert parted(joined(pieces), len(pieces)) == pieces
