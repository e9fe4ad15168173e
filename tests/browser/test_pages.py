"""The pages: readable by everybody, at any width, by keyboard, and text of a tenant stays text."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from api.api_server import ApiServer
from console.backup.recorded import HOSTILE
from opencbr.model.backup import Backup

from .conftest import enter, watched

pytestmark = pytest.mark.browser

PATHS = (
    "/console",
    "/console/vaults",
    "/console/backups",
    "/console/operation-logs",
    "/explorer",
    "/explorer/CreateVault",
    "/explorer/ShowMetadata",
    "/explorer/CreatePolicy",
)


def paths_of(backup: Backup) -> list[str]:
    return [*PATHS, f"/console/backups/{backup.id}", f"/console/vaults/{backup.vault_id}"]


def settled(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, cbr: ApiServer, backup: Backup, scheme: str):
    wrong: list[str] = []
    context = browser.new_context(base_url=cbr.url, color_scheme=scheme)
    page = watched(context, cbr, wrong)
    page.goto("/console/sign-in")
    found = {"/console/sign-in": serious(page)}
    enter(page, "demo-admin")
    for path in paths_of(backup):
        settled(page, path)
        found[path] = serious(page)
    context.close()
    assert {path: told for path, told in found.items() if told} == {}
    assert wrong == []


def serious(page: Page) -> list[str]:
    results = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in results
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]


def test_nothing_is_wider_than_a_phone(browser: Browser, cbr: ApiServer, backup: Backup, hostile: Backup):
    wrong: list[str] = []
    context = browser.new_context(base_url=cbr.url, viewport={"width": 400, "height": 800})
    page = enter(watched(context, cbr, wrong), "demo-admin")
    for path in [*paths_of(backup), f"/console/backups/{hostile.id}"]:
        settled(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, path
    context.close()
    assert wrong == []


def test_what_a_tenant_has_named_is_text(admin: Page, backup: Backup, hostile: Backup):
    """Canaries in each name, tag, description and metadata: no element, no attribute, no script comes of them."""
    for path in (*PATHS, f"/console/backups/{hostile.id}", f"/console/vaults/{hostile.vault_id}"):
        settled(admin, path)
        for details in admin.locator("details:not([open]) > summary").all():
            if details.is_visible():
                details.click()
        assert admin.evaluate("[...document.scripts].every(one => one.src.startsWith(location.origin))"), path
        assert (
            admin.locator("main script, main style, main iframe, main [onerror], main [onload]").count() == 0
        ), path
    settled(admin, f"/explorer/ShowMetadata?backup_id={hostile.id}")
    admin.get_by_role("button", name="Send").click()
    admin.wait_for_selector("#answer h2")
    assert admin.locator("#answer script").count() == 0
    assert "alert(" in admin.locator("#answer").text_content()
    assert HOSTILE.split(">")[0] in json.loads(admin.locator("#answer pre").last.text_content())["server"]


def test_everything_can_be_reached_by_keyboard(page: Page, cbr: ApiServer, backup: Backup):
    page.goto("/console")
    press_until(page, "Sign in as demo-admin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    press_until(page, "API explorer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explorer")
    press_until(page, "ShowMetadata")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explorer/ShowMetadata")
    page.wait_for_load_state("networkidle")
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
