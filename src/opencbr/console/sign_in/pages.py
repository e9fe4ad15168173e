"""The sign-in page and what its forms are sent to."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.browser_session import Passcode
from opencbr.console.console import browser_session, console
from opencbr.console.sign_in import entering
from opencbr.console.sign_in.way_back import way_back
from opencbr.console.sign_in.ways import WAYS, domain, named, text
from opencbr.service.failures import CloudError, PasscodeWanted, SignInRefused

pages = Blueprint("sign_in", __name__, url_prefix="/console")

REFUSED = "The sign-in was not accepted: check what you have entered, and that it is not expired or disabled."
"""One sentence for every reason: nobody finds out which users, credentials or keys exist."""
TOO_MANY = "There were too many failed sign-ins: wait a few minutes, then try again."
AWAY = "Keystone does not answer: try again in a moment."
ENDED = "Your session has ended: sign in again."
NO_PROJECT = "You have a role in no project: ask the cloud's operator for one."
BOUND = "You have signed in with a credential of one project: sign out, then in by user and password, to choose another."
NOT_ENTERED = "Keystone does not let this session into the project: sign in again and choose it then."

_SHOWN = ("password", "application-credential", "token", "access-key", "passcode")


@pages.get("/sign-in")
def form() -> ResponseReturnValue:
    """Show the form."""
    ended = browser_session().pop("ended", False)
    return _form(message=ENDED if ended else "", way=request.args.get("way", ""))


@pages.post("/sign-in/<way>")
def sign_in(way: str) -> ResponseReturnValue:
    """Sign in by one of the ways."""
    if way not in WAYS:
        return _form(message=REFUSED, status=404)
    user, address = named(way), request.remote_addr or ""
    attempts = console().attempts
    if not attempts.begin(user, address):
        page, status = _form(message=TOO_MANY, status=429, way=way)
        return page, status, {"Retry-After": str(attempts.seconds_left(user, address))}
    failed = False
    try:
        return WAYS[way]()
    except PasscodeWanted as error:
        entering.ask_passcode(Passcode(text("user"), domain(), error.receipt))
        return _form(way="passcode")
    except SignInRefused:
        failed = True
        return _form(message=REFUSED, status=401, way=way)
    except CloudError:
        return _form(message=AWAY, status=503, way=way)
    finally:
        attempts.end(user, address, failed=failed)


@pages.get("/projects")
def projects() -> ResponseReturnValue:
    """Let whoever is signed in choose the project."""
    if _is_bound():
        return _stays()
    token = entering.token_kept()
    if token is None:
        return redirect(url_for("sign_in.form"))
    try:
        found = console().keystone.projects(token.value)
    except SignInRefused:
        browser_session().clear()
        return _form(message=ENDED, status=401)
    except CloudError:
        return _form(message=AWAY, status=503)
    return render_template("sign_in/projects.html", projects=found, message="" if found else NO_PROJECT)


@pages.post("/projects")
def choose() -> ResponseReturnValue:
    """Sign in to the chosen project."""
    if _is_bound():
        return _stays()
    token = entering.token_kept()
    if token is None:
        return redirect(url_for("sign_in.form"), code=303)
    try:
        return entering.enter_project(token, text("project_id"))
    except SignInRefused:
        return _form(message=NOT_ENTERED, status=401)
    except CloudError:
        return _form(message=AWAY, status=503)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, and the token that was made for it."""
    entering.leave()
    return redirect(url_for("sign_in.form"), code=303)


def _is_bound() -> bool:
    who = browser_session().signed_in
    return who is not None and who.is_bound


def _stays() -> ResponseReturnValue:
    return render_template("problem.html", title="One project", message=BOUND), 409


def _form(*, message: str = "", status: int = 200, way: str = "") -> tuple[str, int]:
    page = render_template(
        "sign_in/form.html",
        message=message,
        way=way if way in _SHOWN else _SHOWN[0],
        accounts=console().accounts,
        next=way_back(),
    )
    return page, status
