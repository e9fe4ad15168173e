"""SDK-HMAC-SHA256: verify a request signed with an access key (contract 9.2), nothing but the calculation.

Exactly the headers named in SignedHeaders are part of the signature, no more (trap T29). The path and the
query are decoded once and encoded again, so every spelling of the same request has the same signature.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from urllib.parse import quote_from_bytes, unquote_to_bytes

ALGORITHM = "SDK-HMAC-SHA256"
SKEW = timedelta(minutes=15)
"""How far the client's clock may be off, either way (contract 9.2)."""

_FORM = re.compile(
    r"SDK-HMAC-SHA256\s+(?:Access=(?P<access>[^\s,=]{1,255})"
    r"|Credential=(?P<owner>[^\s,=/]{1,255})/(?P<scope>\d{8}/[^\s,/]{0,64}/[^\s,/]{0,64}/sdk_request))\s*,\s*"
    r"SignedHeaders=(?P<headers>[!#$%&'*+.^`|~0-9a-z;-]{1,2000})\s*,\s*Signature=(?P<signature>[0-9a-f]{64})\Z"
)
_DATE_FORM = re.compile(r"\d{8}T\d{6}Z\Z")
_UNSIGNED = "UNSIGNED-PAYLOAD"

MISMATCH = (
    "the access key or its signature is not accepted: check the key and its secret, that its user and project are enabled, "
    "that the body is signed, and that no proxy changes the path, the query or a signed header"
)
"""What an unknown key and a wrong secret are told alike: nobody finds out which keys exist."""


class BadSignature(Exception):
    """The Authorization header or what it promises does not hold; the message says what to change."""


class ClockSkew(BadSignature):
    """The time in X-Sdk-Date is too far from the server's."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says: whose key, which headers are signed, and the signature in hex.

    `scope` is `date/region/service/sdk_request` where the signature is made with a key derived for that (contract 9.3),
    region and service may be empty; "" where the secret itself is the key.
    """

    access: str
    signed_headers: tuple[str, ...]
    signature: str
    scope: str = ""


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
    return Claim(
        form["access"] or form["owner"],
        tuple(form["headers"].split(";")),
        form["signature"],
        form["scope"] or "",
    )


def check_form(claim: Claim, header: Callable[[str], bytes | None]) -> datetime:
    """Return the time in X-Sdk-Date. Raises BadSignature for what is wrong whoever signed, before a key is looked for."""
    stamp = header("x-sdk-date")
    if stamp is None:
        raise BadSignature("the header X-Sdk-Date is missing: sign with a current SDK")
    moment = _moment(stamp.decode("latin-1").strip())
    for name in claim.signed_headers:
        if header(name) is None:
            raise BadSignature(
                f"the header {name[:64]!r} is signed but was not sent: send it, or leave it unsigned"
            )
    if len({*claim.signed_headers}) < len(claim.signed_headers):
        raise BadSignature("SignedHeaders names a header twice: name each once")
    if claim.scope and not claim.scope.startswith(f"{moment:%Y%m%d}/"):
        raise BadSignature("the date in Credential is not that of X-Sdk-Date: sign with one time")
    return moment


def verify(request: SignedRequest, claim: Claim, secret: str, now: datetime) -> None:
    """Check the signature and the time; compares in constant time.

    `now` is aware. Raises ClockSkew when the request's time is more than SKEW off, else BadSignature.
    """
    moment = check_form(claim, request.header)
    scope = [claim.scope] if claim.scope else []
    key = _scoped_key(secret, claim.scope) if claim.scope else secret.encode()
    for spelling in spellings(request, claim):
        _, expected = signed(spelling, key, f"{moment:%Y%m%dT%H%M%SZ}", *scope)
        if hmac.compare_digest(expected, claim.signature):
            break
    else:
        raise BadSignature(MISMATCH)
    # After the comparison: only the key's owner learns what the server's clock says.
    if abs(now - moment) > SKEW:
        raise ClockSkew(
            "the time in X-Sdk-Date is more than 15 minutes off, "
            f"the server has {now.astimezone(UTC):%Y%m%dT%H%M%SZ}: set the client's clock"
        )


def signed(spelling: bytes, key: bytes, stamp: str, *scope: str) -> tuple[str, str]:
    """Return the string to sign for a canonical request, and its signature in hex (contract 9.2)."""
    text = "\n".join((ALGORITHM, stamp, *scope, hashlib.sha256(spelling).hexdigest()))
    return text, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def spellings(request: SignedRequest, claim: Claim) -> Iterator[bytes]:
    """Build the canonical requests that real signers make of one request (contract 9.3a), the usual one first.

    Most requests have one; only what a request really has (a tilde, a repeated key, a promised digest) is spelt in
    several ways.
    """
    payloads = [hashlib.sha256(request.body).hexdigest()]
    promised = request.header("x-sdk-content-sha256")
    if not request.body and promised is not None and promised.strip() == _UNSIGNED.encode():
        # Only a request without a body can leave it out of the signature.
        payloads.append(_UNSIGNED)
    pairs = _pairs(request.query)
    orders = [sorted(pairs)]
    if len({key for key, _ in pairs}) < len(pairs):
        orders.append(sorted(pairs, key=itemgetter(0)))
    has_tilde = b"~" in request.path or any(b"~" in part for pair in pairs for part in pair)
    for tilde in ("~", "%7E") if has_tilde else ("~",):
        path = canonical_path(request.path).replace(b"~", tilde.encode())
        for order in orders:
            query = canonical_query(order).replace(b"~", tilde.encode())
            for payload in payloads:
                yield _canonical(request, claim, path, query, payload)


def _canonical(request: SignedRequest, claim: Claim, path: bytes, query: bytes, payload: str) -> bytes:
    headers = []
    for name in claim.signed_headers:
        value = (request.header(name) or b"").strip()
        # The signer with a scope writes any white space as one space.
        headers.append(b"%s:%s\n" % (name.encode(), b" ".join(value.split()) if claim.scope else value))
    return b"\n".join(
        (
            request.method.upper().encode(),
            path,
            query,
            b"".join(headers),
            ";".join(claim.signed_headers).encode(),
            payload.encode(),
        )
    )


def canonical_path(path: bytes) -> bytes:
    """Encode a decoded path again, segment by segment, and end it with a slash (trap T23)."""
    encoded = quote_from_bytes(path, safe="/~").encode()
    return encoded if encoded.endswith(b"/") else encoded + b"/"


def canonical_query(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encode decoded pairs in the order given."""
    return "&".join(
        f"{quote_from_bytes(key, safe='~')}={quote_from_bytes(value, safe='~')}" for key, value in pairs
    ).encode()


def _pairs(query: str) -> list[tuple[bytes, bytes]]:
    """Decode the query's pairs; a plus sign is a space, as it is for the handlers."""
    split = (part.replace("+", "%20").partition("=") for part in query.split("&") if part)
    return [(unquote_to_bytes(key), unquote_to_bytes(value)) for key, _, value in split]


def _scoped_key(secret: str, scope: str) -> bytes:
    key = f"SDK{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _moment(stamp: str) -> datetime:
    if _DATE_FORM.match(stamp) is None:
        raise BadSignature("X-Sdk-Date must look like 20190510T075912Z")
    year = int(stamp[:4])
    month, day, hour, minute, second = (int(stamp[at : at + 2]) for at in (4, 6, 9, 11, 13))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise BadSignature("X-Sdk-Date is no date") from error
