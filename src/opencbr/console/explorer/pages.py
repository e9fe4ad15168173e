"""The explorer's pages: the operations, the form of one, what it sends and what comes back."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, NotFound

from opencbr.console.api_client import ApiClient
from opencbr.console.backup.sealed_fields import Places, sealed_places
from opencbr.console.console import api, console, signed_in
from opencbr.console.credential import AccessKey, sign, signable
from opencbr.console.explorer.answer import METADATA, Shown, shown
from opencbr.console.explorer.choices import choices_for, choices_of
from opencbr.console.explorer.environment import environment_file, environment_line
from opencbr.console.explorer.fields import BadEntry, Field
from opencbr.console.explorer.given import (
    Given,
    call_of,
    entry_fields,
    given,
    refuse_repeated,
    rows_entered,
    shared_query,
    texts_of,
)
from opencbr.console.explorer.operations import Described, chapters
from opencbr.samples import missing_of, samples_of

pages = Blueprint("explorer", __name__, url_prefix="/explorer")
pages.app_context_processor(
    lambda: {
        "choices_of": choices_of,
        "rows_entered": rows_entered,
        "texts_of": texts_of,
        "environment_line": environment_line,
    }
)

_MOST_ROWS = 256
_LONGEST_NAME = 255

_EXAMPLE_KEY = AccessKey("YOUR_ACCESS_KEY", "YOUR_SECRET_KEY")
"""What a signature is explained with when nobody has signed in by one; it opens nothing."""


@pages.get("")
def index() -> ResponseReturnValue:
    """List all operations, or those that are searched for."""
    signed_in()
    wanted = request.args.get("q", "")[:200]
    found = chapters(console().operations, wanted)
    template = "explorer/list.html" if request.headers.get("HX-Request") else "explorer/index.html"
    return render_template(template, chapters=found, wanted=wanted)


@pages.get("/<name>")
def form(name: str) -> ResponseReturnValue:
    """Show the form of an operation; what the link has is entered already."""
    operation = _operation(name)
    if not operation.offered:
        nothing: MultiDict[str, str] = MultiDict()
        return _page(operation, nothing, shown=_exchange(given(operation, nothing, signed_in().project_id)))
    try:
        refuse_repeated(operation, request.args)
    except BadEntry as error:
        return _page(operation, request.args, problem=str(error))
    return _page(operation, request.args)


@pages.post("/<name>/send")
def send(name: str) -> ResponseReturnValue:
    """Send the request and show the answer; what cannot be taken back is asked about first."""
    operation = _offered(name)
    entries = request.form
    try:
        wanted = given(operation, entries, signed_in().project_id)
    except BadEntry as error:
        return _with_answer(operation, entries, problem=str(error))
    if operation.danger and "confirmed" not in entries:
        return render_template(
            "explorer/confirm.html", operation=operation, given=wanted, entered=_entered(operation)
        )
    return _with_answer(operation, entries, shown=_exchange(wanted))


@pages.post("/<name>/signature")
def signature(name: str) -> ResponseReturnValue:
    """Explain how this request is signed with an access key."""
    operation, who = _offered(name), signed_in()
    try:
        wanted = given(operation, request.form, who.project_id)
    except BadEntry as error:
        return render_template("explorer/signature.html", problem=str(error))
    sent = signable(operation.method, wanted.decoded_path, wanted.query, wanted.body)
    own = isinstance(who.credential, AccessKey)
    key = who.credential if isinstance(who.credential, AccessKey) else _EXAMPLE_KEY
    headers = {"host": request.host, "x-sdk-date": f"{console().clock.now():%Y%m%dT%H%M%SZ}"}
    if sent.body:
        headers["content-type"] = "application/json"
    steps = sign(sent, headers, key.access, key.secret)
    return render_template("explorer/signature.html", steps=steps, headers=headers, own=own)


@pages.post("/<name>/row")
def row(name: str) -> ResponseReturnValue:
    """Give one more row of a list of objects, behind those that the form has."""
    operation, entries = _offered(name), request.form.copy()
    wanted = entries.get("more", "")
    field = next((one for one in operation.fields if one.name == wanted and one.kind == "rows"), None)
    if field is None:
        raise NotFound("There is no such list in this request.")
    number = rows_entered(field, entries)
    if number >= _MOST_ROWS:
        raise BadRequest(f"A form has at most {_MOST_ROWS} rows of {field.name}.")
    if request.headers.get("HX-Request"):
        return render_template(
            "explorer/row.html", operation=operation, field=field, number=number, entries=MultiDict()
        )
    entries.add(field.row(number)[0].name, "")
    return _page(operation, entries)


@pages.post("/<name>/samples")
def samples(name: str) -> ResponseReturnValue:
    """Show programs that send what is entered."""
    operation, who = _offered(name), signed_in()
    try:
        wanted = given(operation, request.form, who.project_id, lenient=True)
        problem, call = (
            "",
            call_of(wanted, console().endpoint or request.host_url.rstrip("/"), who.project_id),
        )
    except BadEntry as error:
        problem, call = str(error), None
    return render_template(
        "explorer/samples.html",
        operation=operation,
        link=shared_query(request.form, operation),
        problem=problem,
        samples=samples_of(call) if call else (),
        missing=missing_of(call) if call else (),
        environment=environment_file(console().accounts, who),
        chosen=request.form.get("sample", ""),
    )


@pages.post("/<name>/choose")
def choose(name: str) -> ResponseReturnValue:
    """Offer the ids of one field by name, to go back to the form with; what is entered stays."""
    operation, wanted = _offered(name), request.form.get("wanted", "")[:_LONGEST_NAME].strip()
    field = _field(operation, request.form.get("field", ""))
    return render_template(
        "explorer/choose.html",
        operation=operation,
        field=field,
        wanted=wanted,
        choices=choices_for(choices_of(field, operation.chapter), api(), wanted),
        entered=_entered(operation),
    )


@pages.get("/choices/<name>")
def choices(name: str) -> ResponseReturnValue:
    """Offer the ids that a field could hold, those of the text that is typed into it."""
    wanted = request.args.get(request.args.get("field", ""), "")[:_LONGEST_NAME].strip()
    return render_template("explorer/choices.html", choices=choices_for(name, api(), wanted))


def _entered(operation: Described) -> list[tuple[str, str]]:
    """Return what the form that was sent has entered, for a form or link that goes on with it."""
    return shared_query(request.form, operation)


def _field(operation: Described, name: str) -> Field:
    found = next((one for one in entry_fields(operation, {name: "x"}) if one.name == name), None)
    if found is None or not choices_of(found, operation.chapter):
        raise NotFound("There is nothing to choose for such a field of this request.")
    return found


def _exchange(wanted: Given) -> Shown:
    """Send the request and prepare what came back."""
    client, operation = api(), wanted.operation
    answer = client.send(operation.method, wanted.decoded_path, wanted.query, wanted.body)
    places = _places(client, wanted) if operation.name == METADATA and answer.ok else {}
    return shown(wanted, answer, places)


def _places(client: ApiClient, asked: Given) -> Places:
    """Ask where the masks stand in what ShowMetadata has told; nothing is read in clear for it."""
    path = client.path(f"/backups/{asked.path_values['backup_id']}/record/report")
    report = client.send("GET", path, masked=True)
    return sealed_places(report.json()) if report.ok else {}


def _page(operation: Described, entries: "MultiDict[str, str]", **more: Any) -> ResponseReturnValue:
    who = signed_in()
    allowed = operation.offered and console().allows(who.credential, operation.right)
    return render_template(
        "explorer/operation.html",
        operation=operation,
        entries=entries,
        allowed=allowed,
        link=shared_query(entries, operation),
        **more,
    )


def _with_answer(operation: Described, entries: "MultiDict[str, str]", **more: Any) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return render_template("explorer/answer.html", operation=operation, **more)
    return _page(operation, entries, **more)


def _operation(name: str) -> Described:
    found = console().operations.get(name)
    if found is None:
        raise NotFound(f"There is no operation {name[:64]}: the explorer's first page lists all.")
    return found


def _offered(name: str) -> Described:
    found = _operation(name)
    if not found.offered:
        raise NotFound(f"{found.name} is not offered by this server.")
    return found
