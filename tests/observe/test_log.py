"""Nothing secret reaches a log line, whoever wrote it and whatever shape it had."""

import contextvars
import io
import json
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.observe import log
from opencbr.observe.redact import HIDDEN, redact, remember

CANARY = "canary-7Qx9hushhush"

SHAPES = [
    "X-Auth-Token: {}",
    "{{'X-Auth-Token': '{}', 'Accept': '*/*'}}",
    "-H 'X-Subject-Token: {}'",
    "Authorization: SDK-HMAC-SHA256 Access=abc, SignedHeaders=host, Signature={}",
    '{{"auth": {{"password": {{"user": {{"password": "{}"}}}}}}}}',
    '{{"adminPass": "{}"}}',
    '{{"OS-EXT-SRV-ATTR:user_data": "{}"}}',
    '"{{\\"password\\": \\"{}\\"}}"',
    "{{'password': b'{}'}}",
    '{{"password": "quote \\" inside {}"}}',
    "password={}",
    "db_password = {}",
    "OPENCBR_SK={}",
    "secret: {}",
    "postgresql+psycopg://cbr:{}@db.example.org/cbr",
    '{{"blob": "{{\\"access\\": \\"a\\", \\"secret\\": \\"{}\\"}}"}}',
    "--os-password={}",
    "mysql+pymysql://cbr:{}@[::1]/cbr",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    # cut off before its end
    '{{"password": "{}',
    '{{"password": "{}\\',
    "{{'password': '{}\nand a line that goes on\\",
]


@pytest.fixture
def written():
    """A log that a test can read; the root logger is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:], root.level = before, level


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_of_any_shape_is_hidden_in_messages_fields_and_tracebacks(written, shape, form):
    log.configure("debug", form, written)
    said = shape.format(CANARY)
    logging.getLogger("some.library").debug("sent %s", said)
    logging.getLogger("opencbr.x").info("a field", extra={"fields": {"note": said, "password": CANARY}})
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("opencbr.x").exception("it broke")
    assert CANARY not in written.getvalue()
    assert written.getvalue().count(HIDDEN) >= 4


def test_tokens_are_known_by_their_look():
    token = "gAAAAABlZ" + "x" * 100
    assert token not in redact(f"the token {token} was refused")


@pytest.mark.parametrize(
    "secret",
    [
        "github_pat_11ABCDEFG0aBcDeFgHiJkL_0123456789abcdefghij",
        "glpat-0123456789abcdefghij",
        "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "X-Amz-Signature=0123456789abcdef",
        "$6$rounds=5000$salt$0123456789abcdef",
    ],
)
def test_what_a_record_would_mask_by_its_look_is_hidden_in_logs_too(secret):
    hidden = redact(f"GET https://u.example.org/?a=b&{secret} answered 403")
    assert secret not in hidden
    assert hidden.startswith("GET https://u.example.org/?a=b&")
    assert hidden.endswith(" answered 403")


def test_a_remembered_value_is_hidden_without_any_hint_around_it():
    remember("tr0ub4dor&3")
    assert redact("the value tr0ub4dor&3 came back") == f"the value {HIDDEN} came back"


@pytest.mark.parametrize(
    "harmless",
    [
        "compute GET /servers/7f6 answered 503 (req-1): no valid host",
        "GET http://127.0.0.1:5000/v3/auth/tokens 200",
        "the password is missing from clouds.yaml",
        "tokens are kept 60 s",
        "volume 10.0.0.1:/share was read",
    ],
)
def test_ordinary_sentences_stay_as_they_are(harmless):
    assert redact(harmless) == harmless


@given(st.text(), st.text())
def test_one_event_is_one_line_whatever_a_client_sent(message, value):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    for formatter in (log.TextFormatter(), log.JsonFormatter()):
        handler.setFormatter(formatter)
        record = logging.LogRecord("n", logging.INFO, "f", 1, "%s", (message,), None)
        record.fields = {"value": value}
        line = handler.format(record)
        assert len(line.splitlines()) == 1


PIECES = [
    *("a-", "a.", "-", "a", "password-", "password", "password ", "authorization ", "x-auth-token\t"),
    *("a:a@", "://", "://a:", "http+", "gAAAAA-", "eyJaaaaaaaa-", "eyJaaaaaaaa.", "-----BEGIN ", "token=("),
    *(
        "sig=",
        "&sig=",
        "X-Amz-Signature=",
        "SG.aaaaaaaaaaaaaaaaa",
        "{SSHA}",
        "hooks.slack.com/services/",
        "PuTTY-User-Key-File-1",
    ),
    *('"password" ', '"a-', "'secret':", '"blob":\\"', "=", " = ", "\\\\", "\\a", '\\"'),
]
OPENINGS = [
    '"token":"',
    "'password': b'",
    '"{\\"secret\\": \\"',
    "authorization: ",
    "token=",
    "://a:",
    "-----BEGIN PRIVATE KEY",
]


def spent(text: str) -> float:
    """Seconds of this thread's processor time, whoever else is busy."""
    begin = time.thread_time()
    redact(text)
    return time.thread_time() - begin


@pytest.mark.parametrize("piece", PIECES)
def test_hiding_takes_no_longer_than_the_text_is_long(piece):
    """Four times the text takes four times as long, not sixteen times; a disturbed measurement is repeated."""

    def growth() -> float:
        short, long = (piece * (length // len(piece)) for length in (4_000, 16_000))
        return spent(long) / max(spent(short), 1e-4)

    assert any(growth() < 8 for _ in range(3))


def test_a_line_is_no_longer_than_anybody_reads(written):
    log.configure("info", stream=written)
    logging.getLogger("opencbr.x").info("begin %s end", "x" * 10_000_000)
    assert len(written.getvalue()) < 40_000
    assert "begin" in written.getvalue()
    assert "characters left out" in written.getvalue()
    assert written.getvalue().endswith("end\n")


def test_a_line_names_the_request_and_its_fields(written):
    log.configure("info", "json", written)

    def work() -> None:
        with log.about("req-42"):
            logging.getLogger("opencbr.api").info("answered", extra={"fields": {"status": 200}})
        logging.getLogger("opencbr.api").info("later")

    # As in a thread that has just begun: this one may have answered requests in other tests.
    contextvars.Context().run(work)
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["request_id"], first["status"], first["level"]) == ("req-42", "200", "info")
    assert "request_id" not in second


@pytest.mark.parametrize("opening", OPENINGS)
def test_no_text_behind_the_beginning_of_a_secret_can_be_read_in_two_ways(opening):
    """A server's name of 50 characters was enough to stop a worker: each backslash in it doubled the time."""
    for piece in PIECES:
        short, long = (min(spent(opening + piece * count) for _ in range(3)) for count in (10, 18))
        assert long < 8 * max(short, 1e-3), piece
