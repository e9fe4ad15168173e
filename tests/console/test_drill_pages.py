"""Drills as pages: asked for from a backup, followed, and kept as history; a backup that was tested says so."""

import html
import re

import requests

from api.api_server import ApiServer
from opencbr.model.drill import COMMAND, DISK, PASSED, Finding
from opencbr.model.extend_info import RESTORE_TESTED
from opencbr.store import backups, drills

from .browser import Browser


def told(answer: requests.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def asked(browser: Browser, backup_id: str) -> str:
    page = f"/console/drills?backup_id={backup_id}"
    answer = browser.post("/console/drills", page, backup_id=backup_id)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_the_way_from_a_backup_to_a_verdict(cbr: ApiServer, browser: Browser):
    backup = cbr.protected()
    page = f"/console/backups/{backup.id}"
    assert f'href="/console/drills?backup_id={backup.id}">Drills</a>' in browser.get(page).text
    assert "restore-tested" not in browser.get(page).text
    assert "Try it now" in browser.get(f"/console/drills?backup_id={backup.id}").text
    drill = asked(browser, backup.id)
    shown = browser.get(drill)
    assert 'hx-trigger="every 2s"' in shown.text
    assert "under way" in told(shown)
    # It is busy now, and there is nothing to try.
    listed = browser.get(f"/console/drills?backup_id={backup.id}")
    assert "Try it now" not in listed.text
    assert f'href="{drill}"' in listed.text

    drill_id, now = drill.rpartition("/")[2], cbr.clock.now()
    found = [
        Finding(kind=DISK, name="db1-root", held=True, said="1 GiB, /dev/vda"),
        Finding(kind=COMMAND, name="orders <b>", held=True, said="exit code 0: 7 & more"),
    ]
    with cbr.database.write() as conn:
        drills.begin(conn, drill_id, now=now)
        drills.find(conn, drill_id, found)
        drills.recovered(conn, drill_id, now=now)
        assert drills.end(conn, drill_id, PASSED, "booted, all checks held", now=now)
        backups.set_info(
            conn, backup.project_id, backup.id, RESTORE_TESTED, {"drill_id": drill_id}, updated_at=now
        )
    shown = browser.get(drill)
    assert "hx-trigger" not in shown.text
    words = told(shown)
    assert "passed Why booted, all checks held Recovery took 0.0 s" in words
    assert "command Name orders <b> As it should be yes Seen exit code 0: 7 & more" in words
    assert "orders <b>" not in shown.text
    for where in (page, f"/console/backups?resource_name={backup.resource_name}"):
        assert f'href="{drill}">restore-tested</a>' in browser.get(where).text


def test_a_drill_that_is_refused_is_told(cbr: ApiServer, browser: Browser):
    backup = cbr.backup(cbr.vault())
    page = f"/console/drills?backup_id={backup.id}"
    with cbr.database.write() as conn:
        assert backups.move(conn, backup.project_id, backup.id, "restoring")
    answer = browser.post("/console/drills", page, backup_id=backup.id)
    assert answer.status_code == 400
    assert "wait for that restore to end" in told(answer)


def test_another_project_s_drill_is_nowhere(cbr: ApiServer, browser: Browser):
    backup = cbr.backup(cbr.vault("other"))
    made = cbr.call("POST", "drills", {"drill": {"backup_id": backup.id}}, account="other").json()["drill"]
    assert browser.get(f"/console/drills/{made['id']}").status_code == 404
    assert made["id"] not in browser.get("/console/drills").text
    assert "Try it now" not in browser.get(f"/console/drills?backup_id={backup.id}").text
