"""The sign-in page and what its forms are sent to."""

import hmac
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.browser_session import SignedIn
from opencbr.console.console import browser_session, console
from opencbr.console.credential import AccessKey, Credential, Token
from opencbr.console.sign_in.keystone import UserToken
from opencbr.service.failures import InvalidToken, PasscodeWanted, SignInRefused, UnknownKey, Unreachable

pages = Blueprint("sign_in", __name__, url_prefix="/console")

REFUSED = "The sign-in was not accepted: check what you have entered, and that it is not expired or disabled."
"""One sentence for every reason: nobody finds out which users, credentials or keys exist."""
TOO_MANY = "There were too many failed sign-ins: wait five minutes, then try again."
AWAY = "Keystone does not answer: try again in a moment."
ENDED = "Your session has ended: sign in again."
NO_PROJECT = "You have a role in no project: ask the cloud's operator for one."

WAYS = ("password", "application-credential", "token", "access-key")
LONGEST = timedelta(hours=12)


@pages.get("/sign-in")
def form() -> ResponseReturnValue:
    """Show the form."""
    ended = browser_session().pop("ended", False)
    return _form(message=ENDED if ended else "", way=request.args.get("way", ""))


@pages.post("/sign-in/<way>")
def sign_in(way: str) -> ResponseReturnValue:
    """Sign in by one of the ways."""
    handler = _HANDLERS.get(way)
    if handler is None:
        return _form(message=REFUSED, status=404)
    user, address = _text("user") or _text("credential_id") or _text("access"), request.remote_addr or ""
    attempts = console().attempts
    if not attempts.allowed(user, address):
        return _form(message=TOO_MANY, status=429, way=way)
    try:
        return handler()
    except PasscodeWanted as error:
        kept = {"user": user, "domain": _text("domain") or "Default", "receipt": error.receipt}
        browser_session()["passcode"] = kept
        return _form(way="passcode")
    except (SignInRefused, UnknownKey, InvalidToken):
        attempts.failed(user, address)
        return _form(message=REFUSED, status=401, way=way)
    except Unreachable:
        return _form(message=AWAY, status=503, way=way)


@pages.get("/projects")
def projects() -> ResponseReturnValue:
    """Let whoever is signed in choose the project."""
    token = _token_kept()
    if not token:
        return redirect(url_for("sign_in.form"))
    try:
        found = console().keystone.projects(token)
    except SignInRefused:
        return _form(message=ENDED, status=401)
    except Unreachable:
        return _form(message=AWAY, status=503)
    return render_template("sign_in/projects.html", projects=found, message="" if found else NO_PROJECT)


@pages.post("/projects")
def choose() -> ResponseReturnValue:
    """Sign in to the chosen project."""
    token = _token_kept()
    if not token:
        return redirect(url_for("sign_in.form"))
    try:
        return _begin(console().keystone.scoped(token, _text("project_id")), is_ours=True)
    except SignInRefused:
        return _form(message=REFUSED, status=401)
    except Unreachable:
        return _form(message=AWAY, status=503)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, and the token that was made for it."""
    who = browser_session().signed_in
    browser_session().clear()
    if who is not None and isinstance(who.credential, Token) and who.credential.is_ours:
        with suppress(SignInRefused, Unreachable):  # it ends by itself, and the browser has forgotten it
            console().keystone.revoke(who.credential.value)
    return redirect(url_for("sign_in.form"))


def _password() -> ResponseReturnValue:
    token = console().keystone.password(_text("user"), _text("domain") or "Default", _secret("password"))
    return _to_project(token, _text("project_id"))


def _passcode() -> ResponseReturnValue:
    kept = browser_session().get("passcode")
    if not kept:
        return redirect(url_for("sign_in.form"))
    token = console().keystone.passcode(kept["user"], kept["domain"], kept["receipt"], _text("passcode"))
    return _to_project(token)


def _application_credential() -> ResponseReturnValue:
    token = console().keystone.application_credential(_text("credential_id"), _secret("secret"))
    return _begin(token, is_ours=True)


def _pasted_token() -> ResponseReturnValue:
    token = console().keystone.describe(_text("token"))
    return _begin(token, is_ours=False) if token.project_id else _to_project(token)


def _access_key() -> ResponseReturnValue:
    access, secret = _text("access"), _secret("secret")
    owner = console().keystone.key_owner(access)
    if not hmac.compare_digest(owner.secret.encode(), secret.encode()):
        raise SignInRefused
    ends_at = console().clock.now() + LONGEST
    return _start(SignedIn(owner.user_name, owner.project_id, "", AccessKey(access, secret), ends_at))


def _one_click() -> ResponseReturnValue:
    account = next((one for one in console().accounts if one.user == _text("user")), None)
    if account is None:
        raise SignInRefused
    token = console().keystone.password(account.user, "Default", account.password)
    return _to_project(token, account.project_id)


_HANDLERS: dict[str, Callable[[], ResponseReturnValue]] = {
    "password": _password,
    "passcode": _passcode,
    "application-credential": _application_credential,
    "token": _pasted_token,
    "access-key": _access_key,
    "one-click": _one_click,
}


def _to_project(token: UserToken, project_id: str = "") -> ResponseReturnValue:
    """Go on with the named project, with the only one, or with a choice."""
    keystone = console().keystone
    if not project_id:
        found = keystone.projects(token.value)
        if len(found) != 1:
            browser_session().clear()
            browser_session()["unscoped"] = token.value
            return redirect(url_for("sign_in.projects", next=_next()))
        project_id = found[0].id
    return _begin(keystone.scoped(token.value, project_id), is_ours=True)


def _begin(token: UserToken, *, is_ours: bool) -> ResponseReturnValue:
    if not token.project_id:
        raise SignInRefused
    ends_at = min(token.expires_at, console().clock.now() + LONGEST)
    credential: Credential = Token(token.value, is_ours)
    return _start(SignedIn(token.user_name, token.project_id, token.project_name, credential, ends_at))


def _start(who: SignedIn) -> ResponseReturnValue:
    browser_session().sign_in(who, console().clock.now())
    return redirect(_next(), code=303)


def _token_kept() -> str:
    """Return the token that a project can be chosen with, "" where there is none."""
    kept = browser_session().get("unscoped")
    if kept:
        return str(kept)
    who = browser_session().signed_in
    return who.credential.value if who and isinstance(who.credential, Token) else ""


def _form(*, message: str = "", status: int = 200, way: str = "") -> ResponseReturnValue:
    page = render_template(
        "sign_in/form.html",
        message=message,
        way="passcode" if way == "passcode" else way if way in WAYS else WAYS[0],
        accounts=console().accounts,
        next=_next(),
    )
    return page, status


def _next() -> str:
    """Return where to go afterwards: a page of this console, nowhere else."""
    wanted = request.values.get("next", "")
    inside = wanted.startswith(("/console", "/explorer")) and "\\" not in wanted and wanted.isprintable()
    return wanted if inside else "/console"


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:20_000]


def _secret(name: str) -> str:
    return request.form.get(name, "")[:20_000]
