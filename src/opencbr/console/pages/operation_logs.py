"""Operation logs: what was asked, and how far it is."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from opencbr.console.console import api
from opencbr.console.pages.listing import page_of
from opencbr.console.pages.live import GOES_ON, live_page

pages = Blueprint("operation_logs", __name__, url_prefix="/console/operation-logs")


@pages.get("")
def index() -> ResponseReturnValue:
    """List logs; while one goes on, the table is asked for again."""
    page = page_of(api(), "ListOpLogs", "operation_logs")
    live = any(row["status"] in GOES_ON for row in page.rows)
    return live_page("operation_logs/index.html", "operation_logs/table.html", live=live, page=page)


@pages.get("/<log_id>")
def show(log_id: str) -> ResponseReturnValue:
    """Show one log; while it goes on, it is asked for again."""
    log = api().get(f"/operation-logs/{log_id}")["operation_log"]
    live = log["status"] in GOES_ON
    return live_page("operation_logs/show.html", "operation_logs/one.html", live=live, log=log)
