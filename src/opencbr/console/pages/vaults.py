"""Vaults as a list, and one with what is bound to it."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opencbr.console.console import api, console, signed_in
from opencbr.console.pages.freshness import numbers_in_words, rows_in_words
from opencbr.console.pages.listing import page_of
from opencbr.console.pages.live import live_page, work_of
from opencbr.console.pages.policy_rights import may
from opencbr.console.pages.vault_tags import RIGHT
from opencbr.model.policy import DRILL

pages = Blueprint("vaults", __name__, url_prefix="/console/vaults")


@pages.get("")
def index() -> ResponseReturnValue:
    """List vaults."""
    return render_template("vaults/index.html", page=page_of(api(), "ListVault", "vaults"))


@pages.get("/<vault_id>")
def show(vault_id: str) -> ResponseReturnValue:
    """Show one vault, its policies, how fresh its backups are, the newest of them, and the work on it while there is some."""
    client = api()
    vault = client.get(f"/vaults/{vault_id}")["vault"]
    work = work_of(client, vault_id=vault["id"])
    stale = client.get("/freshness/resources", vault_id=vault["id"], limit=10)
    numbers = client.get("/freshness/vaults", vault_id=vault["id"])["vaults"]
    return live_page(
        "vaults/show.html",
        "vaults/content.html",
        live=work["count"] > 0,
        vault=vault,
        policies=client.get("/policies", vault_id=vault["id"])["policies"],
        drilled_by=client.get("/policies", vault_id=vault["id"], operation_type=DRILL)["policies"],
        backups=client.get("/backups", vault_id=vault["id"], limit=10),
        work=work,
        told=[sentence for one in numbers for sentence in numbers_in_words(one)],
        stale=stale,
        words=rows_in_words(stale["resources"]),
        may_give=may()["give"],
        may_tag=console().allows(signed_in().credential, RIGHT),
    )
