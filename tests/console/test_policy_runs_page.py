"""The runs of a policy as a page, and running it now by one button."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from api.api_server import ApiServer
from api.test_policies import let_it_be_due, new_policy, room
from api.test_policy_runs import protected, runs
from opencbr.jobs.settings import ScheduleSettings
from opencbr.service.firing import fire

from .browser import Browser, message


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def told(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_run_now_shows_what_it_has_made_and_follows_it(cbr: ApiServer, browser: Browser):
    policy, servers = protected(cbr, 2)
    page = f"/console/policies/{policy}"
    assert "It was not due yet." in told(browser.get(f"{page}/runs"))
    assert f'href="{page}/runs"' in browser.get(page).text
    done = browser.post(f"{page}/runs", page)
    assert (done.status_code, done.headers["Location"]) == (303, f"{page}/runs?asked=2")
    answer = browser.get(done.headers["Location"])
    assert "2 backups are asked for" in told(answer)
    assert answer.text.count(">waiting</span>") == 2
    assert 'hx-trigger="every 2s"' in answer.text
    assert {one["resource_id"] for one in runs(cbr, policy)["runs"]} == set(servers)
    assert "No run fits these filters." in told(browser.get(f"{page}/runs?status=failed"))


def test_missed_runs_say_why_and_late_ones_by_how_much(cbr: ApiServer, browser: Browser):
    policy, _ = protected(cbr)
    page = f"/console/policies/{policy}/runs"
    let_it_be_due(cbr, policy)  # an hour ago
    fired(cbr, policy, run_missed=False)
    missed = browser.get(f"{page}?status=missed")
    assert "no worker was there" in told(missed)
    assert "hx-trigger" not in missed.text
    let_it_be_due(cbr, policy)
    fired(cbr, policy, start_window_seconds=7200)
    assert re.search(r"waiting .* Late by 1 h( 1 min)? Why", told(browser.get(f"{page}?status=waiting")))


def fired(cbr: ApiServer, policy: str, **settings: Any) -> None:
    with cbr.database.write() as conn:
        assert fire(conn, ScheduleSettings(**settings), cbr.project(), policy, cbr.clock.now())


def test_what_cannot_be_run_is_told_on_the_page(cbr: ApiServer, browser: Browser):
    policy = new_policy(cbr)["id"]
    page = f"/console/policies/{policy}"
    refused = browser.post(f"{page}/runs", page)
    assert refused.status_code == 400
    assert "give a vault the policy" in message(refused)


def test_another_project_s_policy_has_no_runs_and_is_not_run(cbr: ApiServer, browser: Browser):
    foreign, own = new_policy(cbr, account="other")["id"], new_policy(cbr)["id"]
    page = f"/console/policies/{foreign}/runs"
    assert browser.get(page).status_code == 404
    assert browser.post(page, f"/console/policies/{own}").status_code == 404
