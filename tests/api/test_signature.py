"""The vendor's own signer signs, we verify: any request of any shape, and nothing that was changed."""

import hashlib
import hmac
import string
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_to_bytes

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import assume, given
from hypothesis import strategies as st

from opencbr.api.signature import (
    BadSignature,
    ClockSkew,
    SignedRequest,
    check_form,
    read_claim,
    spellings,
    verify,
)

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
    """The path that it signs ends in a slash, that on the wire as it was sent (trap T23)."""
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


# One request, several spellings (contract 9.3a), written here as the other signers write them


def hashed(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def spelt(
    query: str = "",
    *,
    path: str = "/v3/p/",
    payload: str = hashed(b""),
    secret: str | bytes = SECRET,
    scope: str = "",
) -> str:
    """Sign a GET by hand: the lines of contract 9.2, the scope of 9.3 as one more."""
    lines = ["GET", path, query, "host:h\nx-sdk-date:20260301T120000Z\n", "host;x-sdk-date", payload]
    parts = ["SDK-HMAC-SHA256", "20260301T120000Z", *([scope] if scope else [])]
    message = "\n".join([*parts, hashed("\n".join(lines).encode())])
    key = secret if isinstance(secret, bytes) else secret.encode()
    who = f"Credential=AK1/{scope}" if scope else "Access=AK1"
    signature = hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    return f"SDK-HMAC-SHA256 {who}, SignedHeaders=host;x-sdk-date, Signature={signature}"


def arrived(query: str = "", *, path: str = "/v3/p", body: bytes = b"", **headers: str) -> SignedRequest:
    sent = {"host": "h", "x-sdk-date": "20260301T120000Z"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    found = {name: value.encode() for name, value in sent.items()}
    return SignedRequest("GET", unquote_to_bytes(path), query, found.get, body)


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", hashed(b"")])
def test_without_a_body_the_digest_header_is_signed_as_it_is_or_as_the_empty_body(payload):
    request = arrived(x_sdk_content_sha256="UNSIGNED-PAYLOAD")
    assert accepted(spelt(payload=payload), request)
    assert accepted(spelt(payload=payload), arrived()) == (payload == hashed(b""))


def test_with_a_body_it_is_never_left_out():
    request = arrived(x_sdk_content_sha256="UNSIGNED-PAYLOAD", body=b"{}")
    assert not accepted(spelt(payload="UNSIGNED-PAYLOAD"), request)
    assert not accepted(spelt(), request)
    assert accepted(spelt(payload=hashed(b"{}")), request)


@pytest.mark.parametrize("order", ["a=2&a=1&b=3", "a=1&a=2&b=3"])
def test_the_values_of_a_repeated_key_are_sorted_or_in_the_order_sent(order):
    assert accepted(spelt(order), arrived("b=3&a=2&a=1"))
    assert not accepted(spelt("a=2&a=1&b=3"), arrived("b=3&a=1&a=2")), "an order that was not sent"


@pytest.mark.parametrize("tilde", ["~", "%7E"])
def test_a_tilde_may_be_encoded(tilde):
    assert accepted(spelt(f"name=a{tilde}b", path=f"/v3/{tilde}p/"), arrived("name=a~b", path="/v3/~p"))


@pytest.mark.parametrize(
    ("query", "ways"),
    [("a=1&b=2", 1), ("a=1&a=2", 2), ("a=~", 2), ("a=~&a=2", 4), ("&".join(map(str, range(9_000))), 1)],
)
def test_a_request_is_spelt_in_no_more_ways_than_it_has(query, ways):
    assert len([*spellings(arrived(query), read_claim(spelt(query)))]) == ways


def test_a_header_is_signed_once():
    """Its value, however long, would be written down as often as it is named."""
    twice = spelt().replace("host;x-sdk-date", "host;host;x-sdk-date")
    with pytest.raises(BadSignature, match="twice"):
        check_form(read_claim(twice), arrived().header)


SCOPES = ["20260301/eu-de/cbr/sdk_request", "20260301///sdk_request"]


def scoped(scope: str, secret: str = SECRET) -> bytes:
    """The key of a scope: "SDK" and the secret, then one HMAC for each of its parts."""
    key = f"SDK{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


@pytest.mark.parametrize("scope", SCOPES)
def test_a_signature_with_a_scope(scope):
    """gophertelekomcloud since 2024; it leaves region and service empty."""
    good = spelt("limit=1", secret=scoped(scope), scope=scope)
    assert read_claim(good).access == "AK1"
    assert accepted(good, arrived("limit=1"))
    assert not accepted(good, arrived("limit=2"))
    assert not accepted(
        good.replace("cbr", "ecs") if "cbr" in scope else good.replace("///", "/x//"), arrived("limit=1")
    )
    assert not accepted(spelt(secret=scoped(scope, "another"), scope=scope), arrived())
    assert not accepted(spelt(secret=SECRET, scope=scope), arrived()), (
        "the secret itself is no key of a scope"
    )


def test_the_scope_is_of_the_day_of_the_request():
    scope = "20260228/eu-de/cbr/sdk_request"
    with pytest.raises(BadSignature, match="date in Credential"):
        verify(arrived(), read_claim(spelt(secret=scoped(scope), scope=scope)), SECRET, NOW)


def test_a_signer_with_a_scope_writes_white_space_once():
    scope, date = SCOPES[0], "20260301T120000Z"
    lines = [
        "GET",
        "/v3/p/",
        "",
        f"user-agent:go client\nx-sdk-date:{date}\n",
        "user-agent;x-sdk-date",
        hashed(b""),
    ]
    message = "\n".join(["SDK-HMAC-SHA256", date, scope, hashed("\n".join(lines).encode())])
    signature = hmac.new(scoped(scope), message.encode(), hashlib.sha256).hexdigest()
    header = (
        f"SDK-HMAC-SHA256 Credential=AK1/{scope}, SignedHeaders=user-agent;x-sdk-date, Signature={signature}"
    )
    assert accepted(header, arrived(user_agent="go   client"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic abc",
        "SDK-HMAC-SM3 Access=a, SignedHeaders=host, Signature=" + "0" * 64,
        "V11-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=zz",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature=",
        "SDK-HMAC-SHA256 Credential=a/2026031/r/s/sdk_request, SignedHeaders=host, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Credential=a/20260301/r/s/aws4_request, SignedHeaders=host, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=" + "0" * 64,
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
