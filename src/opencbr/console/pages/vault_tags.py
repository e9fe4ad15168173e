"""The tags of a vault: given and taken off, one at a time."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api

pages = Blueprint("vault_tags", __name__, url_prefix="/console/vaults/<vault_id>/tags")
RIGHT = "cbr:vaults:bulkCreateOrDeleteTags"
_ENTRY = (400, 409)
"""Statuses that say something of what was entered."""


@pages.get("")
def edit(vault_id: str) -> ResponseReturnValue:
    """Show the tags, each with a button that takes it off, and the entries of another one. Raises Refused."""
    return _page(vault_id)


@pages.post("")
def change(vault_id: str) -> ResponseReturnValue:
    """Give a tag, or take one off, and show what there is then; an entry that is refused is shown again. Raises Refused.

    Taking off names the value too: somebody else's newer one stays.
    """
    action = "delete" if request.form.get("action") == "delete" else "create"
    tag = {name: request.form.get(name, "") for name in ("key", "value")}
    client = api()
    path = client.path(f"/vault/{vault_id}/tags/action")
    answer = client.send("POST", path, body={"action": action, "tags": [tag]})
    if answer.ok:
        return redirect(url_for("vault_tags.edit", vault_id=vault_id), code=303)
    if answer.status not in _ENTRY:
        raise Refused(answer)
    return _page(vault_id, answer)


def _page(vault_id: str, refusal: Answer | None = None) -> ResponseReturnValue:
    vault = api().get(f"/vaults/{vault_id}")["vault"]
    page = render_template("vaults/tags.html", vault=vault, refusal=refusal and refusal.json())
    return page, refusal.status if refusal else 200
