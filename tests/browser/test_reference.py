"""The reference as it is served: from the list to an operation to a code, and one click from the explorer."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


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
