"""The curl samples, run by sh: what arrives is the call, and the signature is one that the service accepts."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.api.signature import SignedRequest, read_claim, verify
from opencbr.samples.call import NotAvailable
from opencbr.samples.shell import quoted

from .calls import HOSTILE, OPERATIONS, call_of, text_in
from .recorder import Recorder, wanted

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not installed"
)
SECRET = 'it\'s $a "secret"'


def run(call, language):
    text = text_in(call, language)
    variables = {"OS_TOKEN": "a token", "HUAWEICLOUD_SDK_AK": "access", "HUAWEICLOUD_SDK_SK": SECRET}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"} | variables
    done = subprocess.run(
        ["sh", "-eu", "-c", text], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}", ""), text


@pytest.mark.matrix(fast=12)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_with_a_token(operation, recorder: Recorder):
    call = call_of(operation, HOSTILE, recorder.url)
    run(call, "curl-token")
    received = recorder.last()
    assert received == wanted(call)
    assert received.headers["x-auth-token"] == "a token"


@pytest.mark.matrix(fast=12)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_signed_in_the_shell(operation, recorder: Recorder):
    call = call_of(operation, HOSTILE + "\nline", recorder.url)
    run(call, "curl-signed")
    received = recorder.last()
    assert received == wanted(call)
    signed = SignedRequest(
        received.method,
        received.path.encode(),
        received.raw_query,
        lambda name: received.headers[name].encode() if name in received.headers else None,
        received.raw_body,
    )
    claim = read_claim(received.headers["authorization"])
    assert {"host", "x-sdk-date"} <= set(claim.signed_headers)
    verify(signed, claim, SECRET, datetime.now(UTC))


def test_a_default_port_is_not_signed():
    call = call_of(OPERATIONS[0], endpoint="https://cbr.example:443")
    text = text_in(call, "curl-signed")
    assert re.search(r"^host=cbr\.example$", text, re.MULTILINE)


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from("'\"$`\\ \n")), max_size=5))
def test_a_word_is_one_word(words):
    """What is quoted comes back from a shell byte for byte; what no shell can hold is refused."""
    try:
        line = " ".join(quoted(word) for word in words)
    except NotAvailable:
        assert not all(re.sub(r"[\n\t]", "", word).isprintable() for word in words)
        return
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == (words or [""])
