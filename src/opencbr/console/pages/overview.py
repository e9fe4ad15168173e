"""The first page: what is protected, what runs, what to do next."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opencbr.console.console import api

pages = Blueprint("overview", __name__, url_prefix="/console")


@pages.get("")
def show() -> ResponseReturnValue:
    """Show the project in numbers, its newest backups and its newest work."""
    client = api()
    return render_template(
        "overview.html",
        summary=client.get("/vaults/summary"),
        vaults=client.get("/vaults", limit=5),
        backups=client.get("/backups", limit=5),
        logs=client.get("/operation-logs", limit=5),
    )
