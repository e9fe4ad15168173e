"""Pages follow work while it runs, and stop: what has not changed is not sent again, and what is gone leads to its list."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from api.api_server import ApiServer
from opencbr.model.backup import Backup
from opencbr.model.vault import Vault
from opencbr.store import backups, operation_logs

from .browser import Browser

POLLED = re.compile(
    r"""<div id="live" hx-get="([^"]+)" hx-vals='\{"seen": "(\w+)"\}' hx-trigger="every 2s" """
)


class Work:
    """A backup that is being made, with its log."""

    def __init__(self, cbr: ApiServer) -> None:
        self.cbr = cbr
        self.vault: Vault = cbr.vault(name="followed")
        self.backup: Backup = cbr.backup(self.vault, status="protecting", disks=0)
        self.log = cbr.log(vault_id=self.vault.id, resource_id=self.backup.resource_id)

    def goes_on(self) -> None:
        with self.cbr.database.write() as conn:
            operation_logs.advance(conn, self.log.id, 57, "snapshots", now=self.cbr.clock.now())

    def ends(self) -> None:
        with self.cbr.database.write() as conn:
            assert backups.move(conn, self.backup.project_id, self.backup.id, "error")
            operation_logs.finish(conn, self.log.id, "failed", now=self.cbr.clock.now())


PAGES: dict[str, Callable[[Work], str]] = {
    "overview": lambda _: "/console",
    "vault": lambda work: f"/console/vaults/{work.vault.id}",
    "backup": lambda work: f"/console/backups/{work.backup.id}",
    "log": lambda work: f"/console/operation-logs/{work.log.id}",
    "backups": lambda work: f"/console/backups?vault_id={work.vault.id}&name={work.backup.name}",
    "logs": lambda work: f"/console/operation-logs?vault_id={work.vault.id}",
}


def again(browser: Browser, page: str) -> requests.Response:
    """Ask as the page does by itself."""
    found = POLLED.search(page)
    assert found, "the page does not follow its work"
    address = html.unescape(found[1])
    address += f"{'&' if '?' in address else '?'}seen={found[2]}"
    return browser.get(address, HX_Request="true")


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_follows_its_work_and_stops(cbr: ApiServer, browser: Browser, path: Callable[[Work], str]):
    work = Work(cbr)
    address = path(work)
    page = browser.get(address).text
    assert again(browser, page).status_code == 204, "nothing has changed"
    work.goes_on()
    part = again(browser, page)
    assert part.status_code in (200, 204)  # a list of backups has no progress to tell
    if part.status_code == 200:
        assert "<html" not in part.text
        assert again(browser, part.text).status_code == 204
    work.ends()
    last = again(browser, page)
    assert last.status_code == 200
    if address.startswith(f"/console/backups/{work.backup.id}"):
        assert last.headers["HX-Refresh"] == "true", "all of the backup can be shown now"
    else:
        assert '<div id="live">' in last.text
    assert not POLLED.search(browser.get(address).text)


@pytest.mark.parametrize("kind", ["vaults", "backups", "operation-logs"])
def test_what_was_followed_and_is_gone_leads_to_its_list(browser: Browser, kind: str):
    gone = f"/console/{kind}/00000000-0000-4000-8000-000000000000"
    assert browser.get(gone, HX_Request="true").headers["HX-Redirect"] == f"/console/{kind}"
    assert browser.get(gone).status_code == 404


def test_a_refusal_of_a_part_is_no_page_in_a_page(browser: Browser):
    answer = browser.get("/console/backups?limit=1&status=nonsense", HX_Request="true")
    assert answer.status_code == 400
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


def test_idle_pages_ask_nothing(cbr: ApiServer, browser: Browser):
    cbr.clock.ahead = timedelta(0)
    vault = cbr.vault(name="idle")
    done = cbr.backup(vault)
    for path in (f"/console/vaults/{vault.id}", f"/console/backups/{done.id}"):
        assert "every 2s" not in browser.get(path).text
