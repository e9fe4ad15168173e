"""What cannot be taken back is asked about first, and a restore's server and disk are chosen by their names."""

import re

import pytest

from .browser import Browser

ASKED_ABOUT = {"DeleteVault", "RemoveVaultResource", "DeleteBackup", "RestoreBackup"}


def test_what_cannot_be_taken_back_is_asked_about_first(browser: Browser):
    names = set(re.findall(r'href="/explorer/([A-Za-z]+)"', browser.get("/explorer").text))
    assert names >= ASKED_ABOUT
    forms = {name: browser.get(f"/explorer/{name}").text for name in names}
    assert {name for name, form in forms.items() if "hx-confirm=" in form} == ASKED_ABOUT
    assert "RestoreBackup writes over the disks as they are now. Send it?" in forms["RestoreBackup"]


@pytest.mark.parametrize(("field", "offered"), [("server_id", "server db1"), ("volume_id", "disk db1-data")])
def test_a_restore_s_target_is_chosen_by_its_name(browser: Browser, field: str, offered: str):
    assert f"/explorer/choices/{field}" in browser.get("/explorer/RestoreBackup").text
    assert offered in browser.get(f"/explorer/choices/{field}").text
