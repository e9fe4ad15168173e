"""With what a session asks the API: a Keystone token, or an access key whose signature is made here, on the server."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from opencbr.api.response import encode
from opencbr.api.signature import ALGORITHM, Claim, SignedRequest, signed, spellings
from opencbr.samples.wire import encoded

MASK = "(your session's, not shown)"
_SIGNATURE = re.compile(r"(?<=Signature=)[0-9a-f]+")


class Token(Struct, frozen=True, tag="token"):
    """A token; `is_ours` says that it was made at sign-in and ends with the session."""

    value: str
    is_ours: bool

    def headers(self, _request: "Signable", _now: datetime) -> dict[str, str]:
        """Return what the request is sent with."""
        return {"x-auth-token": self.value}

    def __repr__(self) -> str:
        return "Token(...)"


class AccessKey(Struct, frozen=True, tag="key"):
    """An EC2 credential of a project."""

    access: str
    secret: str

    def headers(self, request: "Signable", now: datetime) -> dict[str, str]:
        """Return what the request is sent with."""
        signed = {"host": "opencbr", "x-sdk-date": f"{now:%Y%m%dT%H%M%SZ}"}
        steps = sign(request, signed, self.access, self.secret)
        return {**signed, "authorization": steps.authorization}

    def __repr__(self) -> str:
        return "AccessKey(...)"


Credential = Token | AccessKey


class Signable(Struct, frozen=True):
    """A request as far as its signature goes; `path` is decoded, `query` as on the wire."""

    method: str
    path: str
    query: str
    body: bytes


def masked_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request for eyes: a token is left out, and of an Authorization the signature."""
    return tuple(
        (name, MASK if name == "x-auth-token" else _SIGNATURE.sub(MASK, value)) for name, value in headers
    )


def signable(method: str, path: str, query: Iterable[tuple[str, str]] = (), body: Any = None) -> Signable:
    """Write a request down as it is sent; `body` is a JSON value, None for none."""
    text = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in query)
    return Signable(method, path, text, b"" if body is None else encode(body))


class Steps(Struct, frozen=True):
    """How a signature came about (contract 9.2)."""

    canonical_request: str
    string_to_sign: str
    signature: str
    authorization: str


def sign(request: Signable, headers: Mapping[str, str], access: str, secret: str) -> Steps:
    """Sign the headers, one of which is `x-sdk-date`; names are in lower case."""
    names = tuple(sorted(headers))
    arrived = SignedRequest(
        method=request.method,
        path=request.path.encode(),
        query=request.query,
        header=lambda name: headers[name].encode() if name in headers else None,
        body=request.body,
    )
    canonical = next(spellings(arrived, Claim(access, names, "")))
    to_sign, signature = signed(canonical, secret.encode(), headers["x-sdk-date"])
    authorization = f"{ALGORITHM} Access={access}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return Steps(canonical.decode(), to_sign, signature, authorization)
