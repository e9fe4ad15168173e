"""Policies as pages: in words, with their next times and the vaults that have them."""

import html
import re

import requests

from api.api_server import ApiServer
from api.protected_cloud import new_vault
from api.test_policies import changed, new_policy

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
