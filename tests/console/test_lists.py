"""The lists: every filter that the API documents is offered and goes to it, and a list that is empty says what to do."""

import html
import re

import pytest

from api.api_server import ApiServer
from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES
from opencbr.console.explorer.operations import described

from .browser import Browser

LISTS = {"ListVault": "vaults", "ListBackups": "backups", "ListOpLogs": "operation-logs"}
PAGING = {"limit", "offset", "marker"}
OPERATIONS = described(document(ROUTES))
GOOD = {"integer": "5", "boolean": "true", "text": "nobody"}
OF_TIME = "2018-02-01T12:00:00Z"
FILTERS = [
    pytest.param(page, field, id=f"{page} {field.name}")
    for operation, page in LISTS.items()
    for field in OPERATIONS[operation].fields
    if field.place == "query" and field.name not in PAGING
]


@pytest.mark.parametrize("operation", LISTS)
def test_the_filters_are_those_of_the_document(browser: Browser, operation: str):
    form = re.search(
        r'<form class="filters".*?</form>', browser.get(f"/console/{LISTS[operation]}").text, re.DOTALL
    )
    assert form
    offered = re.findall(r'<(?:input|select) name="([^"]+)"', form[0])
    documented = {one.name for one in OPERATIONS[operation].fields if one.place == "query"} - PAGING
    assert sorted(offered) == sorted(documented)
    assert len(re.findall(r'<label title="[^"]+"', form[0])) == len(documented)


@pytest.mark.parametrize(("page", "field"), FILTERS)
def test_a_filter_goes_to_the_api_and_stays_in_the_form(cbr: ApiServer, browser: Browser, page: str, field):
    value = field.choices[0] if field.choices else GOOD[field.kind]
    value = OF_TIME if field.name.endswith("_time") else "created_at:asc" if field.name == "sort" else value
    shown = browser.get(f"/console/{page}?{field.name}={value}")
    assert shown.status_code == 200, shown.text
    entries = rf'name="{field.name}" value="{re.escape(value)}"|<option selected>{re.escape(value)}</option>'
    assert re.search(entries, shown.text)
    asked = cbr.call("GET", f"{page}?{field.name}={value}&limit=25").json()
    ids = {row["id"] for row in asked[page.replace("-", "_")]}
    assert set(re.findall(rf'href="/console/{page}/([0-9a-f-]{{36}})"', shown.text)) == ids


def test_a_repeated_filter_means_any_of_its_values(cbr: ApiServer, browser: Browser):
    for name in ("one-of-two", "two-of-two", "neither"):
        cbr.vault(name=name)
    page = browser.get("/console/vaults?name=one-of-two&name=two-of-two&name=").text
    assert re.findall(r'<a href="/console/vaults/[^"]+">([^<]+)<', page) == ["two-of-two", "one-of-two"]
    assert re.findall(r'<input name="name" value="([^"]*)"', page) == ["one-of-two", "two-of-two"]


def test_the_next_page_keeps_the_filters(cbr: ApiServer, browser: Browser):
    vault = cbr.vault(name="of-many")
    for _ in range(26):
        cbr.backup(vault, disks=0)
    page = browser.get(f"/console/backups?vault_id={vault.id}&vault_id=nobody").text
    following = re.search(r'<a href="([^"]+)" rel="next"', page)
    assert following
    assert f"vault_id={vault.id}&vault_id=nobody&marker=" in html.unescape(following[1])
    last = browser.get(html.unescape(following[1])).text
    assert len(re.findall(r'<a href="/console/backups/[0-9a-f-]{36}"', last)) == 1


def test_what_the_api_refuses_is_told(browser: Browser):
    answer = browser.get("/console/operation-logs?start_time=yesterday")
    assert answer.status_code == 400
    assert "start_time: it is no time" in answer.text


@pytest.mark.parametrize("page", LISTS.values())
def test_a_list_that_is_empty_says_what_to_do(cbr: ApiServer, page: str):
    person = Browser(cbr.url)
    assert person.sign_in("token", token=cbr.fresh_token("other")).status_code == 303
    empty = person.get(f"/console/{page}").text
    assert re.search(r'<p class="empty">[^<]+<a href="/explorer/Create', empty)
    filtered = person.get(f"/console/{page}?status={'failed' if page == 'operation-logs' else 'error'}").text
    assert f'<a href="/console/{page}">Show all</a>' in filtered


def test_work_that_has_ended_shows_its_end_and_no_step(cbr: ApiServer, browser: Browser):
    now = cbr.clock.now()
    log = cbr.log(resource_name="ended", status="success", step="snapshots", started_at=now, ended_at=now)
    running = cbr.log(resource_name="runs", status="running", step="snapshots", started_at=now)
    for page in ("/console/operation-logs", "/console"):
        rows = browser.get(page).text.split('<tr role="row">')
        (ended,) = [row for row in rows if f"/operation-logs/{log.id}" in row]
        (runs,) = [row for row in rows if f"/operation-logs/{running.id}" in row]
        assert "snapshots" not in ended
        assert ended.count("<time ") == 2
        assert "snapshots" in runs
    assert "snapshots" not in browser.get(f"/console/operation-logs/{log.id}").text


def test_work_that_runs_tells_how_much_of_the_disks_is_done(cbr: ApiServer, browser: Browser):
    told = {"bytes": {"done": 1 << 30, "total": 1500 << 30, "estimated": True}}
    log = cbr.log(resource_name="copies", status="running", step="wait", details=told)
    for page in ("/console/operation-logs", f"/console/operation-logs/{log.id}"):
        assert "</progress> 1 GiB of 1,500 GiB (estimated)" in browser.get(page).text


def test_sizes_are_in_one_unit_and_what_was_asked_for_is_not_told_as_made(cbr: ApiServer, browser: Browser):
    vault = cbr.vault(name="sized")
    backup = cbr.backup(vault, disks=1, incremental=True)
    pages = [
        f"/console/vaults/{vault.id}",
        "/console/vaults",
        f"/console/backups?vault_id={vault.id}",
        "/console",
    ]
    for page in pages:
        text = re.sub(r"<form.*?</form>", "", browser.get(page).text, flags=re.DOTALL)
        assert "GiB" in text
        assert not re.search(r"\d GB\b", text)
        assert "incremental" not in text
    assert backup.incremental
