"""The ways to sign in: what each takes from its form, and how it goes on. All raise SignInRefused and CloudError."""

from collections.abc import Callable, Mapping

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.console import browser_session, console
from opencbr.console.credential import AccessKey, Token
from opencbr.console.sign_in.entering import enter, enter_project, enter_some_project, enter_with_key
from opencbr.service.failures import SignInRefused

_LONGEST = 20_000
"""Characters of a field; the longest tokens have 16,384."""


def text(name: str) -> str:
    """Return a field of the form, "" where it is missing."""
    return request.form.get(name, "").strip()[:_LONGEST]


def domain() -> str:
    """Return the domain that the form names."""
    return text("domain") or "Default"


def named(way: str) -> str:
    """Say whom a try is counted for: whoever the form of this way names, "" where it names nobody or has no secret."""
    if way == "passcode":
        kept = browser_session().passcode
        return f"{kept.user} {kept.domain}" if kept else ""
    if way == "password":
        return f"{text('user')} {domain()}" if text("user") else ""
    return {"application-credential": text("credential_id"), "access-key": text("access")}.get(way, "")


def _secret(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _password() -> ResponseReturnValue:
    return enter_some_project(console().keystone.password(text("user"), domain(), _secret("password")))


def _passcode() -> ResponseReturnValue:
    kept = browser_session().passcode
    if kept is None:
        return redirect(url_for("sign_in.form"), code=303)
    return enter_some_project(
        console().keystone.passcode(kept.user, kept.domain, kept.receipt, text("passcode"))
    )


def _application_credential() -> ResponseReturnValue:
    token = console().keystone.application_credential(text("credential_id"), _secret("secret"))
    return enter(token, is_ours=True, is_bound=True)


def _pasted_token() -> ResponseReturnValue:
    token = console().keystone.describe(text("token"))
    return enter(token, is_ours=False) if token.project_id else enter_some_project(token, is_ours=False)


def _access_key() -> ResponseReturnValue:
    key = AccessKey(text("access"), _secret("secret"))
    owner = console().keystone.access_key(key.access, key.secret)
    return enter_with_key(owner.user_name, owner.project_id, key)


def _one_click() -> ResponseReturnValue:
    account = next((one for one in console().accounts if one.user == text("user")), None)
    if account is None:
        raise SignInRefused
    token = console().keystone.password(account.user, "Default", account.password)
    return enter_project(Token(token.value, is_ours=True), account.project_id)


WAYS: Mapping[str, Callable[[], ResponseReturnValue]] = {
    "password": _password,
    "passcode": _passcode,
    "application-credential": _application_credential,
    "token": _pasted_token,
    "access-key": _access_key,
    "one-click": _one_click,
}
