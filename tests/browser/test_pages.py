"""The pages: readable by everybody, at any width, by keyboard, and text of a tenant stays text."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from api.api_server import ApiServer
from console.backup.recorded import PLACES
from opencbr.model.backup import Backup
from opencbr.store import backups, operation_logs
from support.turns import has_its_turn

from .conftest import enter, watched
from .screens import SCREENS, Screen, Things

pytestmark = pytest.mark.browser


def walked(
    browser: Browser, cbr: ApiServer, things: Things, *, days: int = 1, **look: Any
) -> Iterator[tuple[Screen, Page]]:
    """Show every page in one browser with all of it opened, those for everybody first.

    What one does wrong fails the test at its end. Where pages take turns, each is shown on one of so many `days`.
    """
    wrong: list[str] = []
    context = browser.new_context(base_url=cbr.url, **look)
    context.set_default_timeout(20_000)
    page = watched(context, cbr, wrong)
    page.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
    for screen in sorted(SCREENS, key=lambda one: not one.is_open):
        if not has_its_turn(str(screen), days):
            continue
        if not screen.is_open and page.locator(".who").count() == 0:
            enter(page, "demo-admin")
        screen.show(page, things)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        yield screen, page
    context.close()
    assert wrong == []


def settled(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("scheme", "days"), [("light", 1), ("dark", 2)])
def test_axe_finds_nothing_serious(browser: Browser, cbr: ApiServer, things: Things, scheme: str, days: int):
    found = {
        str(screen): serious(page, scheme)
        for screen, page in walked(browser, cbr, things, days=days, color_scheme=scheme)
    }
    assert {screen: told for screen, told in found.items() if told} == {}


def serious(page: Page, scheme: str) -> list[str]:
    """List what axe finds; in the dark the colours alone are others, so that no more is asked."""
    options = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    results = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in results
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]


def test_nothing_is_wider_than_a_phone(browser: Browser, cbr: ApiServer, things: Things):
    """Nor has a list columns that are out of sight."""
    wide = {
        str(screen): page.evaluate(WIDEST)
        for screen, page in walked(browser, cbr, things, viewport={"width": 400, "height": 800})
    }
    assert {screen: width for screen, width in wide.items() if width > 400} == {}


WIDEST = """() => Math.max(document.documentElement.scrollWidth,
  ...[...document.querySelectorAll("table")].map(one => one.scrollWidth))"""


def test_what_a_tenant_has_named_is_text(browser: Browser, cbr: ApiServer, things: Things):
    """Canaries in each name, tag, description and metadata: no element, no attribute, no script comes of them."""
    found: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for screen, page in walked(browser, cbr, things):
        found[str(screen)] = page.evaluate(FOREIGN)
        text = page.locator("body").text_content() or ""
        seen |= {(place, screen.endpoint) for place in PLACES if f"[{place}]" in text}
    assert {screen: told for screen, told in found.items() if told} == {}
    assert SHOWN_ON.keys() <= PLACES
    shown_on = dict.fromkeys(PLACES, "backups.show") | SHOWN_ON
    wanted = {(place, endpoint) for place, endpoints in shown_on.items() for endpoint in endpoints.split()}
    assert "restore_plans.show" in {endpoint for _, endpoint in seen}
    assert sorted(wanted - seen) == [], "a page that shows these shows no canary: what was it asked?"


SHOWN_ON = {
    "vault.name": "vaults.index vaults.show explorer.choose",
    "vault.description": "vaults.show",
    "vault.tag name": "vaults.show",
    "vault.tag value": "vaults.show",
    "backup.name": "overview.show vaults.show backups.index backups.show",
    "backup.description": "backups.show",
    "log.vault": "operation_logs.show",
    "log.resource": "overview.show operation_logs.index operation_logs.show",
    "log.backup": "operation_logs.show",
    "log.error": "operation_logs.show",
    "log.detail name": "operation_logs.show",
    "log.detail value": "operation_logs.show",
    "log.step": "operation_logs.index",
    "server.name": "backups.index backups.show explorer.send",
}
"""Field -> the pages that show it; what else the record has of the cloud is shown by the backup's page."""


FOREIGN = """() => [...document.querySelectorAll(
    ".canary, iframe, object, embed, base, main img, main script, main style, [style], a[href^='javascript:' i],"
    + "form:not([action^='/']), svg:not(.topology):not(.topology *)"
  )].concat([...document.querySelectorAll("*")].filter(one => one.getAttributeNames().some(name => name.startsWith("on"))))
  .concat([...document.scripts].filter(one => !one.src.startsWith(location.origin)))
  .concat([...document.querySelectorAll("a[href]")].filter(one => new URL(one.href).origin !== location.origin))
  .map(one => one.outerHTML.slice(0, 120))"""
"""Elements and attributes that are none of ours."""


def test_every_page_is_worked_by_keyboard(browser: Browser, cbr: ApiServer, things: Things):
    """Tab comes to all that can be worked, shows where it is, and goes on."""
    found = {str(screen): missed(page) for screen, page in walked(browser, cbr, things, days=2)}
    assert {screen: told for screen, told in found.items() if told} == {}


