"""The way back of a restore in place: looked at, and gone or let go once that was said on its page."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api

pages = Blueprint("ways_back", __name__, url_prefix="/console/restores/<restore_id>")
_NOT_THE_WAY_BACK = (401, 403)
"""Statuses that say nothing of the way back, but of who asks."""


@pages.get("/undo")
def ask_undo(restore_id: str) -> ResponseReturnValue:
    """Name the disks that would be taken back, and what would be lost."""
    return _page(restore_id, "undo")


@pages.post("/undo")
def undo(restore_id: str) -> ResponseReturnValue:
    """Undo the restore, and follow the work."""
    answer = _sent(restore_id, "undo")
    if not answer.ok:
        return _page(restore_id, "undo", answer)
    return redirect(url_for("operation_logs.show", log_id=answer.json()["job_id"]), code=303)


@pages.get("/confirm")
def ask_confirm(restore_id: str) -> ResponseReturnValue:
    """Name the snapshots that would be deleted."""
    return _page(restore_id, "confirm")


@pages.post("/confirm")
def confirm(restore_id: str) -> ResponseReturnValue:
    """Let the way back go, and show the restore again."""
    answer = _sent(restore_id, "confirm")
    if not answer.ok:
        return _page(restore_id, "confirm", answer)
    return redirect(url_for("operation_logs.show", log_id=restore_id), code=303)


def _sent(restore_id: str, act: str) -> Answer:
    client = api()
    answer = client.send("POST", client.path(f"/restores/{restore_id}/{act}"))
    if answer.status in _NOT_THE_WAY_BACK:
        raise Refused(answer)
    return answer


def _page(restore_id: str, act: str, refusal: Answer | None = None) -> ResponseReturnValue:
    way_back: dict[str, Any] = api().get(f"/restores/{restore_id}/way-back")["way_back"]
    page = render_template(
        "way_back/show.html", way_back=way_back, act=act, refusal=refusal and refusal.json()
    )
    return page, refusal.status if refusal else 200
