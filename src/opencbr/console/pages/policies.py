"""Policies as a list, and one in words and as a calendar: when it fires, what it keeps, which vaults have it."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer
from opencbr.console.calendar.runs import coming_until, zone_of
from opencbr.console.calendar.weeks import first_day, last_day, weeks_of
from opencbr.console.calendar.words import lines_of, protected_in_words
from opencbr.console.console import api, console
from opencbr.console.pages.listing import page_of
from opencbr.console.pages.policy_rights import may
from opencbr.model.policy import BACKUP, DRILL
from opencbr.model.policy_words import drills_in_words, full_in_words, kept_in_words, schedule_in_words

pages = Blueprint("policies", __name__, url_prefix="/console/policies")

_AGENDA_DAYS = timedelta(days=7)
"""How far the calendar of all policies tells the runs in words."""
_TYPES = (BACKUP, DRILL)
"""Policies of drills are listed only for who asks for them."""
_LINES = 5
"""Lines of the coming runs above the list."""
_DRILLS = 10
"""Drills on the page of a policy that has fired them."""


@pages.get("")
def index() -> ResponseReturnValue:
    """List policies, and what they do next."""
    page = page_of(api(), "ListPolicies", "policies", operation_type=_TYPES)
    words = {one["id"]: _in_words(one) for one in page.rows}
    lines = _lines(page.rows)
    return render_template(
        "policies/index.html",
        page=page,
        words=words,
        lines=lines[:_LINES],
        more=len(lines) > _LINES,
        may=may(),
    )


@pages.get("/calendar")
def calendar() -> ResponseReturnValue:
    """Show the coming runs of all policies: a week in words, and five weeks as a grid. Raises Refused."""
    policies, now = api().get("/policies", operation_type=_TYPES)["policies"], console().clock.now()
    zones = sorted({zone_of(one) for one in policies if one["enabled"]})
    first = first_day(now, zones)
    runs = [run for one in policies for run in coming_until(one, now, last_day(first))]
    zone = zones[0] if len(zones) == 1 else "UTC"
    return render_template(
        "policies/calendar.html",
        policies=policies,
        lines=_lines(policies),
        weeks=weeks_of(sorted(runs, key=lambda run: run.utc), now, first, zone),
        zones=zones or ["UTC"],
    )


@pages.get("/<policy_id>")
def show(policy_id: str) -> ResponseReturnValue:
    """Show one policy with its next times and the names of the vaults that have it. Raises Refused."""
    return policy_page(policy_id)


def policy_page(policy_id: str, refusal: Answer | None = None) -> ResponseReturnValue:
    """Render the page of a policy, with what was refused on it. Raises Refused."""
    client, now = api(), console().clock.now()
    policy = client.get(f"/policies/{policy_id}")["policy"]
    vaults = client.get("/vaults", policy_id=policy["id"])
    zone = zone_of(policy)
    first = first_day(now, [zone])
    runs = coming_until(policy, now, last_day(first))
    words = _in_words(policy)
    what = words["drills"] or protected_in_words(vaults["vaults"])
    may_have = client.get("/vaults", object_type="server" if words["drills"] else None)  # no disk is drilled
    having = {one["id"] for one in vaults["vaults"]}
    page = render_template(
        "policies/show.html",
        policy=policy,
        words=words,
        vaults=vaults,
        what=what,
        zones=[zone],
        lines=lines_of(runs, now, {policy["id"]: what})[:_LINES],
        weeks=weeks_of(runs, now, first, zone),
        drills=client.get("/drills", policy_id=policy["id"], limit=_DRILLS) if words["drills"] else None,
        others=[one for one in may_have["vaults"] if one["id"] not in having],
        may=may(),
        refusal=refusal and refusal.json(),
    )
    return page, refusal.status if refusal else 200


def _lines(policies: list[dict[str, Any]]) -> list[Any]:
    """Tell the runs of the next days in words, with what they back up. Raises Refused."""
    if not policies:
        return []
    now = console().clock.now()
    vaults = api().get("/vaults", policy_id=[one["id"] for one in policies])["vaults"]
    by_id = {one["id"]: one for one in vaults}
    what = {
        one["id"]: _in_words(one)["drills"]
        or protected_in_words(
            [by_id[row["vault_id"]] for row in one["associated_vaults"] if row["vault_id"] in by_id]
        )
        for one in policies
    }
    end = now + _AGENDA_DAYS
    runs = [run for one in policies for run in coming_until(one, now, end.date()) if run.utc < end]
    return lines_of(runs, now, what)


def _in_words(policy: dict[str, Any]) -> dict[str, Any]:
    properties, definition = policy["trigger"]["properties"], policy["operation_definition"]
    drills = policy["operation_type"] == DRILL
    return {
        "drills": drills_in_words(definition) if drills else "",
        "times": schedule_in_words(properties["pattern"], properties["time_zone"]),
        "kept": kept_in_words(definition),
        "full": full_in_words(definition),
    }
