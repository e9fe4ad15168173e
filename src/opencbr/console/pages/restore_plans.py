"""Restore plans of a backup or of a whole checkpoint: made, read, edited, carried out."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api
from opencbr.console.pages.listing import page_of
from opencbr.console.restore_plan.captured_names import CapturedNames
from opencbr.console.restore_plan.controls import control_groups
from opencbr.console.restore_plan.entries import mapping_of
from opencbr.console.restore_plan.fates import MEANINGS, fates_of, parts_of, rows_of
from opencbr.console.restore_plan.kinds import KINDS, kinds_of

pages = Blueprint(
    "restore_plans", __name__, url_prefix="/console/<any(backups, checkpoints):of>/<id_>/restore-plans"
)
RIGHT = "cbr:backups:restore"
GONE = "There is no such plan here, or it has expired. Make a new one: the cloud may have moved meanwhile."
_ID = {"backups": "backup_id", "checkpoints": "checkpoint_id"}
"""What plans can be of -> the member of a plan that names it."""
_MOST = 1000
_NOT_FOUND = 404
_NOT_THE_PLAN = (401, 403)
"""Statuses that say nothing of the plan, but of who asks."""


@pages.get("")
def index(of: str, id_: str) -> ResponseReturnValue:
    """Offer to plan the restore of a backup, and list the plans of it that there are."""
    return _index(of, id_)


@pages.post("")
def create(of: str, id_: str) -> ResponseReturnValue:
    """Make a plan without any choice: it says what is to be chosen."""
    answer = _made(of, id_, request.form.get("as", ""), None)
    return _to(answer, of, id_) if answer.ok else _index(of, id_, answer)


@pages.get("/<plan_id>")
def show(of: str, id_: str, plan_id: str) -> ResponseReturnValue:
    """Show a plan with the form of its mapping."""
    plan = _plan(of, id_, plan_id)
    return _page(plan) if plan else _gone(of, id_)


@pages.post("/<plan_id>")
def edit(of: str, id_: str, plan_id: str) -> ResponseReturnValue:
    """Make another plan, with the choices that were entered in the form of this one."""
    plan = _plan(of, id_, plan_id)
    if plan is None:
        return _gone(of, id_)
    mapping = mapping_of(request.form)
    answer = _made(of, id_, plan["as"], mapping)
    return _to(answer, of, id_) if answer.ok else _page(plan, mapping=mapping, refusal=answer)


@pages.post("/<plan_id>/restore")
def restore(of: str, id_: str, plan_id: str) -> ResponseReturnValue:
    """Carry a plan out once it was said again, and follow the work."""
    plan = _plan(of, id_, plan_id)
    if plan is None:
        return _gone(of, id_)
    if "confirmed" not in request.form:
        return render_template(
            "restore_plan/confirm.html", plan=plan, how=KINDS[plan["as"]], here=_here(plan)
        )
    client = api()
    answer = client.send("POST", client.path(f"/restore-plans/{plan_id}/restore"))
    if answer.ok:
        return redirect(url_for("operation_logs.show", log_id=answer.json()["job_id"]), code=303)
    _refuse_whoever_asks(answer)
    if answer.status == _NOT_FOUND and _plan(of, id_, plan_id) is None:
        return _gone(of, id_)
    return _page(plan, refusal=answer)


def _made(of: str, id_: str, kind: str, mapping: dict[str, Any] | None) -> Answer:
    client = api()
    wanted = {"mapping": mapping} | ({"as": kind} if of == "backups" else {})
    answer = client.send("POST", client.path(f"/{of}/{id_}/restore-plans"), body={"restore_plan": wanted})
    _refuse_whoever_asks(answer)
    return answer


def _plan(of: str, id_: str, plan_id: str) -> dict[str, Any] | None:
    """Read a plan of the backup or checkpoint; None where there is no such one. Raises Refused."""
    try:
        plan: dict[str, Any] = api().get(f"/restore-plans/{plan_id}")["restore_plan"]
    except Refused as error:
        if error.answer.status == _NOT_FOUND:
            return None
        raise
    return plan if plan[_ID[of]] == id_ else None


def _refuse_whoever_asks(answer: Answer) -> None:
    if answer.status in _NOT_THE_PLAN:
        raise Refused(answer)


def _to(answer: Answer, of: str, id_: str) -> ResponseReturnValue:
    plan_id = answer.json()["restore_plan"]["id"]
    return redirect(url_for("restore_plans.show", of=of, id_=id_, plan_id=plan_id), code=303)


def _page(
    plan: dict[str, Any], *, mapping: dict[str, Any] | None = None, refusal: Answer | None = None
) -> ResponseReturnValue:
    names, wanted = CapturedNames(rows_of(plan)), request.args.get("fate", "")
    page = render_template(
        "restore_plan/show.html",
        plan=plan,
        refusal=refusal and refusal.json(),
        groups=control_groups(plan, mapping or plan["mapping"], names),
        fates=fates_of(rows_of(plan), names, wanted),
        parts=[(title, fates_of(rows, names, wanted)) for title, rows in parts_of(plan)],
        meanings=MEANINGS,
        how=KINDS[plan["as"]],
        here=_here(plan),
    )
    return page, refusal.status if refusal else 200


def _here(plan: dict[str, Any]) -> str:
    of = "backups" if plan["backup_id"] else "checkpoints"
    return url_for("restore_plans.show", of=of, id_=plan[_ID[of]], plan_id=plan["id"])


def _gone(of: str, id_: str) -> ResponseReturnValue:
    return _index(of, id_, notice=GONE)


def _index(of: str, id_: str, refusal: Answer | None = None, *, notice: str = "") -> ResponseReturnValue:
    client = api()
    if of == "backups":
        backup = client.get(f"/backups/{id_}")["backup"]
        about = {"backup": backup, "kinds": kinds_of(backup)}
    else:
        client.get(f"/checkpoints/{id_}")  # Refused where there is none
        about = {
            "checkpoint_id": id_,
            "members": client.get("/backups", checkpoint_id=id_, limit=_MOST)["backups"],
        }
    page = render_template(
        f"restore_plan/of_{of}.html",
        names=KINDS,
        plans=page_of(client, "ListRestorePlans", "restore_plans", **{_ID[of]: id_}),
        notice=refusal.json()["error_msg"] if refusal else notice,
        here=url_for("restore_plans.index", of=of, id_=id_),
        **about,
    )
    return page, refusal.status if refusal else _NOT_FOUND if notice else 200
