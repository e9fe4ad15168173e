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
from opencbr.api.signature import BadSignature, ClockSkew, SignedRequest, read_claim, verify
from opencbr.model.caller import Caller, KeyOwner
from opencbr.service.cache import Cache
from opencbr.service.failures import InvalidToken, UnknownKey

_NO_CREDENTIALS = (
    "The request carries no credentials: send a Keystone token in X-Auth-Token, "
    "or sign it with an access key (SDK-HMAC-SHA256)."
)
_TOKEN_REFUSED = "Keystone does not accept the token: get a new one, scoped to your project."  # noqa: S105
_KEY_REFUSED = "The access key is unknown or disabled: check it, and that its user and project are enabled."
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


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A caller and the verdicts about their rights, which live as long as the sign-in is remembered."""

    caller: Caller
    verdicts: dict[str, bool] = field(default_factory=dict)


class Authenticator:
    """Signs requests in. Thread-safe.

    `token_seconds` and `key_seconds` bound how long Keystone's word is remembered.
    A token or key that was withdrawn is accepted until then; 0 asks Keystone every time.
    """

    def __init__(self, identity: Identity, *, token_seconds: float = 60, key_seconds: float = 60) -> None:
        self._identity = identity
        self._token_lasts = timedelta(seconds=token_seconds)
        self._key_lasts = timedelta(seconds=key_seconds)
        self._tokens: Cache[bytes, Session] = Cache(_MAX_KEPT)
        self._keys: Cache[str, tuple[str, Session]] = Cache(_MAX_KEPT)

    def sign_in(
        self,
        now: datetime,
        token: str | None,
        authorization: str | None,
        request: Callable[[], SignedRequest],
    ) -> Session:
        """Return the session of a request; `token` is X-Auth-Token, `authorization` the header of that name.

        `request` is called where a signature by a known key must be checked. A token wins where both are sent. Raises
        GatewayError 401: UNAUTHENTICATED, or CLOCK_OFF. A CloudError passes
        through when Keystone fails.
        """
        if token:
            return self._by_token(now, token)
        if authorization:
            return self._by_signature(now, authorization, request)
        raise GatewayError(401, UNAUTHENTICATED, _NO_CREDENTIALS)

    def _by_token(self, now: datetime, token: str) -> Session:
        # The digest is the key, so that the cache holds no token that a memory dump could give away.
        key = hashlib.sha256(token.encode("latin-1")).digest()
        session = self._tokens.get(key, now)
        if session is None:
            if len(token) > _MAX_TOKEN or not token.isascii() or not token.isprintable():
                raise GatewayError(401, UNAUTHENTICATED, _TOKEN_REFUSED)
            try:
                session = Session(self._identity.validate(token))
            except InvalidToken as error:
                raise GatewayError(401, UNAUTHENTICATED, _TOKEN_REFUSED) from error
            ends = now + self._token_lasts
            self._tokens.put(key, session, now, min(ends, session.caller.expires_at or ends))
        return session

    def _by_signature(
        self, now: datetime, authorization: str, request: Callable[[], SignedRequest]
    ) -> Session:
        try:
            claim = read_claim(authorization)
            secret, session = self._key(now, claim.access)
            verify(request(), claim, secret, now)
        except ClockSkew as error:
            raise GatewayError(401, CLOCK_OFF, _sentence(error)) from error
        except BadSignature as error:
            raise GatewayError(401, UNAUTHENTICATED, _sentence(error)) from error
        return session

    def _key(self, now: datetime, access: str) -> tuple[str, Session]:
        entry = self._keys.get(access, now)
        if entry is None:
            try:
                owner = self._identity.key_owner(access)
            except UnknownKey as error:
                raise GatewayError(401, UNAUTHENTICATED, _KEY_REFUSED) from error
            entry = (owner.secret, Session(owner.caller()))
            self._keys.put(access, entry, now, now + self._key_lasts)
        return entry


def _sentence(error: BadSignature) -> str:
    text = str(error)
    return text[0].upper() + text[1:] + "."
