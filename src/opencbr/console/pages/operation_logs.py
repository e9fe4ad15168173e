"""Operation logs: what was asked, and how far it is."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from opencbr.console.console import api
from opencbr.console.pages.listing import page_of
from opencbr.model import statuses

pages = Blueprint("operation_logs", __name__, url_prefix="/console/operation-logs")

_GOES_ON = frozenset({statuses.RUNNING, statuses.WAITING})


@pages.get("")
def index() -> ResponseReturnValue:
    """List logs; while one goes on, the table is asked for again."""
    page = page_of(api(), "/operation-logs", "operation_logs", ("operation_type", "status", "resource_name"))
    live = any(row["status"] in _GOES_ON for row in page.rows)
    template = (
        "operation_logs/table.html" if request.headers.get("HX-Request") else "operation_logs/index.html"
    )
    return render_template(template, page=page, live=live)


@pages.get("/<log_id>")
def show(log_id: str) -> ResponseReturnValue:
    """Show one log; while it goes on, it is asked for again."""
    log = api().get(f"/operation-logs/{log_id}")["operation_log"]
    template = "operation_logs/one.html" if request.headers.get("HX-Request") else "operation_logs/show.html"
    return render_template(template, log=log, live=log["status"] in _GOES_ON)
