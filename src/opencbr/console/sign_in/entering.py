"""From a token to a session on a project; and the end of the tokens that were made for it."""

from contextlib import suppress
from datetime import datetime, timedelta

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.browser_session import Passcode, SignedIn, TooLong
from opencbr.console.console import browser_session, console
from opencbr.console.credential import AccessKey, Credential, Token
from opencbr.console.sign_in.keystone import UserToken
from opencbr.console.sign_in.way_back import way_back
from opencbr.service.failures import CloudError, SignInRefused

LONGEST = timedelta(hours=12)


def enter_some_project(token: UserToken, *, is_ours: bool = True) -> ResponseReturnValue:
    """Go on with the only project of the token's user, or with a choice."""
    found = console().keystone.projects(token.value)
    if len(found) == 1:
        return enter_project(Token(token.value, is_ours), found[0].id)
    kept = Token(token.value, is_ours)
    _begin(kept, min(token.expires_at, console().clock.now() + LONGEST), unscoped=kept)
    return redirect(url_for("sign_in.projects", next=way_back()), code=303)


def enter_project(token: Token, project_id: str) -> ResponseReturnValue:
    """Change a token for one of the project. Raises SignInRefused, CloudError."""
    kept = token_kept()
    try:
        return enter(console().keystone.scoped(token.value, project_id), is_ours=True)
    finally:
        if token != kept:  # what the session has is ended with it
            _end(token)


def enter(token: UserToken, *, is_ours: bool, is_bound: bool = False) -> ResponseReturnValue:
    """Begin a session with a token of a project.

    `is_ours` says that it ends with the session, `is_bound` that no token of another project can be had for it.
    """
    if not token.project_id:
        raise SignInRefused
    ends_at = min(token.expires_at, console().clock.now() + LONGEST)
    credential = Token(token.value, is_ours)
    who = SignedIn(token.user_name, token.project_id, token.project_name, credential, is_bound)
    _begin(credential, ends_at, signed_in=who)
    return redirect(way_back(), code=303)


def enter_with_key(user_name: str, project_id: str, key: AccessKey) -> ResponseReturnValue:
    """Begin a session with an access key, which has no end of its own."""
    who = SignedIn(user_name, project_id, "", key, is_bound=True)
    _begin(key, console().clock.now() + LONGEST, signed_in=who)
    return redirect(way_back(), code=303)


def ask_passcode(first: Passcode) -> None:
    """Begin a session that waits for a second factor."""
    now = console().clock.now()
    _end_session()
    browser_session().begin(now, now + LONGEST, passcode=first)


def leave() -> None:
    """End the session, whoever has a copy of it, and the tokens made for it."""
    _end_session()
    browser_session().clear()


def token_kept() -> Token | None:
    """Return what a project can be chosen with."""
    session = browser_session()
    who = session.signed_in
    return session.unscoped or (who.credential if who and isinstance(who.credential, Token) else None)


def _begin(credential: Credential, ends_at: datetime, **kept: SignedIn | Token) -> None:
    """Begin a session in place of the browser's earlier one. Raises TooLong, and leaves no token behind then either."""
    _end_session()
    try:
        browser_session().begin(console().clock.now(), ends_at, **kept)
    except TooLong:
        _end(credential)
        raise


def _end_session() -> None:
    session = browser_session()
    if session.id:
        console().sessions.end(session.id, session.ends_at, console().clock.now())
    who = session.signed_in
    _end(session.unscoped)
    _end(who.credential if who else None)


def _end(credential: Credential | None) -> None:
    """Revoke a token that was made here."""
    if isinstance(credential, Token) and credential.is_ours:
        with suppress(SignInRefused, CloudError):  # it ends by itself, and the browser has forgotten it
            console().keystone.revoke(credential.value)
