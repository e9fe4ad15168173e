"""Backups as a list, and what one of them holds."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import ApiClient, Refused
from opencbr.console.backup.answers import Answers
from opencbr.console.backup.page import page_context
from opencbr.console.console import api
from opencbr.console.pages.listing import page_of

pages = Blueprint("backups", __name__, url_prefix="/console/backups")

_GOES_ON = frozenset(
    {"protecting", "waiting_protect", "deleting", "waiting_delete", "restoring", "waiting_restore"}
)


@pages.get("")
def index() -> ResponseReturnValue:
    """List backups; while one of them changes, the table is asked for again."""
    filters = ("name", "status", "vault_id", "resource_name", "resource_type")
    page = page_of(api(), "/backups", "backups", filters)
    live = any(row["status"] in _GOES_ON for row in page.rows)
    template = "backups/table.html" if request.headers.get("HX-Request") else "backups/index.html"
    return render_template(template, page=page, live=live)


@pages.get("/<backup_id>")
def show(backup_id: str) -> ResponseReturnValue:
    """Show what was backed up."""
    client, path = api(), f"/backups/{quote(backup_id, safe='')}"
    backup = client.get(path)["backup"]
    answer = client.send("GET", client.path(f"{path}/metadata"))
    answers = Answers(
        backup=backup,
        metadata=answer.body if answer.ok else None,
        record=_optional(client, f"{path}/record"),
        report=_optional(client, f"{path}/record/report"),
    )
    return render_template("backup/page.html", **page_context(answers))


def _optional(client: ApiClient, path: str) -> Any:
    """Read what a backup may not have: one that goes on or has failed has no record."""
    try:
        return client.get(path)
    except Refused:
        return None
