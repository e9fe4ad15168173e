"""What the retention of a policy keeps and deletes: each backup with its reason, by server or disk."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from opencbr.console.console import api

pages = Blueprint("retention", __name__, url_prefix="/console/policies/<policy_id>/retention")
_LIMIT = 10
"""Resources of a page."""


@pages.get("")
def show(policy_id: str) -> ResponseReturnValue:
    """Show a page of the resources in the policy's vaults. Raises Refused."""
    client = api()
    policy = client.get(f"/policies/{policy_id}")["policy"]
    asked = {name: request.args[name] for name in ("vault_id", "resource_id") if request.args.get(name)}
    preview = client.get(
        f"/policies/{policy_id}/retention-preview",
        limit=_LIMIT,
        offset=request.args.get("offset", "0"),
        **asked,
    )["retention_preview"]
    behind = preview["offset"] + len(preview["resources"])
    more = f"{request.path}?{urlencode({**asked, 'offset': behind})}" if behind < preview["count"] else None
    return render_template("retention/show.html", policy=policy, preview=preview, more=more)
