"""Values that are not for everybody: marked because the service knows them, revealed to whoever may, each named in the log."""

import html
import json
import logging
import re
from collections.abc import Iterator

import pytest

from api.api_server import ApiServer
from api.protected_cloud import masked_place
from opencbr.console.backup.sealed_fields import sealed_places
from opencbr.console.explorer.answer import documents_of
from opencbr.democloud.seed.servers import make_disk, make_server
from opencbr.model.backup import Backup
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS

from .backup.recorded import rich_server
from .browser import Browser

LOOKS = "(masked secret 0123456789abcdef)"


@pytest.fixture(scope="module", name="cbr")
def _cbr(tmp_path_factory, databases) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("sealed")
    with rich_server(folder, databases, one_click=("demo", "demo-admin")) as cbr:
        backend, owner = cbr.cloud.backend, cbr.cloud.account("demo")
        with backend.state.change():
            disks = [make_disk(backend, owner, "looks", 1, boot=True)]
            server = make_server(
                backend,
                owner,
                "looks",
                image=None,
                disks=disks,
                metadata={"note": LOOKS, "db_password": "hush"},
            )
            backend.state.put("server", server)
        yield cbr


@pytest.fixture(scope="module", name="backup")
def _backup(cbr: ApiServer) -> Backup:
    return cbr.protected("looks")


def entered(cbr: ApiServer, user: str) -> Browser:
    browser = Browser(cbr.url)
    assert browser.sign_in("one-click", user=user).status_code == 303
    return browser


def audited(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.name == "opencbr.audit"]


@pytest.mark.parametrize(
    ("user", "mark"), [("demo", "masked"), ("demo-admin", SECRETS)], ids=["masked", "in clear"]
)
def test_marks_come_from_what_the_service_knows(cbr: ApiServer, backup: Backup, user: str, mark: str):
    report = cbr.call("GET", f"backups/{backup.id}/record/report").json()
    metadata = cbr.call("GET", f"backups/{backup.id}/metadata", account=user).content
    opened = {one.name: one for one in documents_of(metadata, sealed_places(report))}
    server = opened["server"]
    metadata_of = server.value["server"]["metadata"]
    assert metadata_of["note"] == LOOKS
    assert server.marks["server", "metadata", "db_password"] == mark
    assert ("server", "metadata", "note") not in server.marks
    assert server.marks["server", "OS-EXT-SRV-ATTR:host"] == ("masked" if user == "demo" else INFRASTRUCTURE)
    assert sum(len(one.marks) for one in opened.values()) == sum(
        len(places) for name, places in sealed_places(report).items() if name in told(opened)
    )


def told(opened: dict) -> set[str]:
    """Names of the record's documents that ShowMetadata has."""
    found = {"server", "interface", "flavor"}
    for name, one in opened.items():
        kind = name.partition("[")[0].removesuffix("s")
        if kind in ("volume", "port"):
            found.add(f"{kind}/{one.value[kind]['id']}")
    return found


@pytest.mark.parametrize(("user", "is_masked"), [("demo", True), ("demo-admin", False)])
def test_the_explorer_shows_the_marks_and_reads_once(cbr: ApiServer, backup: Backup, user, is_masked, caplog):
    browser, form = entered(cbr, user), "/explorer/ShowMetadata"
    with caplog.at_level(logging.INFO, logger="opencbr.audit"):
        page = browser.post(f"{form}/send", form, backup_id=backup.id).text
    assert len(audited(caplog)) == (0 if is_masked else 1)
    marked = [html.unescape(one) for one in re.findall(r'class="masked">([^<]*)<', page)]
    assert (len(marked) > 2) is is_masked
    assert f'"{LOOKS}"' not in marked
    assert LOOKS in html.unescape(page)
    assert (page.count('class="sealed"') > 2) is not is_masked


def revealing(browser: Browser, backup: Backup, place: tuple[str, int], **headers: str):
    page = f"/console/backups/{backup.id}"
    token = browser.token_of_form(page)
    data = {"csrf_token": token, "document": place[0], "offset": str(place[1])}
    return browser.session.post(
        f"{browser.url}{page}/revealed", data=data, headers=headers, allow_redirects=False, timeout=60
    )


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["a page", "a part of one"])
@pytest.mark.parametrize("kind", [SECRETS, INFRASTRUCTURE])
def test_without_the_right_nothing_is_revealed(cbr: ApiServer, backup: Backup, kind, headers, caplog):
    browser = entered(cbr, "demo")
    with caplog.at_level(logging.INFO, logger="opencbr.audit"):
        answer = revealing(browser, backup, masked_place(cbr, backup, kind), **headers)
    assert answer.status_code == 403
    assert f"cbr:backups:getMetadata{kind.capitalize()}" in answer.text
    assert audited(caplog) == []


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["a page", "a part of one"])
@pytest.mark.parametrize("kind", [SECRETS, INFRASTRUCTURE])
def test_what_is_revealed_is_named_in_the_log_as_what_it_is(
    cbr: ApiServer, backup: Backup, kind, headers, caplog
):
    browser = entered(cbr, "demo-admin")
    document, offset = masked_place(cbr, backup, kind)
    page = browser.get(f"/console/backups/{backup.id}").text
    offered = re.search(
        rf'name="document" value="{document}"><input type="hidden" name="offset" value="{offset}">'
        r'<button class="quiet" aria-label="Reveal ([^"]*)"',
        page,
    )
    assert offered, "the page offers it by its path"
    with caplog.at_level(logging.INFO, logger="opencbr.audit"):
        answer = revealing(browser, backup, (document, offset), **headers)
    assert answer.status_code == 200
    (line,) = audited(caplog)
    assert line.startswith(f"{kind} read: {document} {offered[1]} of backup {backup.id} by user ")
    path = f"backups/{backup.id}/record/value?document={document}&offset={offset}"
    value = json.loads(cbr.call("GET", path, account="demo-admin").json()["value"])
    assert f'<code class="value">{html.escape(value)}</code>' in answer.text
    assert ("<html" in answer.text) is not bool(headers)
    assert value not in line
