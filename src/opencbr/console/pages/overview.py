"""The first page: what is protected, what runs, what to do next."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from opencbr.console.console import api
from opencbr.console.pages.freshness import rows_in_words
from opencbr.console.pages.live import live_page, work_of

pages = Blueprint("overview", __name__, url_prefix="/console")


@pages.get("")
def show() -> ResponseReturnValue:
    """Show the project in numbers, what is unprotected the longest, its newest backups and its newest work."""
    client = api()
    stale = client.get("/freshness/resources", limit=5)
    work = work_of(client)
    return live_page(
        "overview/index.html",
        "overview/content.html",
        live=work["count"] > 0,
        summary=client.get("/vaults/summary"),
        vaults=client.get("/vaults", limit=5),
        backups=client.get("/backups", limit=5),
        logs=client.get("/operation-logs", limit=5),
        work=work,
        numbers=client.get("/freshness")["freshness"],
        stale=stale,
        words=rows_in_words(stale["resources"]),
    )
