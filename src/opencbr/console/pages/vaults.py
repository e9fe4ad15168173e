"""Vaults as a list, and one with what is bound to it."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opencbr.console.console import api
from opencbr.console.pages.listing import page_of

pages = Blueprint("vaults", __name__, url_prefix="/console/vaults")


@pages.get("")
def index() -> ResponseReturnValue:
    """List vaults."""
    page = page_of(api(), "/vaults", "vaults", ("name", "object_type", "status"))
    return render_template("vaults/index.html", page=page)


@pages.get("/<vault_id>")
def show(vault_id: str) -> ResponseReturnValue:
    """Show one vault, and the newest backups in it."""
    client = api()
    vault = client.get(f"/vaults/{vault_id}")["vault"]
    return render_template(
        "vaults/show.html", vault=vault, backups=client.get("/backups", vault_id=vault["id"], limit=10)
    )
