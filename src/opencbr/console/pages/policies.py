"""Policies as a list, and one in words: when it fires, what it keeps, which vaults have it."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opencbr.console.console import api
from opencbr.console.pages.listing import page_of
from opencbr.model.policy_words import full_in_words, kept_in_words, schedule_in_words

pages = Blueprint("policies", __name__, url_prefix="/console/policies")


@pages.get("")
def index() -> ResponseReturnValue:
    """List policies."""
    page = page_of(api(), "ListPolicies", "policies")
    words = {one["id"]: _in_words(one) for one in page.rows}
    return render_template("policies/index.html", page=page, words=words)


@pages.get("/<policy_id>")
def show(policy_id: str) -> ResponseReturnValue:
    """Show one policy with the names of the vaults that have it. Raises Refused."""
    client = api()
    policy = client.get(f"/policies/{policy_id}")["policy"]
    vaults = client.get("/vaults", policy_id=policy["id"])
    return render_template("policies/show.html", policy=policy, words=_in_words(policy), vaults=vaults)


def _in_words(policy: dict[str, Any]) -> dict[str, Any]:
    properties, definition = policy["trigger"]["properties"], policy["operation_definition"]
    return {
        "times": schedule_in_words(properties["pattern"], properties["time_zone"]),
        "kept": kept_in_words(definition),
        "full": full_in_words(definition),
    }
