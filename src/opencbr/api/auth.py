"""Sign-in: a Keystone token or an access key's signature becomes a session (contract 9).

What Keystone said is remembered for a short, configured time, a token never past its own end. There is no
memory of signatures: real clients send equal ones within one second.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from opencbr.api.errors import CLOCK_OFF, UNAUTHENTICATED, GatewayError
from opencbr.api.exchange import Exchange
from opencbr.api.signature import (
    MISMATCH,
    BadSignature,
    Claim,
    ClockSkew,
    SignedRequest,
    check_form,
    read_claim,
    verify,
)
from opencbr.model.caller import Caller, KeyOwner
from opencbr.service.cache import Cache
from opencbr.service.failures import InvalidToken, UnknownKey

_NO_CREDENTIALS = (
    "The request carries no credentials: send a Keystone token in X-Auth-Token, "
    "or sign it with an access key (SDK-HMAC-SHA256)."
)
_TOKEN_REFUSED = "Keystone does not accept the token: get a new one, scoped to your project."  # noqa: S105
_MAX_TOKEN = 16 * 1024
_MAX_KEPT = 10_000


class Identity(Protocol):
    """What sign-in asks of Keystone; `opencbr.cloud.identity.Identity` is it."""

    def validate(self, token: str) -> Caller:
        """Return who the token is; raises InvalidToken."""
        ...

    def key_owner(self, access: str) -> KeyOwner:
        """Return whose access key this is; raises UnknownKey."""
        ...

    def elsewhere(self, caller: Caller, project_id: str) -> Caller | None:
        """Return who the caller is on another project, None where that is none for the credential."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A caller and the verdicts about their rights, which live as long as the sign-in is remembered."""

    caller: Caller
    verdicts: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """A Keystone token that nobody has vouched for yet."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class SignIn:
    """Whom a credential belongs to; `secret` is what a signature with an access key is checked with, "" for a token."""

    session: Session
    secret: str = field(default="", repr=False)


def read_credential(exchange: Exchange) -> Token | Claim:
    """Return what the head of a request shows; a token wins where a signature was sent too. Raises GatewayError 401."""
    if token := exchange.header("x-auth-token"):
        if len(token) > _MAX_TOKEN or not token.isascii() or not token.isprintable():
            raise GatewayError(401, UNAUTHENTICATED, _TOKEN_REFUSED)
        return Token(token)
    authorization = exchange.header("authorization")
    if not authorization:
        raise GatewayError(401, UNAUTHENTICATED, _NO_CREDENTIALS)
    try:
        claim = read_claim(authorization)
        check_form(claim, header_bytes(exchange))
    except BadSignature as error:
        raise _refused(error) from error
    return claim


class Authenticator:
    """Signs requests in: first from memory, then by asking Keystone, which may take its time. Thread-safe.

    `token_seconds` and `key_seconds` bound how long Keystone's word is remembered.
    A token or key that was withdrawn is accepted until then; 0 asks Keystone every time.
    """

    def __init__(self, identity: Identity, *, token_seconds: float = 60, key_seconds: float = 60) -> None:
        self._identity = identity
        self._token_lasts = timedelta(seconds=token_seconds)
        self._key_lasts = timedelta(seconds=key_seconds)
        self._known: Cache[bytes | str, SignIn] = Cache(_MAX_KEPT)

    def recall(self, credential: Token | Claim, now: datetime) -> SignIn | None:
        """Return whom Keystone has vouched for a moment ago."""
        return self._known.get(_key(credential), now)

    def ask(self, credential: Token | Claim, now: datetime) -> SignIn:
        """Ask Keystone. Raises GatewayError 401; a CloudError passes through when Keystone fails."""
        if isinstance(credential, Token):
            try:
                session = Session(self._identity.validate(credential.value))
            except InvalidToken as error:
                raise GatewayError(401, UNAUTHENTICATED, _TOKEN_REFUSED) from error
            found, ends = SignIn(session), now + self._token_lasts
            ends = min(ends, session.caller.expires_at or ends)
        else:
            try:
                owner = self._identity.key_owner(credential.access)
            except UnknownKey as error:
                raise _refused(BadSignature(MISMATCH)) from error
            found, ends = SignIn(Session(owner.caller()), owner.secret), now + self._key_lasts
        self._known.put(_key(credential), found, now, ends)
        return found

    def elsewhere(self, session: Session, project_id: str) -> Session | None:
        """Return the session's caller on another project, as Keystone says now; None where that is none for them.

        A CloudError passes through when Keystone fails.
        """
        there = self._identity.elsewhere(session.caller, project_id)
        return None if there is None else Session(there)


def check_signature(exchange: Exchange, claim: Claim, body: bytes, secret: str, now: datetime) -> None:
    """Raise GatewayError 401, UNAUTHENTICATED or CLOCK_OFF, unless the key's owner has signed this request."""
    request = SignedRequest(
        method=exchange.method,
        path=exchange.path.encode(),
        query=exchange.query,
        header=header_bytes(exchange),
        body=body,
    )
    try:
        verify(request, claim, secret, now)
    except BadSignature as error:
        raise _refused(error) from error


def header_bytes(exchange: Exchange) -> Callable[[str], bytes | None]:
    """Return what reads the exchange's headers as the signature has them."""

    def header(name: str) -> bytes | None:
        value = exchange.header(name)
        return None if value is None else value.encode()

    return header


def _key(credential: Token | Claim) -> bytes | str:
    if isinstance(credential, Claim):
        return credential.access
    # The digest is the key, so that the cache holds no token that a memory dump could give away.
    return hashlib.sha256(credential.value.encode()).digest()


def _refused(error: BadSignature) -> GatewayError:
    text = str(error)
    code = CLOCK_OFF if isinstance(error, ClockSkew) else UNAUTHENTICATED
    return GatewayError(401, code, text[0].upper() + text[1:] + ".")
