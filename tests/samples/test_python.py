"""The Python samples send the call they were made from, for every operation of the contract, with hostile values."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.samples import missing_of, samples_of
from opencbr.samples.python_source import literal

from .calls import HOSTILE, OPERATIONS, OWN, call_of, text_in
from .recorder import Recorder, wanted

pytestmark = pytest.mark.foreign_answers  # the recorder's, which says nothing of what was asked

ENVIRONMENT = {"OS_TOKEN": "a token", "HUAWEICLOUD_SDK_AK": "access", "HUAWEICLOUD_SDK_SK": "secret"}


def run(call, language, monkeypatch):
    """Run the sample in this process: a process for each of them would take minutes."""
    text = text_in(call, language)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    exec(compile(text, language, "exec"), {"__name__": "__main__"})


@pytest.mark.matrix(fast=24)
@pytest.mark.parametrize("text", [HOSTILE, "line\nbreak\ttab\r\x1b\u202e\u2028"], ids=["hostile", "control"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_requests_sends_the_call(operation, text, recorder: Recorder, monkeypatch):
    call = call_of(operation, text, recorder.url)
    run(call, "requests", monkeypatch)
    received = recorder.last()
    assert received == wanted(call)
    assert received.headers["x-auth-token"] == "a token"


@pytest.mark.matrix(fast=24)
@pytest.mark.parametrize("text", [HOSTILE, "line\nbreak\ttab"], ids=["hostile", "control"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_the_sdk_sends_the_call(operation, text, recorder: Recorder, monkeypatch):
    """So every class, method and attribute that the sample names is in the SDK."""
    call = call_of(operation, text, recorder.url)
    run(call, "sdk-python", monkeypatch)
    received = recorder.last()
    assert received == wanted(call)
    assert received.headers["authorization"].startswith("SDK-HMAC-SHA256 Access=access,")


def test_an_operation_of_our_own_is_in_no_sdk():
    made = {sample.language for sample in samples_of(OWN)}
    assert {"curl-token", "requests"} <= made
    reasons = {missing.language: missing.reason for missing in missing_of(OWN)}
    assert "opencbr's own" in reasons["sdk-python"]
    assert not made & set(reasons)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_a_literal_is_the_value(value):
    written = literal(value)
    assert ast.literal_eval(written) == value
    assert all(one == "\n" or one.isprintable() for one in written)
