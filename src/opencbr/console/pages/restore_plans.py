"""Restore plans of a backup: made, read, edited, carried out."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opencbr.console.api_client import Answer, Refused
from opencbr.console.console import api
from opencbr.console.pages.listing import page_of
from opencbr.console.restore_plan.captured_names import CapturedNames
from opencbr.console.restore_plan.controls import control_groups
from opencbr.console.restore_plan.entries import mapping_of
from opencbr.console.restore_plan.fates import MEANINGS, fates_of
from opencbr.console.restore_plan.kinds import KINDS, kinds_of

pages = Blueprint("restore_plans", __name__, url_prefix="/console/backups/<backup_id>/restore-plans")
RIGHT = "cbr:backups:restore"
GONE = "There is no such plan of this backup, or it has expired. Make a new one: the cloud may have moved meanwhile."
_NOT_FOUND = 404
_NOT_THE_PLAN = (401, 403)
"""Statuses that say nothing of the plan, but of who asks."""


@pages.get("")
def index(backup_id: str) -> ResponseReturnValue:
    """Offer to plan the restore of a backup, and list the plans of it that there are."""
    return _index(backup_id)


@pages.post("")
def create(backup_id: str) -> ResponseReturnValue:
    """Make a plan without any choice: it says what is to be chosen."""
    answer = _made(backup_id, request.form.get("as", ""), None)
    return _to(answer, backup_id) if answer.ok else _index(backup_id, answer)


@pages.get("/<plan_id>")
def show(backup_id: str, plan_id: str) -> ResponseReturnValue:
    """Show a plan with the form of its mapping."""
    plan = _plan(backup_id, plan_id)
    return _page(plan) if plan else _gone(backup_id)


@pages.post("/<plan_id>")
def edit(backup_id: str, plan_id: str) -> ResponseReturnValue:
    """Make another plan, with the choices that were entered in the form of this one."""
    plan = _plan(backup_id, plan_id)
    if plan is None:
        return _gone(backup_id)
    mapping = mapping_of(request.form)
    answer = _made(backup_id, plan["as"], mapping)
    return _to(answer, backup_id) if answer.ok else _page(plan, mapping=mapping, refusal=answer)


@pages.post("/<plan_id>/restore")
def restore(backup_id: str, plan_id: str) -> ResponseReturnValue:
    """Carry a plan out once it was said again, and follow the work."""
    plan = _plan(backup_id, plan_id)
    if plan is None:
        return _gone(backup_id)
    if "confirmed" not in request.form:
        return render_template("restore_plan/confirm.html", plan=plan, how=KINDS[plan["as"]])
    client = api()
    answer = client.send("POST", client.path(f"/restore-plans/{plan_id}/restore"))
    if answer.ok:
        return redirect(url_for("operation_logs.show", log_id=answer.json()["job_id"]), code=303)
    _refuse_whoever_asks(answer)
    if answer.status == _NOT_FOUND and _plan(backup_id, plan_id) is None:
        return _gone(backup_id)
    return _page(plan, refusal=answer)


def _made(backup_id: str, kind: str, mapping: dict[str, Any] | None) -> Answer:
    client = api()
    body = {"restore_plan": {"as": kind, "mapping": mapping}}
    answer = client.send("POST", client.path(f"/backups/{backup_id}/restore-plans"), body=body)
    _refuse_whoever_asks(answer)
    return answer


def _plan(backup_id: str, plan_id: str) -> dict[str, Any] | None:
    """Read a plan of the backup; None where there is no such one. Raises Refused."""
    try:
        plan: dict[str, Any] = api().get(f"/restore-plans/{plan_id}")["restore_plan"]
    except Refused as error:
        if error.answer.status == _NOT_FOUND:
            return None
        raise
    return plan if plan["backup_id"] == backup_id else None


def _refuse_whoever_asks(answer: Answer) -> None:
    if answer.status in _NOT_THE_PLAN:
        raise Refused(answer)


def _to(answer: Answer, backup_id: str) -> ResponseReturnValue:
    plan_id = answer.json()["restore_plan"]["id"]
    return redirect(url_for("restore_plans.show", backup_id=backup_id, plan_id=plan_id), code=303)


def _page(
    plan: dict[str, Any], *, mapping: dict[str, Any] | None = None, refusal: Answer | None = None
) -> ResponseReturnValue:
    names = CapturedNames(plan)
    page = render_template(
        "restore_plan/show.html",
        plan=plan,
        refusal=refusal and refusal.json(),
        groups=control_groups(plan, mapping or plan["mapping"], names),
        fates=fates_of(plan, names, request.args.get("fate", "")),
        meanings=MEANINGS,
        how=KINDS[plan["as"]],
    )
    return page, refusal.status if refusal else 200


def _gone(backup_id: str) -> ResponseReturnValue:
    return _index(backup_id, notice=GONE)


def _index(backup_id: str, refusal: Answer | None = None, *, notice: str = "") -> ResponseReturnValue:
    client = api()
    backup = client.get(f"/backups/{backup_id}")["backup"]
    page = render_template(
        "restore_plan/index.html",
        backup=backup,
        kinds=kinds_of(backup),
        names=KINDS,
        plans=page_of(client, "ListRestorePlans", "restore_plans", backup_id=backup_id),
        notice=refusal.json()["error_msg"] if refusal else notice,
    )
    return page, refusal.status if refusal else _NOT_FOUND if notice else 200
