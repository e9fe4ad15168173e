"""What is done with a policy as a whole: it is enabled, disabled, and deleted once that was said again."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api

pages = Blueprint("policy_acts", __name__, url_prefix="/console/policies/<policy_id>")
_NOT_THE_POLICY = (401, 403, 404)
"""Statuses that say nothing of the policy, but of who asks, or that there is none."""


@pages.post("/enabled")
def enable(policy_id: str) -> ResponseReturnValue:
    """Enable or disable the policy, and show it. Raises Refused."""
    client, enabled = api(), request.form.get("enabled") == "true"
    answer = client.send("PUT", client.path(f"/policies/{policy_id}"), body={"policy": {"enabled": enabled}})
    if not answer.ok:
        raise Refused(answer)
    return redirect(url_for("policies.show", policy_id=policy_id), code=303)


@pages.get("/delete")
def ask_delete(policy_id: str) -> ResponseReturnValue:
    """Name the vaults that would be without a policy. Raises Refused."""
    return _page(policy_id)


@pages.post("/delete")
def delete(policy_id: str) -> ResponseReturnValue:
    """Delete the policy, and show those that are left. Raises Refused."""
    client = api()
    answer = client.send("DELETE", client.path(f"/policies/{policy_id}"))
    if answer.ok:
        return redirect(url_for("policies.index"), code=303)
    if answer.status in _NOT_THE_POLICY:
        raise Refused(answer)
    return _page(policy_id, answer)


def _page(policy_id: str, refusal: Answer | None = None) -> ResponseReturnValue:
    client = api()
    policy = client.get(f"/policies/{policy_id}")["policy"]
    page = render_template(
        "policies/delete.html",
        policy=policy,
        vaults=client.get("/vaults", policy_id=policy["id"])["vaults"],
        refusal=refusal and refusal.json(),
    )
    return page, refusal.status if refusal else 200
