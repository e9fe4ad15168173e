"""A restore plan as a page: made from a backup's page, its choices sent with its form, carried out once it was said again."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from api.api_server import ApiServer
from api.test_restore_elsewhere import role
from opencbr import model
from opencbr.console.restore_plan.captured_names import CapturedNames
from opencbr.console.restore_plan.controls import OTHER, control_groups
from opencbr.console.restore_plan.entries import mapping_of
from opencbr.model.backup import Backup
from opencbr.model.ids import new_id
from opencbr.store import operation_logs, restore_plans

from .browser import Browser
from .person import Person

Json = dict[str, Any]
FIELD = re.compile(r'<input id="([^"]+)" name="\1" value="([^"]*)"')
SELECT = re.compile(r'<select id="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)


@pytest.fixture(scope="module", name="backup")
def _backup(cbr: ApiServer) -> Backup:
    return cbr.protected()


@pytest.fixture(name="later")
def _later(cbr: ApiServer) -> Iterator[None]:
    yield
    cbr.clock.ahead = timedelta(0)


def made(browser: Browser, backup: Backup, kind: str = "new_server") -> str:
    """Make a plan with the button; return the address of its page."""
    plans = f"/console/backups/{backup.id}/restore-plans"
    answer = browser.post(plans, plans, **{"as": kind})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def entries(page: str) -> dict[str, str]:
    """What a browser would send of the form as it stands."""
    texts = {name: html.unescape(value) for name, value in FIELD.findall(page)}
    chosen = {
        name: (re.findall(r'value="([^"]*)" selected', options) or [""])[0]
        for name, options in SELECT.findall(page)
    }
    return texts | chosen


def beside(page: str) -> dict[str, str]:
    """The entries of a server beside the old one, with addresses of its own."""
    chosen = {"user_data": "drop", "name": "beside"}
    for name in entries(page):
        what = name.rpartition(".")[2]
        if name.startswith("ports."):
            chosen |= {name: {"network": "keep", "address": "new", "mac": "new"}.get(what, "")}
        elif name.startswith("floating_ips."):
            chosen |= {name: "drop"}
    return entries(page) | chosen


def ready(browser: Browser, backup: Backup) -> str:
    first = made(browser, backup)
    answer = browser.post(first, first, **beside(browser.get(first).text))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def told(answer: requests.Response) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", answer.text))


def test_the_way_from_a_backup_to_a_restore(cbr: ApiServer, browser: Browser):
    backup = cbr.protected()
    page = f"/console/backups/{backup.id}"
    assert f'href="{page}/restore-plans">Plan a restore</a>' in browser.get(page).text
    first = made(browser, backup)
    shown = browser.get(first)
    assert "incomplete: 4 choices are still to be made." in told(shown)
    assert "choose its network" in told(shown)
    for member in re.findall(r'href="#choose-([^"]+)"', shown.text):
        assert f'id="choose-{member}"' in shown.text
    assert "Restore as a new server</button>" not in shown.text

    plan = ready(browser, backup)
    assert plan != first
    shown = browser.get(plan)
    assert "ready: nothing stands against it, and all is chosen." in told(shown)
    assert entries(shown.text)["name"] == "beside"
    listed = browser.get(f"{page}/restore-plans").text
    assert all(f'href="{one}"' in listed for one in (first, plan))

    asked = browser.post(f"{plan}/restore", plan)
    assert "A new server beside is made with 2 ports and 3 disks" in told(asked)
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == "available"
    done = browser.post(f"{plan}/restore", plan, confirmed="yes")
    assert done.status_code == 303, done.text
    log_id = done.headers["Location"].rpartition("/")[2]
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == "waiting_restore"
    assert 'hx-trigger="every 2s"' in browser.get(done.headers["Location"]).text
    assert f'href="/console/operation-logs/{log_id}">just now' in browser.get(f"{page}/restore-plans").text
    again = browser.post(f"{plan}/restore", plan, confirmed="yes")
    assert again.status_code >= 400
    assert 'role="alert"' in again.text


def test_the_log_of_a_restore_ends_with_its_report(cbr: ApiServer, browser: Browser):
    report = {"restored": 7, "mapped": 1, "renewed": 5, "skipped": 1, "impossible": 0}
    other = {
        "document": "server",
        "field": "server.<b>",
        "became": "mapped",
        "why": "the name that was chosen",
    }
    details = {"backup_id": new_id(cbr.clock.now()), "report": report | {"not_as_before": [other]}}
    details |= {"restore_plan_id": "p", "target_resource_id": "the-new-one", "notes": ["look & see"]}
    details |= {"target_project_id": "<another>"}
    log = cbr.log(operation_type="restore_new_server", details=details)
    with cbr.database.write() as conn:
        assert operation_logs.finish(conn, log.id, "success", now=cbr.clock.now())
    page = browser.get(f"/console/operation-logs/{log.id}")
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
    assert "7 restored 1 mapped 5 renewed 1 skipped 0 impossible" in words
    assert "server.<b> Of server Became mapped Why the name that was chosen" in words
    assert "server.<b>" not in page.text
    assert "look & see" in words
    assert "the-new-one In project <another>" in words
    assert f'href="/console/backups/{details["backup_id"]}"' in page.text


@pytest.mark.parametrize("fate", ["", "kept", "new", "lost", "nonsense"])
def test_fields_are_shown_by_their_fate_kept_and_new_ones_only_when_asked_for(
    cbr: ApiServer, browser: Browser, backup: Backup, fate: str
):
    plan = ready(browser, backup)
    rows = cbr.call("GET", f"restore-plans/{plan.rpartition('/')[2]}").json()["restore_plan"]["rows"]
    wanted = {fate} if fate in ("kept", "new", "lost") else {"mapped", "lost"}
    shown = browser.get(f"{plan}?fate={fate}").text
    assert shown.count('class="path"') == sum(row["fate"] in wanted for row in rows) > 0


def test_a_port_is_mapped_and_what_is_not_chosen_stays_open(cbr: ApiServer, browser: Browser, backup: Backup):
    first = made(browser, backup)
    form = entries(browser.get(first).text)
    (port, *_) = [name for name in form if name.endswith(".network")]
    answer = browser.post(first, first, **form | {port: "map"})
    shown = browser.get(answer.headers["Location"]).text
    assert entries(shown)[port] == "map"
    assert f'href="#choose-{port}_id">the port is mapped to a network: name it' in shown


def test_what_is_refused_stays_in_the_form(cbr: ApiServer, browser: Browser, backup: Backup):
    first = made(browser, backup)
    form = entries(browser.get(first).text)
    group = next(n for n in form if n.startswith("security_groups.") and not n.endswith(OTHER))
    nobody = new_id(cbr.clock.now())
    mapped = {group: "map", f"{group}{OTHER}": nobody, "name": "kept in mind"}
    answer = browser.post(first, first, **form | mapped)
    assert answer.status_code == 404
    assert f"There is no such security group in this project's cloud. Asked for: {nobody}." in told(answer)
    assert entries(answer.text).items() >= mapped.items()
    empty = browser.post(first, first, **form | mapped | {f"{group}{OTHER}": ""})
    assert empty.status_code == 400
    assert "security_groups" in told(empty)


def test_what_stands_against_a_plan_is_said(browser: Browser, backup: Backup):
    first = made(browser, backup)
    form = beside(browser.get(first).text)
    taken = {name: "keep" for name in form if name.startswith("ports.") and not name.endswith("_id")}
    answer = browser.post(first, first, **form | taken)
    shown = browser.get(answer.headers["Location"])
    assert "refused: 4 things stand against it." in told(shown)
    assert told(shown).count(f"of server {backup.resource_id}") >= 4
    assert "Restore as a new server</button>" not in shown.text


def test_an_expired_plan_says_so_and_offers_a_new_one(
    cbr: ApiServer, browser: Browser, backup: Backup, later: None
):
    plan = ready(browser, backup)
    plan_id = plan.rpartition("/")[2]
    with cbr.database.write() as conn:
        restore_plans.delete_over(conn, cbr.clock.now() + timedelta(hours=2))
    for answer in (
        browser.get(plan),
        browser.post(f"{plan}/restore", f"/console/backups/{backup.id}/restore-plans", confirmed="yes"),
    ):
        assert answer.status_code == 404
        assert "it has expired. Make a new one" in told(answer)
        assert ">Make a plan</button>" in answer.text
        assert plan_id not in answer.text


def test_a_cloud_that_has_moved_is_told_and_a_new_plan_offered(cbr: ApiServer, browser: Browser):
    backup = cbr.protected()
    plan = ready(browser, backup)
    state = cbr.cloud.backend.state
    with state.change():
        network = state.find("network", name="demo-net")
        state.drop("network", network["id"])
    try:
        answer = browser.post(f"{plan}/restore", plan, confirmed="yes")
    finally:
        with state.change():
            state.put("network", network)
    assert answer.status_code == 409
    assert "The cloud is not as it was when the plan was made" in told(answer)
    assert '<button form="mapping">Make a new plan with these choices</button>' in answer.text
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == "available"
    new = browser.post(plan, plan, **entries(answer.text))
    assert new.status_code == 303


def test_what_the_choices_name_and_is_gone_is_no_end_of_the_plan(cbr: ApiServer, browser: Browser):
    plan = ready(browser, cbr.protected())
    state = cbr.cloud.backend.state
    with state.change():
        group = state.find("server-group", name="databases")
        state.drop("server-group", group["id"])
    try:
        answer = browser.post(f"{plan}/restore", plan, confirmed="yes")
        assert answer.status_code == 409
        assert "The cloud is not as it was when the plan was made: server group databases" in told(answer)
        without = entries(answer.text) | {"server_group": "drop"}
        new = browser.post(plan, plan, **without)
        assert "ready: nothing stands against it" in told(browser.get(new.headers["Location"]))
    finally:
        with state.change():
            state.put("server-group", group)


def test_a_plan_goes_into_another_project_in_which_its_person_may_restore(
    cbr: ApiServer, browser: Browser, backup: Backup
):
    plan, other = made(browser, backup), cbr.project("other")
    entered = entries(browser.get(plan).text) | {"project_id": other}
    nowhere = browser.post(plan, plan, **entered)
    assert nowhere.status_code == 404
    assert "There is no such project for this credential" in told(nowhere)
    assert entries(nowhere.text)["project_id"] == other
    with role(cbr, "member"):
        new = browser.post(plan, plan, **entered)
        assert new.status_code == 303
        page = browser.get(new.headers["Location"])
        assert f"the server is made in project {other}" in told(page)
        assert entries(page.text)["project_id"] == other
    assert browser.get(new.headers["Location"]).status_code == 404


def test_a_plan_is_shown_below_its_own_backup_and_to_its_own_project_alone(cbr: ApiServer, browser: Browser):
    mine, other = cbr.protected(), cbr.protected("café-文")
    plan_id = made(browser, mine).rpartition("/")[2]
    assert browser.get(f"/console/backups/{other.id}/restore-plans/{plan_id}").status_code == 404
    foreign = cbr.protected("foreign1", "other")
    asked = cbr.call(
        "POST", f"backups/{foreign.id}/restore-plans", {"restore_plan": {"as": "new_server"}}, account="other"
    )
    theirs = asked.json()["restore_plan"]["id"]
    assert browser.get(f"/console/backups/{mine.id}/restore-plans/{theirs}").status_code == 404
    assert browser.get(f"/console/backups/{foreign.id}/restore-plans/{theirs}").status_code == 404


def test_only_an_available_backup_offers_a_plan(cbr: ApiServer, browser: Browser):
    backup = cbr.backup(cbr.vault(), status="error")
    plans = f"/console/backups/{backup.id}/restore-plans"
    assert "Plan a restore</a>" not in browser.get(f"/console/backups/{backup.id}").text
    page = browser.get(plans)
    assert page.status_code == 200
    assert ">Make a plan</button>" not in page.text
    answer = browser.post(plans, plans, **{"as": "new_server"})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_disk_s_backup_offers_what_can_be_made_of_it(cbr: ApiServer, browser: Browser):
    backup = cbr.backup(cbr.vault(object_type="disk"), disks=0)
    plans = f"/console/backups/{backup.id}/restore-plans"
    page = browser.get(plans).text
    assert re.findall('<option value="([a-z_]+)">', page) == ["new_volume", "in_place"]
    answer = browser.post(plans, plans, **{"as": "new_server"})
    assert answer.status_code == 400
    assert "no server can be made of it" in told(answer)


def test_one_disk_is_chosen_and_restored_as_a_new_volume(cbr: ApiServer, browser: Browser):
    backup = cbr.protected()
    first = made(browser, backup, "new_volume")
    shown = browser.get(first)
    assert "Restore as a new volume" in told(shown)
    form = entries(shown.text)
    assert form.keys() == {"volume_id", "name", "server_id", "volume_availability_zone"}
    disk = re.findall(r'<option value="([0-9a-f-]{36})">db1-data, 1 GB', shown.text)[0]
    nobody = new_id(cbr.clock.now())
    answer = browser.post(first, first, **form | {"volume_id": disk, "server_id": nobody})
    assert answer.status_code == 404
    assert "There is no such server in this project's cloud." in told(answer)
    answer = browser.post(first, first, **form | {"volume_id": disk, "server_id": backup.resource_id})
    plan = answer.headers["Location"]
    shown = browser.get(plan)
    assert "ready: nothing stands against it" in told(shown)
    assert entries(shown.text)["name"] == "db1-data"
    asked = browser.post(f"{plan}/restore", plan)
    assert f"then it is attached to server {backup.resource_id}" in told(asked)
    done = browser.post(f"{plan}/restore", plan, confirmed="yes")
    assert done.status_code == 303, done.text
    assert "a new volume" in told(browser.get(f"/console/backups/{backup.id}/restore-plans"))


def test_without_the_right_there_is_neither_button_nor_page(cbr: ApiServer, backup: Backup):
    person, reader = Person(cbr, "", "reads-only"), Browser(cbr.url)
    body = {"user": {"name": person.name, "password": person.password, "domain_id": "default"}}
    person.id = person.ask("POST", "/users", body).json()["user"]["id"]
    person.join(cbr.project(), "reader")
    assert reader.sign_in("token", token=person.token(person.scope)).status_code == 303
    page = f"/console/backups/{backup.id}"
    assert "Plan a restore" not in reader.get(page).text
    refused = reader.get(f"{page}/restore-plans")
    assert refused.status_code == 403
    assert "cbr:backups:restore" in refused.text
    form = "/explorer/ShowVault"
    assert reader.post(f"{page}/restore-plans", form).status_code == 403


MEMBERS = {
    "volume_id": {"volume_id": "x"},
    "flavor_id": {"flavor_id": "x"},
    "availability_zone": {"availability_zone": "x"},
    "volume_availability_zone": {"volume_availability_zone": "x"},
    "user_data": {"user_data": "x"},
    "server_group": {"server_group": "x"},
    "ports.p1.network": {"ports": [{"port_id": "p1", "network": "x"}]},
    "security_groups.g1": {"security_groups": [{"security_group_id": "g1", "target": "x"}]},
    "volume_types.v1": {"volumes": [{"volume_id": "v1", "volume_type_id": "x"}]},
    "routers.r1": {"routers": [{"router_id": "r1", "target": "x"}]},
    "floating_ips.f1": {"floating_ips": [{"floating_ip_id": "f1", "address": "x"}]},
}
"""What a plan asks for, by the member that it names, and the mapping that answers it."""


def test_every_kind_of_choice_that_a_plan_asks_for_has_its_row_here():
    """The parts of a plan ask by `draft.ask(member, ...)`: their members are read out of the sources."""
    source = "".join(one.read_text() for one in (Path(model.__file__).parent / "restore_plan").glob("*.py"))
    asked = set(re.findall(r'draft\.ask\(\s*f?"([a-z_]+)', source))
    assert {one.partition(".")[0] for one in MEMBERS} == asked | {"ports"}
    assert 'f"ports.{choice.port_id}.network"' in source


@pytest.mark.parametrize("asked", MEMBERS)
def test_what_is_asked_for_has_an_entry_that_answers_it(asked: str):
    choice = {"member": asked, "options": ["x"], "sentence": "choose"}
    kind = "new_volume" if asked == "volume_id" else "new_server"
    plan = {"as": kind, "choices": [choice], "rows": [], "mapping": {"ports": [{"port_id": "p1"}]}}
    groups = control_groups(plan, plan["mapping"], CapturedNames(plan["rows"]))
    (control,) = [one for group in groups for one in group.controls if one.asked]
    assert (control.name, control.asked) == (asked, "choose")
    assert mapping_of({control.name: "x"}) == MEMBERS[asked]
