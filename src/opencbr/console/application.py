"""The Flask application: its blueprints, and what every page and every change obeys."""

import logging
from datetime import timedelta

from flask import Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError

from opencbr.api.errors import GatewayError
from opencbr.console import presentation
from opencbr.console.api_client import Refused
from opencbr.console.browser_session import Seal, SealedSessions, TooLong
from opencbr.console.console import NAME, Console, NotSignedIn, browser_session, console, signed_in
from opencbr.console.explorer.pages import pages as explorer
from opencbr.console.pages import (
    backups,
    drills,
    freshness,
    operation_logs,
    overview,
    policies,
    policy_acts,
    policy_forms,
    policy_runs,
    restore_plans,
    retention,
    vault_policies,
    vault_tags,
    vaults,
    ways_back,
)
from opencbr.console.reference.pages import pages as reference
from opencbr.console.sign_in.pages import AWAY
from opencbr.console.sign_in.pages import pages as sign_in
from opencbr.service.failures import CloudError, is_outage

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ASSET_SECONDS = 3600
_OPEN = (sign_in.name, reference.name)
BUSY = "The database does not answer: try again in a moment."
_log = logging.getLogger(__name__)


def create_console(
    console: Console, seal: Seal, *, idle: timedelta = timedelta(minutes=30), hosts: list[str] | None = None
) -> Flask:
    """Make the application. `hosts` are the names that it is asked by, None for any."""
    app = Flask(NAME, root_path=presentation.FOLDER, template_folder="templates", static_folder=None)
    app.secret_key = seal.form_key
    app.config.update(
        TRUSTED_HOSTS=hosts,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=_ASSET_SECONDS,
    )
    app.session_interface = SealedSessions(
        seal, console.clock, secure=console.endpoint.startswith("https://"), idle=idle
    )
    app.extensions[NAME] = console
    app.before_request(_end_what_was_signed_out)
    CSRFProtect(app)
    app.before_request(_only_for_the_signed_in)
    presentation.teach(app)
    for blueprint in (
        sign_in,
        overview.pages,
        vaults.pages,
        vault_tags.pages,
        vault_policies.pages,
        backups.pages,
        restore_plans.pages,
        ways_back.pages,
        drills.pages,
        freshness.pages,
        policies.pages,
        policy_acts.pages,
        policy_forms.pages,
        policy_runs.pages,
        retention.pages,
        operation_logs.pages,
        reference,
        explorer,
    ):
        app.register_blueprint(blueprint)
    app.add_url_rule("/console/assets/<path:filename>", "assets", presentation.asset)
    app.register_error_handler(NotSignedIn, _sign_in_first)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(GatewayError, _gateway)
    app.register_error_handler(CloudError, _away)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(TooLong, _too_long)
    app.register_error_handler(HTTPException, _plain)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_protect)
    return app


def _end_what_was_signed_out() -> None:
    session = browser_session()
    if request.endpoint != "assets" and session.id and console().sessions.has_ended(session.id):
        session.clear()
        session["ended"] = True


def _only_for_the_signed_in() -> None:
    """Ask of every page but the open ones whether its credential is still good: none outlives Keystone's word for it."""
    if request.endpoint and request.endpoint != "assets" and request.blueprint not in _OPEN:
        console().check(signed_in().credential)


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response


def _sign_in_first(_error: NotSignedIn) -> ResponseReturnValue:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/console"
    target = url_for("sign_in.form", next=wanted)
    if request.headers.get("HX-Request"):  # a part of a page cannot show a form: the whole page goes there
        return "", 200, {"HX-Redirect": target}
    return redirect(target, code=303)


def _refused(error: Refused) -> ResponseReturnValue:
    answer = error.answer
    if answer.status == 401:  # noqa: PLR2004 -- HTTP statuses are better read as numbers
        return _over()
    if answer.status == 404 and request.method == "GET" and request.headers.get("HX-Request"):  # noqa: PLR2004
        return (
            "",
            200,
            {"HX-Redirect": request.path.rpartition("/")[0]},
        )  # what was followed is gone: to its list
    return render_template("refused.html", error=answer.json(), answer=answer), answer.status


def _gateway(error: GatewayError) -> ResponseReturnValue:
    """Answer what asking for a right alone was refused with."""
    if error.status == 401:  # noqa: PLR2004 -- HTTP statuses are better read as numbers
        return _over()
    return render_template("problem.html", title="Refused", message=error.message), error.status


def _over() -> ResponseReturnValue:
    browser_session().clear()
    browser_session()["ended"] = True
    return _sign_in_first(NotSignedIn())


def _away(_error: CloudError) -> ResponseReturnValue:
    return render_template("problem.html", title="Not now", message=AWAY), 503


def _unexpected(error: Exception) -> ResponseReturnValue:
    if not is_outage(error):
        raise error
    _log.warning("the database is busy or away: %s", type(error).__name__)
    return render_template("problem.html", title="Not now", message=BUSY), 503


def _forged(_error: CSRFError) -> ResponseReturnValue:
    if browser_session().signed_in is None and not request.path.startswith("/console/sign-in"):
        return _sign_in_first(NotSignedIn())  # the token that the form has went with the session
    message = "The form is too old, or was not sent from its own page: open the page again and repeat it."
    return render_template("problem.html", title="Not done", message=message), 403


def _too_long(_error: TooLong) -> ResponseReturnValue:
    browser_session().clear()
    message = "The token is too long to be kept in a browser: sign in with a password or an access key."
    return render_template("problem.html", title="Not signed in", message=message), 400


def _plain(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):  # asked by a name that is not ours: there is no address to link from
        return "This server is not asked by this name.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}
    message = error.description or "Something was not as expected."
    return render_template("problem.html", title=error.name, message=message), error.code or 500
