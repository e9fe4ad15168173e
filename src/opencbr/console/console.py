"""What the pages work with: handed in once, found by every view."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from flask import current_app, session

from opencbr.console.api_client import ApiClient, Ask
from opencbr.console.browser_session import BrowserSession, SignedIn
from opencbr.console.credential import Credential
from opencbr.console.explorer.operations import Described, described
from opencbr.console.sign_in.attempts import Attempts
from opencbr.console.sign_in.keystone import Accounts, Keystone
from opencbr.model.clock import Clock
from opencbr.service.browser_sessions import BrowserSessions

NAME = "opencbr"


class NotSignedIn(Exception):
    """A page wants a session that is not there, or not any more."""


@dataclass(frozen=True, kw_only=True)
class Console:
    """`document` is the OpenAPI document; `endpoint` the server's address as clients see it, "" where nobody has said it.

    `check` raises what a sign-in of the API raises where a credential is good no more, which is remembered for as long as
    there; `allows` says which rights it has, and raises the same.
    """

    ask: Ask
    check: Callable[[Credential], None]
    allows: Callable[[Credential, str], bool]
    document: dict[str, Any]
    keystone: Keystone
    sessions: BrowserSessions
    clock: Clock
    endpoint: str = ""
    accounts: Accounts = field(default_factory=tuple)
    attempts: Attempts = field(default_factory=Attempts)

    @cached_property
    def operations(self) -> dict[str, Described]:
        """All operations of the contract and ours, by name, as the document tells them."""
        return described(self.document)


def console() -> Console:
    """Return the application's."""
    return cast("Console", current_app.extensions[NAME])


def browser_session() -> BrowserSession:
    """Return the session of the browser that asks."""
    return cast("BrowserSession", session)


def signed_in() -> SignedIn:
    """Return who is signed in; the application has asked before each page. Raises NotSignedIn."""
    who = browser_session().signed_in
    if who is None:
        raise NotSignedIn
    return who


def api() -> ApiClient:
    """Return the API as whoever is signed in may use it. Raises NotSignedIn."""
    here = console()
    return ApiClient(here.ask, signed_in(), here.clock)
