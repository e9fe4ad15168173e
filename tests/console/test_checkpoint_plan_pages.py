"""The plan of a whole checkpoint as a page: reached from a backup, chosen in its form, carried out once it was said again."""

import pytest

from api.api_server import ApiServer
from opencbr.console.restore_plan.captured_names import CapturedNames
from opencbr.console.restore_plan.controls import control_groups
from opencbr.console.restore_plan.entries import mapping_of
from opencbr.model.backup import Backup
from opencbr.store import operation_logs

from .browser import Browser
from .test_restore_plan_pages import entries, told


@pytest.fixture(name="members")
def _members(cbr: ApiServer) -> list[Backup]:
    vault = cbr.vault()
    first = cbr.protected(vault=vault)
    return [first, cbr.protected("web1", vault=vault, checkpoint_id=first.checkpoint_id)]


def made(browser: Browser, checkpoint_id: str) -> str:
    """Make a plan with the button; return the address of its page."""
    plans = f"/console/checkpoints/{checkpoint_id}/restore-plans"
    answer = browser.post(plans, plans)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def beside(page: str) -> dict[str, str]:
    """The entries of servers beside the old ones, with addresses of their own."""
    chosen = {}
    for name in entries(page):
        what = name.rpartition(".")[2]
        if name.startswith("ports."):
            chosen |= {name: {"network": "keep", "address": "new", "mac": "new"}.get(what, "")}
        elif name.startswith("floating_ips.") or what == "user_data":
            chosen |= {name: "drop"}
    return entries(page) | chosen


def test_the_way_from_a_backup_to_the_restore_of_its_checkpoint(
    cbr: ApiServer, browser: Browser, members: list[Backup]
):
    plans = f"/console/checkpoints/{members[0].checkpoint_id}/restore-plans"
    assert f'href="{plans}">Restore all of it</a>' in browser.get(f"/console/backups/{members[1].id}").text
    page = browser.get(plans)
    assert all(f'href="/console/backups/{one.id}"' in page.text for one in members)
    first = made(browser, members[0].checkpoint_id)
    shown = browser.get(first)
    assert "still to be made" in told(shown)
    for member in [part.split('"')[0] for part in shown.text.split('href="#choose-')[1:]]:
        assert f'id="choose-{member}"' in shown.text
    form = beside(shown.text)
    form[f"backups.{members[1].id}.name"] = "web1-again"
    answer = browser.post(first, first, **form)
    assert answer.status_code == 303, told(answer)
    plan = answer.headers["Location"]
    shown = browser.get(plan)
    assert "ready: nothing stands against it, and all is chosen." in told(shown)
    assert entries(shown.text)[f"backups.{members[1].id}.name"] == "web1-again"
    assert "What several of them have: made once" in told(shown)
    assert f'href="{plan}"' in browser.get(plans).text
    asked = browser.post(f"{plan}/restore", plan)
    assert "db1, web1" in told(asked)
    assert cbr.call("GET", f"backups/{members[0].id}").json()["backup"]["status"] == "available"
    done = browser.post(f"{plan}/restore", plan, confirmed="yes")
    assert done.status_code == 303, told(done)
    for one in members:
        assert cbr.call("GET", f"backups/{one.id}").json()["backup"]["status"] == "waiting_restore"
    log = browser.get(done.headers["Location"])
    assert f'href="{plans}"' in log.text
    assert all(one.resource_name in told(log) for one in members)


def test_a_backup_is_left_out_and_taken_in_again(cbr: ApiServer, browser: Browser, members: list[Backup]):
    first = made(browser, members[0].checkpoint_id)
    entry = f"backups.{members[1].id}.leave_out"
    form = entries(browser.get(first).text) | {entry: "true"}
    answer = browser.post(first, first, **form)
    shown = browser.get(answer.headers["Location"])
    assert entries(shown.text)[entry] == "true"
    assert f"Backup {members[1].id}, left out" in told(shown)
    plan = cbr.call("GET", f"restore-plans/{answer.headers['Location'].rpartition('/')[2]}").json()[
        "restore_plan"
    ]
    assert [one["backup_id"] for one in plan["backups"]] == [members[0].id]
    again = browser.post(
        answer.headers["Location"], answer.headers["Location"], **entries(shown.text) | {entry: ""}
    )
    assert "left out" not in told(browser.get(again.headers["Location"])).replace("leave it out", "")


def test_what_cannot_be_planned_is_said_on_the_page(cbr: ApiServer, browser: Browser, members: list[Backup]):
    held = cbr.backup(
        cbr.vault(), status="error", checkpoint_id=members[0].checkpoint_id, resource_name="lost"
    )
    plans = f"/console/checkpoints/{members[0].checkpoint_id}/restore-plans"
    answer = browser.post(plans, plans)
    assert answer.status_code == 400
    assert f"lost (backup {held.id}) is error" in told(answer)


def test_a_foreign_checkpoint_or_plan_is_no_page(cbr: ApiServer, browser: Browser, members: list[Backup]):
    foreign = cbr.protected("foreign1", "other")
    assert browser.get(f"/console/checkpoints/{foreign.checkpoint_id}/restore-plans").status_code == 404
    plan_id = made(browser, members[0].checkpoint_id).rpartition("/")[2]
    other = cbr.protected().checkpoint_id
    assert browser.get(f"/console/checkpoints/{other}/restore-plans/{plan_id}").status_code == 404
    assert browser.get(f"/console/backups/{members[0].id}/restore-plans/{plan_id}").status_code == 404


def test_the_log_of_a_checkpoint_s_restore_ends_with_a_report_for_each_server(
    cbr: ApiServer, browser: Browser
):
    counts = {"restored": 7, "mapped": 0, "renewed": 5, "skipped": 0, "impossible": 0, "not_as_before": []}
    one = {"backup_id": "b", "resource_id": "r", "resource_type": "OS::Nova::Server"}
    resources = [
        one | {"resource_name": name, "target_resource_id": f"new-{name}", "report": counts}
        for name in ("a<b>", "c")
    ]
    details = {"checkpoint_id": "check", "restore_plan_id": "p", "resources": resources, "report": counts}
    log = cbr.log(operation_type="restore_checkpoint", details=details)
    with cbr.database.write() as conn:
        assert operation_logs.finish(conn, log.id, "success", now=cbr.clock.now())
    page = browser.get(f"/console/operation-logs/{log.id}")
    assert "a<b>" not in page.text
    words = told(page)
    assert all(
        text in words for text in ("Report: a<b>", "Report: c", "Report: what several of them have", "new-c")
    )


@pytest.mark.parametrize("what", ["user_data", "flavor_id", "availability_zone", "server_group"])
def test_what_is_asked_for_a_backup_has_an_entry_that_answers_it(what: str):
    asked = f"backups.b1.{what}"
    own = {"backup_id": "b1", "flavor_id": "f"}
    plan = {
        "as": "new_resources",
        "choices": [{"member": asked, "options": ["x"], "sentence": "choose"}],
        "rows": [],
        "backups": [{"backup_id": "b1", "resource_name": "db1", "rows": []}],
        "mapping": {"backups": [own]},
    }
    groups = control_groups(plan, plan["mapping"], CapturedNames([]))
    (control,) = [one for group in groups for one in group.controls if one.asked]
    assert (control.name, control.asked) == (asked, "choose")
    assert mapping_of({control.name: "x"}) == {
        "backups": [{"backup_id": "b1", what: "x", "leave_out": False}]
    }
