"""With what a session asks the API: a Keystone token, or an access key whose signature is made here, on the server."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from msgspec import Struct

from opencbr.api.signature import ALGORITHM, canonical_path, canonical_query


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


class Steps(Struct, frozen=True):
    """How a signature came about (contract 9.2)."""

    canonical_request: str
    string_to_sign: str
    signature: str
    authorization: str


def sign(request: Signable, headers: Mapping[str, str], access: str, secret: str) -> Steps:
    """Sign the headers, one of which is `x-sdk-date`; names are in lower case."""
    pairs = sorted(
        (key.encode(), value.encode()) for key, value in parse_qsl(request.query, keep_blank_values=True)
    )
    names = sorted(headers)
    canonical = "\n".join(
        (
            request.method,
            canonical_path(request.path.encode()).decode(),
            canonical_query(pairs).decode(),
            "".join(f"{name}:{headers[name].strip()}\n" for name in names),
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    to_sign = "\n".join((ALGORITHM, headers["x-sdk-date"], hashlib.sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} Access={access}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return Steps(canonical, to_sign, signature, authorization)
