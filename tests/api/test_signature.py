"""The vendor's own signer signs, we verify: any request of any shape, and nothing that was changed."""

import hashlib
import string
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_to_bytes

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import assume, given
from hypothesis import strategies as st

from opencbr.api.signature import BadSignature, ClockSkew, SignedRequest, read_claim, verify

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECRET = "a-secret-key-of-forty-characters-or-so!!"

text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
segment = text.filter(
    lambda part: "/" not in part and "%" not in part and "?" not in part and "#" not in part
)
paths = st.lists(segment, min_size=1, max_size=4).map(lambda parts: "/v3/" + "/".join(parts))
queries = st.lists(
    st.tuples(text.filter(bool), st.one_of(text, st.booleans(), st.integers(), st.lists(text, max_size=3))),
    max_size=4,
    unique_by=lambda pair: pair[0],
)
headers = st.dictionaries(
    st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=10).map(
        lambda name: "X-T" + name
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    max_size=3,
)
bodies = st.binary(max_size=200)


def sign(method="GET", path="/v3/p", query=(), extra=None, body=b"") -> tuple[str, SignedRequest]:
    """Sign with the SDK and bring the result into the form in which a server sees it."""
    request = SdkRequest(
        method=method,
        schema="http",
        host="127.0.0.1:8780",
        resource_path=path,
        query_params=list(query),
        header_params={
            "Content-Type": "application/json",
            "X-Project-Id": "p",
            "User-Agent": "huaweicloud-usdk-python/3.0",
            "X-Sdk-Date": NOW.strftime("%Y%m%dT%H%M%SZ"),
            **(extra or {}),
        },
        body=body,
    )
    signed = Signer(BasicCredentials(ak="AK1", sk=SECRET, project_id="p")).sign(request)
    sent = {name.lower(): value.encode("latin-1") for name, value in signed.header_params.items()}
    wire_path, _, wire_query = signed.uri.partition("?")
    arrived = SignedRequest(
        method=method,
        path=unquote_to_bytes(wire_path),
        query=wire_query,
        header=sent.get,
        body=body,
    )
    return sent["authorization"].decode(), arrived


def accepted(authorization: str, request: SignedRequest, now: datetime = NOW) -> bool:
    try:
        verify(request, read_claim(authorization), SECRET, now)
    except BadSignature:
        return False
    return True


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), paths, queries, headers, bodies)
def test_whatever_the_sdk_signs_is_accepted(method, path, query, extra, body):
    assume(len({name.lower() for name in extra}) == len(extra))
    authorization, request = sign(method, path, query, extra, body)
    verify(request, read_claim(authorization), SECRET, NOW)


@given(st.data(), paths, queries, bodies.filter(bool))
def test_any_changed_byte_is_noticed(data, path, query, body):
    authorization, request = sign("POST", path, query, {}, body)
    part = data.draw(st.sampled_from(["method", "path", "query", "body", "header", "signature"]))
    changes = {name: getattr(request, name) for name in ("method", "path", "query", "header", "body")}
    if part == "method":
        changes["method"] = "PUT"
    elif part == "path":
        at = data.draw(st.integers(0, len(request.path) - 1))
        changes["path"] = _changed(request.path, at)
    elif part == "query":
        changes["query"] = request.query + ("&" if request.query else "") + "limit=1"
    elif part == "body":
        at = data.draw(st.integers(0, len(body) - 1))
        changes["body"] = _changed(body, at)
    elif part == "header":
        name = data.draw(
            st.sampled_from(["host", "x-project-id", "user-agent", "content-type", "x-sdk-date"])
        )
        old = request.header(name)
        changes["header"] = lambda wanted: old[:-1] + b"~" if wanted == name else request.header(wanted)
    else:
        at = len(authorization) - 1 - data.draw(st.integers(0, 63))
        other = "0" if authorization[at] != "0" else "1"
        authorization = authorization[:at] + other + authorization[at + 1 :]
    assert not accepted(authorization, SignedRequest(**changes))


def _changed(text: bytes, at: int) -> bytes:
    return text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]


def test_another_key_is_refused():
    authorization, request = sign()
    with pytest.raises(BadSignature, match="signature is not accepted"):
        verify(request, read_claim(authorization), SECRET + "x", NOW)


@pytest.mark.parametrize("minutes", [-15, 0, 15])
def test_fifteen_minutes_are_forgiven(minutes):
    authorization, request = sign()
    assert accepted(authorization, request, NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("seconds", [-901, 901])
def test_more_than_fifteen_minutes_are_a_matter_of_the_clock(seconds):
    authorization, request = sign()
    with pytest.raises(ClockSkew, match="20260301T1"):
        verify(request, read_claim(authorization), SECRET, NOW + timedelta(seconds=seconds))


def test_only_the_named_headers_count():
    """Go clients add X-Project-Id after signing and may leave the host unsigned (trap T29)."""
    authorization, request = sign()
    sent = dict.fromkeys(["content-type", "host", "user-agent", "x-project-id", "x-sdk-date"])
    values = {name: request.header(name) for name in sent} | {"x-domain-id": b"added later"}
    assert accepted(
        authorization, SignedRequest(request.method, request.path, request.query, values.get, b"")
    )
    values.pop("user-agent")
    assert not accepted(
        authorization, SignedRequest(request.method, request.path, request.query, values.get, b"")
    )


def test_the_digest_header_may_only_tell_the_truth():
    body = b'{"backup":{}}'
    digest = hashlib.sha256(body).hexdigest()
    authorization, request = sign("PUT", extra={"X-Sdk-Content-Sha256": digest}, body=body)
    assert accepted(authorization, request)
    for lie in ("UNSIGNED-PAYLOAD", "0" * 64):
        authorization, request = sign("PUT", extra={"X-Sdk-Content-Sha256": lie}, body=body)
        assert not accepted(authorization, request)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic abc",
        "SDK-HMAC-SM3 Access=a, SignedHeaders=host, Signature=" + "0" * 64,
        "V11-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=zz",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature=",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=Host, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256",
    ],
)
def test_other_algorithms_and_malformed_headers_are_refused(header):
    with pytest.raises(BadSignature):
        read_claim(header)


@pytest.mark.parametrize("date", ["20261301T000000Z", "2026-03-01T12:00:00Z", "", "20260301T120000"])
def test_a_date_that_is_none_is_refused(date):
    authorization, request = sign()
    values = {"x-sdk-date": date.encode()}
    bent = SignedRequest("GET", request.path, "", lambda name: values.get(name) or request.header(name), b"")
    if date:
        assert not accepted(authorization, bent)
    missing = SignedRequest("GET", request.path, "", lambda name: None, b"")
    assert not accepted(authorization, missing)
