"""Restore drills: their history, what one has found, and asking for one."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Refused
from opencbr.console.console import api, console, signed_in
from opencbr.console.pages.listing import page_of
from opencbr.console.pages.live import live_page
from opencbr.console.restore_plan.kinds import kinds_of

pages = Blueprint("drills", __name__, url_prefix="/console/drills")
RIGHT = "cbr:drills:create"


@pages.get("")
def index() -> ResponseReturnValue:
    """List drills, of one backup where the filter names one; while one goes on, the table is asked for again."""
    page = page_of(api(), "ListDrills", "drills")
    live = any(row["verdict"] is None for row in page.rows)
    backup = _backup(page.filters.get("backup_id", []))
    may_drill = (
        backup is not None
        and "new_server" in kinds_of(backup)
        and console().allows(signed_in().credential, RIGHT)
    )
    return live_page(
        "drills/index.html", "drills/table.html", live=live, page=page, backup=backup, may_drill=may_drill
    )


@pages.post("")
def create() -> ResponseReturnValue:
    """Ask for a drill of a backup, and follow it. Raises Refused."""
    client = api()
    body = {"drill": {"backup_id": request.form.get("backup_id", "")}}
    answer = client.send("POST", client.path("/drills"), body=body)
    if not answer.ok:
        raise Refused(answer)
    return redirect(url_for("drills.show", drill_id=answer.json()["drill"]["id"]), code=303)


@pages.get("/<drill_id>")
def show(drill_id: str) -> ResponseReturnValue:
    """Show one drill; while it goes on, it is asked for again. Raises Refused."""
    client = api()
    drill = client.get(f"/drills/{drill_id}")["drill"]
    live = drill["verdict"] is None
    log = client.get(f"/operation-logs/{drill_id}")["operation_log"] if live else None
    return live_page("drills/show.html", "drills/one.html", live=live, drill=drill, log=log)


def _backup(ids: list[str]) -> dict[str, Any] | None:
    """Read the one backup that the list is about; None where it is about several, or the backup is gone."""
    if len(ids) != 1:
        return None
    try:
        found: dict[str, Any] = api().get(f"/backups/{ids[0]}")["backup"]
    except Refused:
        return None
    return found
