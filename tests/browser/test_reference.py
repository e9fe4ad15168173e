"""The reference as it is served: open to all, without a violation, read at any width, and one click from the explorer."""

import pytest
from playwright.sync_api import Browser, Page, expect

from api.api_server import ApiServer

from .conftest import watched
from .test_pages import serious

pytestmark = pytest.mark.browser

PAGES = ["", "/ListBackups", "/CreateVault", "/ShowMetadata", "/BackupService.6137", "/BackupService.2001"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anybody_reads_it_at_any_width(browser: Browser, cbr: ApiServer, scheme: str):
    wrong: list[str] = []
    context = browser.new_context(
        base_url=cbr.url, color_scheme=scheme, viewport={"width": 400, "height": 800}
    )
    page = watched(context, cbr, wrong)
    for path in PAGES:
        page.goto(f"/explorer/reference{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, path
        assert serious(page) == [], path
    context.close()
    assert wrong == []


def test_from_the_list_to_an_operation_to_a_code(page: Page):
    page.goto("/explorer/reference")
    page.get_by_role("link", name="ShowMetadata", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ShowMetadata")
    page.get_by_text("SDK for Python").click()
    expect(page.get_by_text("ShowMetadataRequest").first).to_be_visible()
    page.get_by_role("link", name="BackupService.6206").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()


def test_a_page_that_there_is_not_is_told(page: Page):
    answer = page.goto("/explorer/reference/%3Cb%3EShowNothing")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("main")).to_contain_text("has no page <b>ShowNothing")


def test_an_error_in_the_explorer_is_explained(member: Page):
    member.goto("/explorer/ShowVault")
    member.locator("[name='vault_id']").fill("00000000-0000-4000-8000-000000000000")
    member.get_by_role("button", name="Send").click()
    expect(member.locator("#answer")).to_contain_text("What to do")
    member.get_by_role("link", name="More about this code").click()
    expect(member.get_by_role("heading", level=1)).to_have_text("BackupService.6105")
