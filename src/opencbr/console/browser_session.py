"""The session of a browser: one sealed cookie, which holds the credential and ends by itself.

No server keeps it, so that any server of the installation can answer; and no script in the browser can read it. What the
database knows is which sessions were signed out of: a copy of their cookie opens nothing.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec
from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from msgspec import Struct
from werkzeug.datastructures import CallbackDict

from opencbr.console.credential import Credential, Token
from opencbr.keys.aead import SealBroken
from opencbr.model.clock import Clock

_LIMIT = 2800
"""Bytes of a session: sealed and written as text it is a third longer, and browsers keep cookies of 4096 bytes."""

_SEEN_EVERY = timedelta(seconds=60)
"""The cookie is written again for the idle timeout at most so often."""


T = TypeVar("T", bound=Struct)


class Seal(Protocol):
    """Seals what a browser keeps; `opencbr.keys.session_seal.SessionSeal` is it."""

    @property
    def form_key(self) -> bytes:
        """The key that signs the token of a form."""
        ...

    def seal(self, data: bytes) -> bytes:
        """Seal bytes."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """Open them; raises SealBroken."""
        ...


class SignedIn(Struct, frozen=True):
    """Who is signed in, on which project, and with what; `is_bound` says that the credential opens no other project."""

    user_name: str
    project_id: str
    project_name: str
    credential: Credential
    is_bound: bool = False


class TooLong(Exception):
    """What is to be kept does not fit into a cookie: the token is too long."""


class Passcode(Struct, frozen=True):
    """What goes on with a one-time password: whose password was right, and Keystone's receipt for it."""

    user: str
    domain: str
    receipt: str

    def __repr__(self) -> str:
        return "Passcode(...)"


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """What Flask's `session` is: a dictionary of JSON values.

    It holds one of three: who is signed in, a token of no project to choose one with, or a first factor.
    """

    def __init__(self, initial: Any = None) -> None:
        def changed(_self: object) -> None:
            self.modified = True

        super().__init__(initial, changed)
        self.modified = False

    @property
    def signed_in(self) -> SignedIn | None:
        """Who is signed in, None when nobody is."""
        return self._read("signed_in", SignedIn)

    @property
    def unscoped(self) -> Token | None:
        """The token that a project is to be chosen with."""
        return self._read("unscoped", Token)

    @property
    def passcode(self) -> Passcode | None:
        """The first factor, where a second is asked for."""
        return self._read("passcode", Passcode)

    @property
    def id(self) -> str:
        """What the session is known by once it is over; "" where nothing has begun."""
        return str(self.get("id", ""))

    @property
    def ends_at(self) -> datetime:
        """When it is over, used or not; of a session that has begun."""
        return datetime.fromisoformat(self["ends_at"])

    def begin(self, now: datetime, ends_at: datetime, **kept: SignedIn | Token | Passcode) -> None:
        """Begin a new session that holds what is given: nothing of an earlier one stays. Raises TooLong."""
        self.clear()
        self["id"] = secrets.token_urlsafe(16)
        self["ends_at"] = ends_at.isoformat()
        self["seen_at"] = now.isoformat()
        self.update({name: msgspec.to_builtins(value) for name, value in kept.items()})
        if len(msgspec.json.encode(dict(self))) > _LIMIT:
            raise TooLong

    def _read(self, name: str, kind: type[T]) -> T | None:
        found = self.get(name)
        try:
            return msgspec.convert(found, kind) if found else None
        except msgspec.ValidationError:  # an earlier or later version of this server has written it
            return None


class SealedSessions(SessionInterface):
    """Reads and writes the cookie. `idle` ends a session that nobody uses; one that is used ends when its `ends_at` says.

    Whether somebody has signed out of it is asked before each page (`opencbr.console.application`).
    """

    def __init__(self, seal: Seal, clock: Clock, *, secure: bool, idle: timedelta) -> None:
        self._seal = seal
        self._clock = clock
        self._secure = secure
        self._idle = idle
        # The prefix has browsers refuse the cookie from anywhere but this host, over TLS.
        self._name = "__Host-opencbr" if secure else "opencbr"

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """Open the cookie; one that is missing, broken or over is an empty session."""
        del app
        value = request.cookies.get(self._name)
        if not value:
            return BrowserSession()
        try:
            kept = msgspec.json.decode(self._seal.open(base64.urlsafe_b64decode(value)))
        except (SealBroken, ValueError):
            return BrowserSession()
        session = BrowserSession(kept)
        seen = session.get("seen_at")
        if seen is None:  # nothing but what signs forms
            return session
        now, seen_at = self._clock.now(), datetime.fromisoformat(seen)
        if not session.id or now - seen_at > self._idle or now >= session.ends_at:
            return BrowserSession({"ended": True})
        # A page that looks by itself how far a backup has come is no sign of anybody before it.
        if now - seen_at > _SEEN_EVERY and not (request.method == "GET" and "HX-Request" in request.headers):
            session["seen_at"] = now.isoformat()
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie when something has changed."""
        del app
        assert isinstance(session, BrowserSession)
        if not session.modified:
            return
        attributes: dict[str, Any] = {
            "httponly": True,
            "secure": self._secure,
            "samesite": "Lax",
            "path": "/",
        }
        if not session:
            response.delete_cookie(self._name, **attributes)
            return
        value = base64.urlsafe_b64encode(self._seal.seal(msgspec.json.encode(dict(session)))).decode()
        response.set_cookie(self._name, value, **attributes)
