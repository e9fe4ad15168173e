"""Backups as a list, and what one of them holds."""

from functools import partial
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import ApiClient, Refused
from opencbr.console.backup.answers import Answers
from opencbr.console.backup.page import page_context
from opencbr.console.console import api, console, signed_in
from opencbr.console.pages.listing import page_of
from opencbr.console.pages.live import CHANGING, live_page, work_of
from opencbr.console.pages.restore_plans import RIGHT
from opencbr.console.restore_plan.kinds import kinds_of
from opencbr.service.metadata import RIGHT_OF

pages = Blueprint("backups", __name__, url_prefix="/console/backups")


@pages.get("")
def index() -> ResponseReturnValue:
    """List backups; while one of them changes, the table is asked for again."""
    page = page_of(api(), "ListBackups", "backups")
    live = any(row["status"] in CHANGING for row in page.rows)
    return live_page("backups/index.html", "backups/table.html", live=live, page=page)


@pages.get("/<backup_id>")
def show(backup_id: str) -> ResponseReturnValue:
    """Show what was backed up; while it changes, its state is asked for again, and then all of it."""
    client, path = api(), f"/backups/{backup_id}"
    backup = client.get(path)["backup"]
    live = backup["status"] in CHANGING
    work = work_of(client, resource_id=backup["resource_id"]) if live else None
    follow = partial(
        live_page,
        "backup/page.html",
        "backup/_state.html",
        live=live,
        refreshed=True,
        backup=backup,
        work=work,
    )
    if request.headers.get("HX-Request"):
        return follow()
    answer = client.send("GET", client.path(f"{path}/metadata"), masked=True)
    answers = Answers(
        backup=backup,
        metadata=answer.body if answer.ok else None,
        record=_optional(client, f"{path}/record"),
        report=_optional(client, f"{path}/record/report"),
    )
    allows, credential = console().allows, signed_in().credential
    may_reveal = {kind: allows(credential, right) for kind, right in RIGHT_OF.items()}
    may_plan = bool(kinds_of(backup)) and allows(credential, RIGHT)
    return follow(may_reveal=may_reveal, may_plan=may_plan, **page_context(answers))


@pages.post("/<backup_id>/revealed")
def reveal(backup_id: str) -> ResponseReturnValue:
    """Show one sealed value to whoever may see it; the server notes which was read."""
    asked = {name: request.form.get(name, "") for name in ("document", "offset")}
    answer = api().send("GET", api().path(f"/backups/{backup_id}/record/value"), asked.items())
    if request.headers.get("HX-Request") and answer.status != 401:  # noqa: PLR2004 -- HTTP statuses are better read as numbers
        return render_template("backup/revealed.html", answer=answer, told=answer.json()), answer.status
    if not answer.ok:
        raise Refused(answer)
    return render_template(
        "backup/revealed_page.html", answer=answer, told=answer.json(), backup_id=backup_id
    )


def _optional(client: ApiClient, path: str) -> Any:
    """Read, masked, what a backup may not have: one that goes on or has failed has no record."""
    answer = client.send("GET", client.path(path), masked=True)
    return answer.json() if answer.ok else None
