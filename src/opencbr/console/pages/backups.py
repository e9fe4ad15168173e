"""Backups as a list."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

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
