"""The runs of a policy: what has come of each time that it was due, and running it now."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api, console
from opencbr.console.pages.listing import page_of
from opencbr.console.pages.live import live_page
from opencbr.console.pages.policy_rights import may
from opencbr.model.policy_run import RUNNING, WAITING
from opencbr.model.times import parse_time

pages = Blueprint("policy_runs", __name__, url_prefix="/console/policies/<policy_id>/runs")
_NOTHING_TO_RUN = 400
_DIGITS = 6
"""Longer is no number of runs."""
_MINUTE = timedelta(minutes=1)


@pages.get("")
def index(policy_id: str) -> ResponseReturnValue:
    """List the runs, newest first; while one waits or goes on, the table is asked for again. Raises Refused."""
    return _page(policy_id)


@pages.post("")
def run(policy_id: str) -> ResponseReturnValue:
    """Run the policy now, and follow what that has made. Raises Refused."""
    client = api()
    answer = client.send("POST", client.path(f"/policies/{policy_id}/run"))
    if answer.ok:
        asked = len(answer.json()["runs"])
        return redirect(url_for("policy_runs.index", policy_id=policy_id, asked=asked), code=303)
    if answer.status != _NOTHING_TO_RUN:
        raise Refused(answer)
    return _page(policy_id, answer)


def _page(policy_id: str, refusal: Answer | None = None) -> ResponseReturnValue:
    client, now = api(), console().clock.now()
    policy = client.get(f"/policies/{policy_id}")["policy"]
    page = page_of(client, "ListPolicyRuns", "runs", policy_id=policy["id"])
    vaults = client.get("/vaults", policy_id=policy["id"])["vaults"]
    asked = request.args.get("asked", "")
    shown = make_response(
        live_page(
            "policies/runs.html",
            "policies/runs_table.html",
            live=any(row["status"] in (WAITING, RUNNING) for row in page.rows),
            policy=policy,
            page=page,
            late_by={row["id"]: _late_by(row, now) for row in page.rows},
            vault_names={one["id"]: one["name"] for one in vaults},
            asked=int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < _DIGITS else 0,
            refusal=refusal and refusal.json(),
            may_run=may()["run"],
        )
    )
    if refusal:
        shown.status_code = refusal.status
    return shown


def _late_by(run: dict[str, Any], now: datetime) -> str:
    """Say how long after its time a run has begun, or waits; "" where that is less than a minute, or it never began."""
    begun = parse_time(run["started_at"]) if run["started_at"] else now if run["status"] == WAITING else None
    if begun is None or begun - parse_time(run["due_at"]) < _MINUTE:
        return ""
    minutes = (begun - parse_time(run["due_at"])) // _MINUTE
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