def missed(page: Page) -> list[str]:
    """List what can be worked and Tab never comes to, or nobody sees that it has come to."""
    wanted = page.evaluate(MARKED)
    for _ in range(2 * len(wanted) + 40):
        page.keyboard.press("Tab")
        if page.evaluate("reached.size >= wanted"):
            break
    hidden, reached = page.evaluate("[hidden, [...reached]]")
    return [f"nobody sees that it has the focus: {told}" for told in hidden] + [
        f"Tab never comes to {told}" for mark, told in wanted.items() if mark not in reached
    ]


MARKED = """() => {
  const workable = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
  )].filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled
      && !(one.type === "radio" && !one.checked));
  workable.forEach((one, number) => { one.dataset.mark = `m${number}`; });
  Object.assign(window, { reached: new Set(), hidden: [], wanted: workable.length });
  document.activeElement?.blur();
  document.addEventListener("focusin", ({ target }) => {
    if (!target.dataset.mark) return;
    reached.add(target.dataset.mark);
    if (getComputedStyle(target).outlineStyle === "none") hidden.push(target.outerHTML.slice(0, 120));
  });
  return Object.fromEntries(workable.map(one => [one.dataset.mark, one.outerHTML.slice(0, 120)]));
}"""
"""Mark what can be worked (of a group of radio buttons, the one that Tab comes to), and note what has had the focus."""


def test_a_request_is_sent_by_keyboard_alone(page: Page, cbr: ApiServer, backup: Backup):
    page.goto("/console")
    press_until(page, "Sign in as demo-admin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console", wait_until="networkidle")
    press_until(page, "API explorer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explorer", wait_until="networkidle")
    press_until(page, "ShowMetadata")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explorer/ShowMetadata", wait_until="networkidle")
    press_until(page, "backup_id", attribute="name")
    page.keyboard.type(backup.id)
    press_until(page, "Send")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_contain_text("200")


def press_until(page: Page, wanted: str, attribute: str = "") -> None:
    for _ in range(150):
        page.keyboard.press("Tab")
        look = f"document.activeElement.{attribute}" if attribute else "document.activeElement.innerText"
        told = page.evaluate(look) or ""
        if wanted == told or (not attribute and wanted in told.split("\n")[0]):
            visible = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert visible != "none", f"nobody sees that {wanted} has the focus"
            return
    raise AssertionError(f"Tab never came to {wanted}")


def test_a_backup_that_is_being_made_is_followed_to_its_end(admin: Page, cbr: ApiServer):
    vault = cbr.vault(name="followed")
    backup = cbr.backup(vault, status="protecting", disks=0)
    log = cbr.log(vault_id=vault.id, resource_id=backup.resource_id, progress=30)
    settled(admin, f"/console/backups/{backup.id}")
    expect(admin.locator("#live")).to_contain_text("protecting")
    with cbr.database.write() as conn:
        operation_logs.advance(conn, log.id, 57, "snapshots", now=cbr.clock.now())
    expect(admin.locator("#live progress")).to_have_attribute("value", "57")
    with cbr.database.write() as conn:
        assert backups.move(conn, backup.project_id, backup.id, "error")
    expect(admin.locator("main")).to_contain_text("This backup failed before its record was written")
    assert admin.locator("#live[hx-get]").count() == 0


def test_times_are_the_viewer_s_with_utc_on_hover(browser: Browser, cbr: ApiServer, backup: Backup):
    wrong: list[str] = []
    context = browser.new_context(base_url=cbr.url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = enter(watched(context, cbr, wrong), "demo-admin")
    settled(page, "/console/backups")
    time = page.locator("tbody time").first
    utc, shown = time.get_attribute("title"), time.text_content()
    context.close()
    assert utc.endswith(" UTC")
    hour = (int(utc[11:13]) + 9) % 24
    assert f"{hour:02}:{utc[14:16]}" in shown
    assert wrong == []


def test_a_list_that_is_empty_says_what_to_do(browser: Browser, cbr: ApiServer):
    context = browser.new_context(base_url=cbr.url)
    page = enter(watched(context, cbr, []), "demo-admin")
    settled(page, "/console/backups?name=nothing-has-this-name")
    expect(page.locator("main")).to_contain_text("No backup fits these filters.")
    context.close()


def test_long_lists_go_on_by_marker(admin: Page, cbr: ApiServer):
    vault = cbr.vault(name="many")
    made = [cbr.backup(vault, disks=0, name=f"many-{number:02}") for number in range(30)]
    settled(admin, f"/console/backups?vault_id={vault.id}")
    expect(admin.locator("tbody tr")).to_have_count(25)
    first = admin.locator("tbody a").all_text_contents()
    admin.get_by_role("link", name="Next page").click()
    expect(admin.locator("tbody tr")).to_have_count(5)
    assert sorted([*first, *admin.locator("tbody a").all_text_contents()]) == sorted(one.name for one in made)
    assert admin.get_by_role("link", name="Next page").count() == 0
