"""Which policy a vault has: given and taken away, from the page of the vault and from that of the policy."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api
from opencbr.console.pages.policies import policy_page

pages = Blueprint("vault_policies", __name__, url_prefix="/console")
_ENTRY = (400, 404, 409)
"""Statuses that say something of what was chosen."""


@pages.get("/vaults/<vault_id>/policy")
def edit(vault_id: str) -> ResponseReturnValue:
    """Show which policy the vault has, and those that it may have. Raises Refused."""
    return _page(vault_id)


@pages.post("/vaults/<vault_id>/policy")
def change(vault_id: str) -> ResponseReturnValue:
    """Give the vault a policy, or take the one that is named from it, and show the vault. Raises Refused."""
    answer = _sent(vault_id, request.form.get("policy_id", ""), give="take" not in request.form)
    if answer.ok:
        return redirect(url_for("vaults.show", vault_id=vault_id), code=303)
    return _page(vault_id, answer)


@pages.post("/policies/<policy_id>/vaults")
def change_vaults(policy_id: str) -> ResponseReturnValue:
    """Give the policy to a vault, or take it from one, and show the policy. Raises Refused."""
    answer = _sent(request.form.get("vault_id", ""), policy_id, give="take" not in request.form)
    if answer.ok:
        return redirect(url_for("policies.show", policy_id=policy_id), code=303)
    return policy_page(policy_id, answer)


def _sent(vault_id: str, policy_id: str, *, give: bool) -> Answer:
    client, act = api(), "associatepolicy" if give else "dissociatepolicy"
    path = client.path(f"/vaults/{vault_id.replace('/', '')}/{act}")
    answer = client.send("POST", path, body={"policy_id": policy_id})
    if not answer.ok and answer.status not in _ENTRY:
        raise Refused(answer)
    return answer


def _page(vault_id: str, refusal: Answer | None = None) -> ResponseReturnValue:
    client = api()
    vault = client.get(f"/vaults/{vault_id}")["vault"]
    policies = client.get("/policies")["policies"]
    has = next(
        (one for one in policies if vault["id"] in {row["vault_id"] for row in one["associated_vaults"]}),
        None,
    )
    page = render_template(
        "vaults/policy.html", vault=vault, policies=policies, has=has, refusal=refusal and refusal.json()
    )
    return page, refusal.status if refusal else 200
