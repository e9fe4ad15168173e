"""Undoing and confirming a restore from its page: asked about first, with the disks and what may be lost."""

import html
import re

import requests

from api.api_server import ApiServer
from api.protected_cloud import new_server, restored

from .browser import Browser


def told(answer: requests.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_restore_is_undone_from_its_log(cbr: ApiServer, browser: Browser):
    server = new_server(cbr, sizes=(1, 1))
    restore = restored(cbr, server)
    log, undo = f"/console/operation-logs/{restore.id}", f"/console/restores/{restore.id}/undo"
    assert f'href="{undo}">Undo the restore</a>' in browser.get(log).text
    asked = browser.get(undo)
    assert "2 disks are taken back to what they held before the restore." in told(asked)
    assert "What may have been written since to 2 of them is lost." in told(asked)
    assert all(volume in asked.text for volume in server["disks"])
    done = browser.post(undo, undo)
    assert done.status_code == 303, done.text
    job = done.headers["Location"].rpartition("/")[2]
    shown = browser.get(done.headers["Location"])
    assert f'href="{log}"' in shown.text
    assert f'href="/console/operation-logs/{job}">gone</a>' in browser.get(log).text
    again = browser.get(undo)
    assert "It is being undone ." in told(again)
    assert '<form method="post" action="/console/restores' not in again.text


def test_a_restore_is_confirmed_from_its_log(cbr: ApiServer, browser: Browser):
    restore = restored(cbr, new_server(cbr))
    log, confirm = f"/console/operation-logs/{restore.id}", f"/console/restores/{restore.id}/confirm"
    assert f'href="{confirm}"' in browser.get(log).text
    assert "it cannot be undone any more." in told(browser.get(confirm))
    done = browser.post(confirm, confirm)
    assert (done.status_code, done.headers["Location"]) == (303, log)
    assert "let go" in told(browser.get(log))
    assert "It was confirmed" in told(browser.get(confirm))


def test_what_stands_against_an_undoing_is_shown_instead_of_a_button(cbr: ApiServer, browser: Browser):
    server = new_server(cbr)
    restore = restored(cbr, server)
    undo = f"/console/restores/{restore.id}/undo"
    with cbr.cloud.backend.state.change():
        doc = cbr.cloud.backend.state.get("volume", server["disks"][0])
        cbr.cloud.backend.state.put("volume", doc | {"size": 3})
    page = browser.get(undo)
    assert "has grown from 1 to 3 GiB" in told(page)
    assert "Undo it</button>" not in page.text
    refused = browser.post(undo, f"/console/restores/{restore.id}/confirm")
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text


def test_no_restore_no_page(cbr: ApiServer, browser: Browser):
    assert browser.get(f"/console/restores/{cbr.log().id}/undo").status_code == 404
