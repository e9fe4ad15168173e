"""Policies as pages: in words, with their next times and the vaults that have them."""

import html
import re

import requests

from api.api_server import ApiServer
from api.protected_cloud import new_vault, vault_body
from api.test_drill_policies import fired, new_drills
from api.test_policies import changed, new_policy
from opencbr.model.drill import FAILED
from opencbr.store import drills

from .browser import Browser


def told(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_policy_is_told_in_words_with_its_vaults(cbr: ApiServer, browser: Browser):
    assert "There is no policy yet" in told(browser.get("/console/policies"))
    policy = new_policy(
        cbr,
        "FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=02;BYMINUTE=30",
        name="workdays",
        operation_definition={"max_backups": 14, "week_backups": 4, "timezone": "UTC+01:00"},
        properties={"time_zone": "Europe/Berlin"},
    )
    page = f"/console/policies/{policy['id']}"
    assert "No vault has it." in told(browser.get(page))
    vault = new_vault(cbr, name="shop", backup_policy_id=policy["id"])["id"]
    listed, shown = browser.get("/console/policies"), browser.get(page)
    for one in (listed, shown):
        assert "Monday and Tuesday at 02:30 Europe/Berlin" in told(one)
        assert "the newest 14, and the last one of each of 4 weeks (UTC+01:00)" in told(one)
    assert f'href="{page}"' in listed.text
    assert f'href="/console/vaults/{vault}">shop</a>' in shown.text
    assert shown.text.count('<span class="day">') == 5
    at_vault = browser.get(f"/console/vaults/{vault}")
    assert f'href="{page}">workdays</a>, next <time' in at_vault.text
    assert "No policy fits these filters." in told(browser.get("/console/policies?vault_id=nothing"))

    changed(cbr, policy["id"], enabled=False)
    assert "never: it is disabled" in told(browser.get("/console/policies"))
    assert "None: the policy is disabled." in told(browser.get(page))
    assert "workdays , disabled" in told(browser.get(f"/console/vaults/{vault}"))


def test_a_vault_without_a_policy_says_what_follows(cbr: ApiServer, browser: Browser):
    vault = new_vault(cbr)["id"]
    page = browser.get(f"/console/vaults/{vault}")
    assert f'href="/console/vaults/{vault}/policy">Give it one' in page.text
    assert "none: nothing is backed up by itself" in told(page)


def test_a_policy_of_another_project_has_no_page(cbr: ApiServer, browser: Browser):
    foreign = new_policy(cbr, account="other")["id"]
    assert browser.get(f"/console/policies/{foreign}").status_code == 404


def test_a_policy_of_drills_says_what_it_tries_and_keeps_nothing(cbr: ApiServer, browser: Browser):
    policy = new_policy(cbr, name="weekly", operation_type="drill", operation_definition={"drill_sample": 3})
    page = f"/console/policies/{policy['id']}"
    for one in (browser.get("/console/policies"), browser.get(page)):
        assert "tries the newest backup of 3 servers of each vault" in told(one)
    assert f"{page}/retention" not in browser.get(page).text


def test_a_policy_of_drills_shows_what_it_has_tried(cbr: ApiServer, browser: Browser):
    policy = new_drills(cbr)["id"]
    page = f"/console/policies/{policy}"
    assert "It has tried nothing yet" in told(browser.get(page))
    assert browser.get(page).text.count('<span class="day">') == 5
    now = cbr.clock.now()
    tried = [fired(cbr, policy) for _ in range(11)]
    with cbr.database.write() as conn:
        assert drills.end(conn, tried[-1], FAILED, "a disk is not there", now=now)
    shown = browser.get(page)
    assert [one for one in tried if f'href="/console/drills/{one}"' in shown.text] == tried[1:]
    assert "failed" in told(shown)
    assert f'href="/console/drills?policy_id={policy}">All 11</a>' in shown.text
    assert f'href="/console/drills/{tried[0]}"' in browser.get(f"/console/drills?policy_id={policy}").text
    runs = browser.get(f"{page}/runs").text
    assert f'href="/console/drills/{tried[-1]}">drill</a>' in runs
    assert f'href="/console/operation-logs/{tried[-1]}"' not in runs


def test_a_policy_of_drills_is_given_to_vaults_of_servers(cbr: ApiServer, browser: Browser):
    policy = new_drills(cbr)["id"]
    page = f"/console/policies/{policy}"
    servers = new_vault(cbr, name="servers")["id"]
    disks = cbr.call("POST", "vaults", vault_body(billing={"object_type": "disk"})).json()["vault"]["id"]
    assert f'<option value="{servers}">' in browser.get(page).text
    assert f'<option value="{disks}">' not in browser.get(page).text
    assert f'href="{page}">weekly</a>' not in browser.get(f"/console/vaults/{servers}").text
    assert browser.post(f"{page}/vaults", page, vault_id=servers).headers["Location"] == page
    at_vault = browser.get(f"/console/vaults/{servers}")
    assert f'Drills</dt><dd><a href="{page}">weekly</a>, next <time' in at_vault.text
    assert "none: nothing is backed up by itself" in told(at_vault)
    asked = told(browser.get(f"{page}/delete"))
    assert "Nothing tries by itself any more whether backups can be restored in: servers ." in asked
    assert "backed up by itself" not in asked
