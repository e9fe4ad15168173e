"""Making and changing a policy, of backups or of drills, by a form; its coming runs and what it would delete come first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.calendar.runs import coming_until, zone_of
from opencbr.console.calendar.weeks import Day, first_day, last_day, weeks_of
from opencbr.console.console import api, console
from opencbr.console.policy_form.entries import Entries
from opencbr.console.policy_form.refusal import field_of
from opencbr.console.policy_form.times import STEPS
from opencbr.model.schedule import check_patterns, check_time_zone
from opencbr.model.times import parse_time

pages = Blueprint("policy_forms", __name__, url_prefix="/console/policies")
_ENTRY = (400, 409)
"""Statuses that say something of what was entered."""
_VAULTS = 10
"""Vaults of a policy whose backups are looked at before it is saved."""
_RESOURCES = 20


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the retention that is entered would do in one vault, as the API previews it."""

    vault: str
    preview: dict[str, Any]


@pages.get("/new")
def new() -> ResponseReturnValue:
    """Show the form of a new policy, of the kind that the link names."""
    return _page(Entries.of_new(request.args.get("operation_type", "")))


@pages.post("/new")
def create() -> ResponseReturnValue:
    """Make a policy and show it, or what it would delete in a vault; what is refused is shown again. Raises Refused."""
    entries, client = Entries.of_form(request.form), api()
    if "preview" in request.form:
        vault_id = request.form.get("vault_id")
        return _previewed(entries, [vault_id] if vault_id else [])
    answer = client.send("POST", client.path("/policies"), body={"policy": entries.new_policy()})
    if not answer.ok:
        return _page(entries, refusal=answer)
    return redirect(url_for("policies.show", policy_id=answer.json()["policy"]["id"]), code=303)


@pages.get("/<policy_id>/edit")
def edit(policy_id: str) -> ResponseReturnValue:
    """Show the form of a policy as it is. Raises Refused."""
    policy = api().get(f"/policies/{policy_id}")["policy"]
    return _page(Entries.of_policy(policy), policy)


@pages.post("/<policy_id>/edit")
def change(policy_id: str) -> ResponseReturnValue:
    """Save what was changed; retention that was changed is previewed first, and saved once that was seen. Raises Refused."""
    client = api()
    policy = client.get(f"/policies/{policy_id}")["policy"]
    entries = Entries.of_form(request.form, policy["operation_type"])
    changes = entries.changes(policy)
    vaults = [one["vault_id"] for one in policy["associated_vaults"]]
    retained = "operation_definition" in changes and not entries.drills
    unseen = retained and request.form.get("seen") != _mark(entries)
    if "preview" in request.form or (unseen and vaults):
        return _previewed(entries, vaults[:_VAULTS], policy)
    answer = client.send("PUT", client.path(f"/policies/{policy_id}"), body={"policy": changes})
    if not answer.ok:
        return _page(entries, policy, refusal=answer)
    return redirect(url_for("policies.show", policy_id=policy_id), code=303)


def _mark(entries: Entries) -> str:
    """Say in a text of the form which retention somebody has seen previewed."""
    return json.dumps(entries.definition(), sort_keys=True)


def _previewed(
    entries: Entries, vault_ids: list[str], policy: Mapping[str, Any] | None = None
) -> ResponseReturnValue:
    """Show the coming runs, and what would be deleted in each of these vaults: nothing by a policy of drills."""
    client, found = api(), []
    for vault_id in () if entries.drills else vault_ids:
        wanted = {"vault_id": vault_id, "operation_definition": entries.definition(), "limit": _RESOURCES}
        answer = client.send("POST", client.path("/retention-previews"), body={"retention_preview": wanted})
        if not answer.ok:
            return _page(entries, policy, refusal=answer)
        found.append(Foreseen(vault_id, answer.json()["retention_preview"]))
    return _page(entries, policy, foreseen=found)


def _weeks(entries: Entries, policy: Mapping[str, Any] | None) -> tuple[list[list[Day]], str]:
    """Return the coming runs of what is entered as a grid, or why it has none."""
    now, properties = console().clock.now(), entries.properties()
    start = policy["trigger"]["properties"]["start_time"] if policy else now.isoformat()
    try:
        if entries.time_zone:
            check_time_zone(entries.time_zone)
        check_patterns(properties["pattern"], start=parse_time(start), time_zone=properties["time_zone"])
    except ValueError as error:
        return [], str(error)
    new = {"id": "", "name": entries.name, "enabled": True}
    meant = new | {"trigger": {"properties": properties | {"start_time": start}}}
    zone = zone_of(meant)
    first = first_day(now, [zone])
    return weeks_of(coming_until(meant, now, last_day(first)), now, first, zone), ""


def _page(
    entries: Entries,
    policy: Mapping[str, Any] | None = None,
    *,
    refusal: Answer | None = None,
    foreseen: list[Foreseen] | None = None,
) -> ResponseReturnValue:
    if refusal and refusal.status not in _ENTRY:
        raise Refused(refusal)
    message = refusal.json()["error_msg"] if refusal else ""
    vaults = api().get("/vaults")["vaults"]
    weeks, times_wrong = _weeks(entries, policy) if foreseen is not None else ([], "")
    page = render_template(
        "policies/form.html",
        entries=entries,
        policy=policy,
        message=message,
        wrong=field_of(message),
        foreseen=foreseen,
        weeks=weeks,
        times_wrong=times_wrong,
        mark=_mark(entries) if foreseen is not None else request.form.get("seen", ""),
        vaults=vaults,
        vault_names={one["id"]: one["name"] for one in vaults},
        zones=sorted(available_timezones()),
        steps=STEPS,
    )
    return page, refusal.status if refusal else 200
