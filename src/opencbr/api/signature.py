"""SDK-HMAC-SHA256: verify a request signed with an access key (contract 9.2), nothing but the calculation.

Exactly the headers named in SignedHeaders are part of the signature, no more (trap T29). The path and the
query are decoded once and encoded again, so every spelling of the same request has the same signature.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_from_bytes, unquote_to_bytes

ALGORITHM = "SDK-HMAC-SHA256"
SKEW = timedelta(minutes=15)
"""How far the client's clock may be off, either way (contract 9.2)."""

_FORM = re.compile(
    r"SDK-HMAC-SHA256\s+Access=([^\s,=]{1,255})\s*,\s*"
    r"SignedHeaders=([!#$%&'*+.^`|~0-9a-z;-]{1,2000})\s*,\s*Signature=([0-9a-f]{64})\Z"
)
_DATE_FORM = re.compile(r"\d{8}T\d{6}Z\Z")
_UNSIGNED = "UNSIGNED-PAYLOAD"


class BadSignature(Exception):
    """The Authorization header or what it promises does not hold; the message says what to change."""


class ClockSkew(BadSignature):
    """The time in X-Sdk-Date is too far from the server's."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says: whose key, which headers are signed, and the signature in hex."""

    access: str
    signed_headers: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The request as it arrived.

    `path` is decoded once; `query` is as on the wire, without the question mark.
    `header` gives the bytes of a header by its lower-case name, None when it was not sent.
    """

    method: str
    path: bytes
    query: str
    header: Callable[[str], bytes | None]
    body: bytes


def read_claim(authorization: str) -> Claim:
    """Take an Authorization header apart.

    Raises BadSignature for another algorithm (contract 9.3: they are refused) and for a malformed header.
    """
    form = _FORM.match(authorization.strip())
    if form is None:
        if authorization.split(maxsplit=1)[:1] == [ALGORITHM]:
            raise BadSignature(
                "the Authorization header is malformed: send 'SDK-HMAC-SHA256 Access=…, SignedHeaders=…, "
                "Signature=…' with header names in lower case and 64 hexadecimal digits"
            )
        raise BadSignature(f"the Authorization header uses another algorithm: sign with {ALGORITHM}")
    return Claim(form[1], tuple(form[2].split(";")), form[3])


def verify(request: SignedRequest, claim: Claim, secret: str, now: datetime) -> None:
    """Check the signature, the body's digest and the time; compares in constant time.

    `now` is aware. Raises ClockSkew when the request's time is more than SKEW off, else BadSignature.
    """
    stamp = _text(request.header("x-sdk-date"), "X-Sdk-Date")
    moment = _moment(stamp)
    digest = hashlib.sha256(request.body).hexdigest()
    _check_promised_digest(request, digest)
    message = f"{ALGORITHM}\n{stamp}\n{hashlib.sha256(canonical(request, claim, digest)).hexdigest()}"
    expected = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, claim.signature):
        raise BadSignature(
            "the signature does not match the request: check the secret key, and that no proxy changes the "
            "path, the query or a signed header"
        )
    # After the comparison: only the key's owner learns what the server's clock says.
    if abs(now - moment) > SKEW:
        raise ClockSkew(
            "the time in X-Sdk-Date is more than 15 minutes off, "
            f"the server has {now.astimezone(UTC):%Y%m%dT%H%M%SZ}: set the client's clock"
        )


def canonical(request: SignedRequest, claim: Claim, digest: str) -> bytes:
    """Build the canonical request; `digest` is the hex SHA-256 of the body."""
    headers = []
    for name in claim.signed_headers:
        value = request.header(name)
        if value is None:
            raise BadSignature(
                f"the header {name[:64]!r} is signed but was not sent: send it, or leave it unsigned"
            )
        headers.append(b"%s:%s\n" % (name.encode(), value.strip()))
    return b"\n".join(
        (
            request.method.upper().encode(),
            canonical_path(request.path),
            canonical_query(request.query),
            b"".join(headers),
            ";".join(claim.signed_headers).encode(),
            digest.encode(),
        )
    )


def canonical_path(path: bytes) -> bytes:
    """Encode a decoded path again, segment by segment, and end it with a slash (trap T23)."""
    encoded = quote_from_bytes(path, safe="/~").encode()
    return encoded if encoded.endswith(b"/") else encoded + b"/"


def canonical_query(query: str) -> bytes:
    """Decode, sort and encode the query's pairs; a plus sign is a space, as it is for the handlers."""
    if not query:
        return b""
    pairs = []
    for part in query.split("&"):
        if part:
            key, _, value = part.replace("+", "%20").partition("=")
            pairs.append((unquote_to_bytes(key), unquote_to_bytes(value)))
    pairs.sort()
    return "&".join(
        f"{quote_from_bytes(k, safe='~')}={quote_from_bytes(v, safe='~')}" for k, v in pairs
    ).encode()


def _check_promised_digest(request: SignedRequest, digest: str) -> None:
    """Refuse a body that the signature leaves out; the header with its digest may only repeat it."""
    promised = request.header("x-sdk-content-sha256")
    if promised is None or not request.body:
        return
    text = promised.decode("latin-1").strip()
    if text == _UNSIGNED:
        raise BadSignature("the body is not signed: send it as application/json, so that it is")
    if not hmac.compare_digest(text.encode(), digest.encode()):
        raise BadSignature("X-Sdk-Content-Sha256 is not the digest of the body: sign the body that is sent")


def _text(value: bytes | None, name: str) -> str:
    if value is None:
        raise BadSignature(f"the header {name} is missing: sign with a current SDK")
    return value.decode("latin-1").strip()


def _moment(stamp: str) -> datetime:
    if _DATE_FORM.match(stamp) is None:
        raise BadSignature("X-Sdk-Date must look like 20190510T075912Z")
    year = int(stamp[:4])
    month, day, hour, minute, second = (int(stamp[at : at + 2]) for at in (4, 6, 9, 11, 13))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise BadSignature("X-Sdk-Date is no date") from error
