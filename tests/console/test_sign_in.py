"""Signing in to the console by real HTTP: each way, good and bad, and what keeps a session safe and short."""

import base64
import re
import secrets
import select
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Event, Semaphore
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy.exc import OperationalError

from api.api_server import ApiServer, open_server
from opencbr.cloud.user_sign_in import UserSignIn
from opencbr.console.application import BUSY, create_console
from opencbr.console.console import Console
from opencbr.console.sign_in.pages import AWAY, BOUND, NOT_ENTERED, REFUSED, TOO_MANY
from opencbr.democloud import DemoCloud, Timing
from opencbr.keys.master_key import open_master_key
from opencbr.keys.session_seal import SessionSeal
from opencbr.store.database import Database
from support.databases import SQLITE, Databases

from .browser import Browser, message
from .person import Person, passcode


@pytest.fixture(scope="module", name="cbr")
def _cbr(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("sign-in")
    with (
        DemoCloud(folder / "cloud", timing=Timing.instant()) as cloud,
        databases.fresh(SQLITE, folder) as url,
    ):
        with open_server(folder, cloud, url, one_click=("demo",)) as cbr:
            yield cbr
        assert cloud.errors == []


@pytest.fixture(name="browser")
def _browser(cbr: ApiServer) -> Iterator[Browser]:
    yield Browser(cbr.url)
    cbr.clock.ahead = timedelta(0)
    cbr.cloud.faults.clear()


@pytest.fixture(name="person")
def _person(cbr: ApiServer, browser: Browser) -> Iterator[Person]:
    person = Person(cbr, "", f"person-{secrets.token_hex(4)}")
    body = {"user": {"name": person.name, "password": person.password, "domain_id": "default"}}
    person.id = person.ask("POST", "/users", body).json()["user"]["id"]
    person.join(cbr.project())
    yield person
    cbr.cloud.faults.clear()
    person.ask("DELETE", f"/users/{person.id}")


def _given(person: Person, way: str) -> dict[str, str]:
    """What the form of a way is filled with."""
    if way == "password":
        return {"user": person.name, "password": person.password}
    if way == "application-credential":
        made = person.application_credential()
        return {"credential_id": made["id"], "secret": made["secret"]}
    if way == "access-key":
        access, secret = person.access_key()
        return {"access": access, "secret": secret}
    return {"token": person.token(person.scope if way == "token" else "unscoped")}


_WAYS = ["password", "application-credential", "token", "unscoped token", "access-key"]


@pytest.mark.parametrize("way", _WAYS)
def test_each_way_leads_to_the_page_that_was_asked_for(person: Person, browser: Browser, way: str):
    wanted = browser.get("/console/vaults?limit=2")
    assert wanted.status_code == 303
    form = browser.get(wanted.headers["Location"])
    named = re.search(r'name="next" value="([^"]*)"', form.text)
    assert named
    answer = browser.sign_in(way.rpartition(" ")[2], **_given(person, way), next=named[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/vaults?limit=2")
    page = browser.get("/console/vaults?limit=2")
    assert page.status_code == 200
    assert person.name in page.text


@pytest.mark.parametrize("way", _WAYS)
def test_what_is_wrong_is_refused_in_one_sentence(person: Person, browser: Browser, way: str):
    wrong = {name: f"{value}x" for name, value in _given(person, way).items()}
    right = _given(Person(person.cbr, person.id, person.name), way) if way == "password" else {}
    last = list(wrong)[-1]
    answers = [browser.sign_in(way.rpartition(" ")[2], **wrong)]
    if right:
        answers.append(browser.sign_in(way, **(right | {last: "wrong"})))
    answers.append(browser.sign_in(way.rpartition(" ")[2]))
    for answer in answers:
        assert (answer.status_code, message(answer)) == (401, REFUSED)
        assert "Cache-Control" in answer.headers
    assert not browser.is_in()


def test_a_disabled_user_is_refused_in_the_same_sentence_and_signed_out(person: Person, browser: Browser):
    person.sign_in(browser)
    assert browser.is_in()
    person.ask("PATCH", f"/users/{person.id}", {"user": {"enabled": False}})
    answer = person.sign_in(Browser(person.cbr.url))
    assert (answer.status_code, message(answer)) == (401, REFUSED)
    person.cbr.clock.ahead = timedelta(seconds=61)
    assert not browser.is_in()
    assert browser.is_told_of_the_end()


def test_a_second_factor(person: Person, browser: Browser):
    person.want_a_passcode()
    first = person.sign_in(browser)
    assert first.status_code == 200
    assert "One-time password" in first.text
    assert not browser.is_in()
    wrong = browser.sign_in("passcode", passcode="wrong")
    assert (wrong.status_code, message(wrong)) == (401, REFUSED)
    assert "One-time password" in wrong.text
    assert (
        browser.sign_in("passcode", passcode=passcode(), next="/explorer").headers["Location"] == "/explorer"
    )
    assert browser.is_in()


def test_a_passcode_without_a_password_leads_to_the_form(browser: Browser):
    answer = browser.sign_in("passcode", passcode="123456")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")


def test_the_project_is_chosen_and_changed(person: Person, browser: Browser):
    person.join(person.cbr.project("other"))
    answer = person.sign_in(browser, next="/console/vaults")
    assert answer.headers["Location"] == "/console/projects?next=/console/vaults"
    assert not browser.is_in()
    chosen = browser.post(
        "/console/projects",
        "/console/projects",
        project_id=person.cbr.project("other"),
        next="/console/vaults",
    )
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/console/vaults")
    assert "<strong>other</strong>" in browser.get("/console").text
    assert [doc.get("project", {}).get("name") for doc in person.tokens()] == ["other"]
    browser.post("/console/projects", "/console/projects", project_id=person.cbr.project())
    assert "<strong>demo</strong>" in browser.get("/console").text
    assert [doc.get("project", {}).get("name") for doc in person.tokens()] == ["demo"]
    foreign = browser.post("/console/projects", "/console/projects", project_id=person.cbr.project("admin"))
    assert (foreign.status_code, message(foreign)) == (401, NOT_ENTERED)
    assert browser.is_in()


@pytest.mark.parametrize("way", ["application-credential", "access-key"])
def test_what_opens_one_project_changes_to_no_other(person: Person, browser: Browser, way: str):
    person.join(person.cbr.project("other"))
    assert browser.sign_in(way, **_given(person, way)).status_code == 303
    assert "Change project" not in browser.get("/console").text
    assert message(browser.get("/console/projects")) == BOUND
    asked = browser.post("/console/projects", "/console", project_id=person.cbr.project("other"))
    assert (asked.status_code, message(asked)) == (409, BOUND)
    assert browser.is_in()


def test_signing_out_ends_what_was_made_here_and_nothing_else(person: Person, browser: Browser):
    person.sign_in(browser)
    assert len(person.tokens()) == 1
    assert browser.post("/console/sign-out", "/console").headers["Location"] == "/console/sign-in"
    assert person.tokens() == []
    assert not browser.is_in()
    for scope in (person.scope, "unscoped"):
        token = person.token(scope)
        browser.sign_in("token", token=token)
        assert browser.is_in()
        browser.post("/console/sign-out", "/console")
        assert person.works(token)
        assert len(person.tokens()) == (1 if scope == person.scope else 2)


@pytest.fixture(name="other_server")
def _other_server(cbr: ApiServer, tmp_path: Path) -> Iterator[str]:
    """Another process of the installation: the same database, the same keys."""
    shutil.copytree(cbr.folder / "keys", tmp_path / "keys")
    with open_server(tmp_path, cbr.cloud, cbr.database.url, one_click=()) as other:
        yield other.url


@pytest.mark.parametrize("way", _WAYS)
def test_a_copied_cookie_opens_nothing_after_signing_out(
    person: Person, browser: Browser, other_server: str, way: str
):
    if way == "password":
        person.join(
            person.cbr.project("other")
        )  # a project is to be chosen: the session holds an unscoped token
    given = _given(person, way)
    assert browser.sign_in(way.rpartition(" ")[2], **given).status_code == 303
    page = "/console/projects" if way == "password" else "/console"
    copies = [_with_cookie_of(browser, url) for url in (browser.url, other_server)]
    assert [copy.get(page).status_code for copy in copies] == [200, 200]
    browser.post("/console/sign-out", page)
    for copy in copies:
        assert copy.get(page).status_code in (302, 303)
        assert copy.is_told_of_the_end()
        assert not _with_cookie_of(copy, copy.url).is_in()
    assert browser.sign_in(way.rpartition(" ")[2], **given).status_code == 303
    assert browser.get(page).status_code == 200


def _with_cookie_of(browser: Browser, url: str) -> Browser:
    copy = Browser(url)
    copy.session.cookies.set("opencbr", browser.cookie, domain="127.0.0.1", path="/")
    return copy


def test_a_cookie_from_before_another_sign_in_opens_nothing(person: Person, browser: Browser):
    browser.sign_in("token", token=person.token(person.scope))
    copy = _with_cookie_of(browser, browser.url)
    assert copy.is_in()
    person.sign_in(browser)
    assert browser.is_in()
    assert not copy.is_in()


def test_nobody_is_signed_out_while_the_database_is_away(
    person: Person, browser: Browser, cbr: ApiServer, monkeypatch: pytest.MonkeyPatch
):
    browser.sign_in("access-key", **_given(person, "access-key"))
    form = browser.token_of_form("/console")

    def away(_database: Database) -> Any:
        raise OperationalError("", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(Database, "read", away)
        patched.setattr(Database, "write", away)
        asked = browser.session.post(
            cbr.url + "/console/sign-out", data={"csrf_token": form}, allow_redirects=False, timeout=60
        )
        assert (asked.status_code, message(asked)) == (503, BUSY)
        assert browser.get("/console").status_code == 503
    assert browser.is_in()


def test_a_sign_in_takes_the_place_of_the_one_before(person: Person, browser: Browser):
    person.sign_in(browser)
    first = person.tokens()
    person.sign_in(browser)
    second = person.tokens()
    assert len(first) == len(second) == 1
    assert first != second


def test_a_session_that_was_planted_is_not_the_one_after_signing_in(person: Person, browser: Browser):
    attacker = Browser(person.cbr.url)
    planted_form = attacker.token_of_form()
    browser.session.cookies.set("opencbr", attacker.cookie, domain="127.0.0.1", path="/")
    person.sign_in(browser)
    assert browser.is_in()
    assert browser.cookie != attacker.cookie
    assert not attacker.is_in()
    forged = browser.session.post(
        person.cbr.url + "/console/sign-out", data={"csrf_token": planted_form}, timeout=60
    )
    assert forged.status_code == 403
    assert browser.is_in()


def test_no_script_and_no_other_site_gets_the_cookie(person: Person, browser: Browser):
    answer = person.sign_in(browser)
    header = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
    kept = base64.urlsafe_b64decode(browser.cookie)
    for secret in (person.name, person.password, "gAAAA"):
        assert secret.encode() not in kept
    page = browser.get("/console")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


class Plain:
    form_key = b"k" * 32

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, sealed: bytes) -> bytes:
        return sealed


def test_over_tls_the_cookie_is_this_host_s_alone():
    app = create_console(_console("https://backup.example.org"), Plain())
    header = (
        app.test_client().get("/console/sign-in", base_url="https://backup.example.org").headers["Set-Cookie"]
    )
    assert header.startswith("__Host-opencbr=")
    assert "Secure" in header
    assert "Domain" not in header


def _console(endpoint: str = "") -> Console:
    nothing: Any = None
    from opencbr.clock import SystemClock

    return Console(
        ask=nothing,
        check=nothing,
        allows=nothing,
        document={"paths": {}},
        keystone=nothing,
        sessions=nothing,
        clock=SystemClock(),
        endpoint=endpoint,
    )


def address(rule: str, name: str) -> str:
    """Fill in the parts of a page's address: the first word where it takes a few, else a name."""
    return re.sub("<[^>]*>", name, re.sub(r"<any\((\w+)[^>]*>", r"\1", rule))


OPEN = {
    "sign_in.form",
    "sign_in.sign_in",
    "sign_in.projects",
    "sign_in.choose",
    "sign_in.sign_out",
    "assets",
} | {
    "reference.index",
    "reference.page",
}
"""Views for those who are not signed in, or not on a project yet."""
CLOSED = [
    f"{method} {address(rule.rule, name)}"
    for rule in create_console(_console(), Plain()).url_map.iter_rules()
    if rule.endpoint not in OPEN
    for method in rule.methods & {"GET", "POST"}
    for name in (("ListVault", "CopyBackup", "Nothing") if rule.endpoint.startswith("explorer") else ("x",))
]
"""All other pages, of operations that are offered, that are not and that there are not."""


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://example.org", "//example.org", "/\\example.org", "\\\\example.org", "/console\\..\\x"),
        *("/consolation", "/console.example.org", "/console@example.org", "console", "javascript:alert(1)"),
        *("/console/\r\nSet-Cookie: a=b", "/console/\t", "/console/文", "/v3", "", " /console/vaults"),
        "/console/" + "x" * 5000,
    ],
)
def test_nothing_leads_elsewhere(person: Person, browser: Browser, wanted: str):
    answer = person.sign_in(browser, next=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    assert "Set-Cookie: a" not in str(answer.headers)


def test_every_change_wants_the_token_of_its_form(person: Person, browser: Browser, cbr: ApiServer):
    person.sign_in(browser)
    foreign = Browser(cbr.url).token_of_form()
    seal = SessionSeal(open_master_key(cbr.database, cbr.folder / "keys"))
    rules = [
        rule
        for rule in create_console(_console(), seal).url_map.iter_rules()
        if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
    ]
    assert len(rules) >= 4
    for rule in rules:
        path = address(rule.rule, "x")
        for data in ({}, {"csrf_token": foreign}, {"csrf_token": "x"}):
            answer = browser.session.post(cbr.url + path, data=data, allow_redirects=False, timeout=60)
            assert answer.status_code == 403, rule
    assert browser.is_in()


@pytest.mark.parametrize("cookie", ["x", "", "AAAA", "é", "x" * 3000])
def test_a_cookie_that_is_none_of_ours_is_nobody(browser: Browser, cookie: str):
    browser.session.headers["Cookie"] = f"opencbr={cookie}".encode()
    assert browser.get("/console").status_code == 303
    assert browser.get("/console/sign-in").status_code == 200


def _pasted(cbr: ApiServer, browser: Browser, token: str, name: str) -> requests.Response:
    end = (cbr.clock.now() + timedelta(hours=1)).isoformat()
    body = (
        f'{{"token": {{"user": {{"id": "1", "name": "{name}"}}, "expires_at": "{end}",'
        f' "project": {{"id": "{"p" * 32}", "name": "{"n" * 64}", "domain": {{"id": "default"}}}}}}}}'
    )
    cbr.cloud.faults.inject(service="identity", method="GET", path="/auth/tokens", status=200, body=body)
    return browser.sign_in("token", token=token)


def test_a_session_fits_into_a_cookie_or_is_not_begun(cbr: ApiServer, browser: Browser):
    fits = _pasted(cbr, browser, "t" * 2300, "u" * 64)
    assert fits.status_code == 303
    browser.get("/console/sign-in")  # the token of a form is kept too
    assert len("opencbr" + browser.cookie) <= 4096
    too_long = _pasted(cbr, browser, "t" * 2900, "u" * 64)
    assert too_long.status_code == 400
    assert "too long" in message(too_long)
    assert not browser.is_in()


def test_a_session_nobody_uses_ends(person: Person, browser: Browser):
    person.sign_in(browser)
    for minutes in (29, 58):
        person.cbr.clock.ahead = timedelta(minutes=minutes)
        assert browser.is_in()
    person.cbr.clock.ahead = timedelta(minutes=58 + 31)
    assert not browser.is_in()
    assert browser.is_told_of_the_end()
    assert not browser.is_told_of_the_end()


def test_a_page_that_looks_by_itself_keeps_no_session_alive(person: Person, browser: Browser):
    person.sign_in(browser)
    for minutes in (10, 20, 29):
        person.cbr.clock.ahead = timedelta(minutes=minutes)
        assert browser.get("/console/operation-logs", HX_Request="true").status_code == 200
    person.cbr.clock.ahead = timedelta(minutes=31)
    answer = browser.get("/console/operation-logs", HX_Request="true")
    assert answer.headers["HX-Redirect"].startswith("/console/sign-in")


def test_what_is_kept_between_two_steps_ends_too(person: Person, browser: Browser):
    person.join(person.cbr.project("other"))
    person.sign_in(browser)
    assert browser.get("/console/projects").status_code == 200
    person.cbr.clock.ahead = timedelta(minutes=31)
    assert browser.get("/console/projects").headers["Location"] == "/console/sign-in"


def test_a_session_that_is_used_ends_after_twelve_hours(person: Person, browser: Browser):
    access, secret = person.access_key()
    browser.sign_in("access-key", access=access, secret=secret)
    for minutes in range(25, 12 * 60, 25):
        person.cbr.clock.ahead = timedelta(minutes=minutes)
        assert browser.is_in()
    person.cbr.clock.ahead = timedelta(hours=12)
    assert not browser.is_in()


def test_a_session_ends_with_its_token(person: Person, browser: Browser):
    person.sign_in(browser)
    for minutes in range(25, 4 * 60, 25):
        person.cbr.clock.ahead = timedelta(minutes=minutes)
        assert browser.is_in()
    person.cbr.clock.ahead = timedelta(hours=4)
    assert not browser.is_in()


@pytest.mark.parametrize("way", ["token", "access-key"])
def test_a_withdrawn_credential_ends_the_session_within_a_minute_on_every_page(
    person: Person, browser: Browser, way: str
):
    given = _given(person, way)
    browser.sign_in(way, **given)
    form, cookie = browser.token_of_form("/explorer/ListVault"), browser.cookie
    assert _is_shown(browser, cookie, form) == dict.fromkeys(CLOSED, True)
    if way == "token":
        headers = {"X-Auth-Token": given["token"], "X-Subject-Token": given["token"]}
        requests.delete(f"{person.cbr.cloud.auth_url}/auth/tokens", headers=headers, timeout=60)
    else:
        person.ask("DELETE", f"/users/{person.id}/credentials/OS-EC2/{given['access']}")
    person.cbr.clock.ahead = timedelta(seconds=61)
    assert _is_shown(browser, cookie, form) == dict.fromkeys(CLOSED, False)
    assert browser.is_told_of_the_end()


def test_who_is_not_signed_in_sees_no_page(browser: Browser):
    form = browser.token_of_form()
    assert _is_shown(browser, browser.cookie, form) == dict.fromkeys(CLOSED, False)


def _is_shown(browser: Browser, cookie: str, form: str) -> dict[str, bool]:
    """Say of each page whether it is shown, be it that what it is about is not there, or leads to the sign-in."""
    found = {}
    for page in CLOSED:
        method, path = page.split()
        browser.session.cookies.set("opencbr", cookie, domain="127.0.0.1", path="/")
        answer = browser.session.request(
            method, browser.url + path, data={"csrf_token": form}, allow_redirects=False, timeout=60
        )
        found[page] = answer.status_code != 303
        assert found[page] or answer.headers["Location"].startswith("/console/sign-in"), page
    return found


def test_too_many_failures_of_a_user_are_told_at_once(person: Person, browser: Browser):
    spellings = (person.name, person.name.upper(), f" {person.name}")
    for number in range(10):
        user = spellings[number % 3]
        answer = browser.sign_in("password", user=user, password="wrong")
        assert answer.status_code == 401
    person.cbr.cloud.calls.clear()
    answer = person.sign_in(browser)
    assert (answer.status_code, message(answer)) == (429, TOO_MANY)
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    assert not person.cbr.cloud.calls.find(service="identity")  # Keystone is not asked any more
    account = person.cbr.cloud.account("other")
    other = browser.sign_in("password", user=account["user_name"], password=account["password"])
    assert other.status_code == 303
    assert person.sign_in(Browser(browser.url)).status_code == 303  # who guesses locks out nobody elsewhere


def test_the_demo_s_button_works_whatever_was_guessed(browser: Browser):
    for way in ("password", "token"):
        for _ in range(10):
            assert browser.sign_in(way, user="demo", password="wrong", token="x").status_code == 401
    assert browser.sign_in("password", user="demo", password="wrong").status_code == 429
    assert browser.sign_in("one-click", user="demo").status_code == 303


def test_behind_a_proxy_people_are_told_apart_by_what_it_says(cbr: ApiServer, tmp_path: Path):
    shutil.copytree(cbr.folder / "keys", tmp_path / "keys")
    with open_server(tmp_path, cbr.cloud, cbr.database.url, one_click=(), proxies=1) as behind:
        proxy = Browser(behind.url)

        def fail(address: str) -> int:
            proxy.session.headers["X-Forwarded-For"] = f"made-up, {address}"
            return proxy.sign_in("password", user="guessed", password="wrong").status_code

        assert [fail("192.0.2.1") for _ in range(11)] == [401] * 10 + [429]
        assert fail("192.0.2.2") == 401


def test_without_a_proxy_nobody_says_from_where_they_ask(browser: Browser):
    def fail(number: int) -> int:
        browser.session.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        return browser.sign_in("password", user="guessed", password="wrong").status_code

    assert [fail(number) for number in range(11)] == [401] * 10 + [429]


def test_forms_sent_together_reach_keystone_no_more_often_than_one_by_one(
    person: Person, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    """Each holds its place until Keystone has answered: as many ask as are allowed, the others are told at once."""
    number, allowed = 7, 4
    for _ in range(10 - allowed):
        assert browser.sign_in("password", user=person.name, password="x").status_code == 401
    asked, answered = Semaphore(0), Event()
    password = UserSignIn.password

    def held(self: UserSignIn, *given: str) -> Any:
        asked.release()
        assert answered.wait(60)
        return password(self, *given)

    monkeypatch.setattr(UserSignIn, "password", held)
    browsers = [Browser(browser.url, browser.address) for _ in range(number)]
    with ThreadPoolExecutor(number) as threads:
        forms = [
            threads.submit(one.sign_in, "password", user=person.name, password="wrong") for one in browsers
        ]
        try:
            refused = [one.result().status_code for one in first(forms, number - allowed)]
            for _ in range(allowed):
                assert asked.acquire(timeout=60)
        finally:
            answered.set()
        assert refused == [429] * (number - allowed)
        assert sorted(one.result().status_code for one in forms) == [401] * allowed + [429] * len(refused)
    assert not asked.acquire(blocking=False)


def first(forms: list[Future[requests.Response]], number: int) -> list[Future[requests.Response]]:
    """Wait for the first of them to end."""
    return list(islice(as_completed(forms, timeout=60), number))


def test_passcodes_are_counted_for_the_user_whose_they_are(person: Person, browser: Browser):
    person.want_a_passcode()
    person.sign_in(browser)
    for _ in range(10):
        assert browser.sign_in("passcode", passcode="wrong").status_code == 401
    assert browser.sign_in("passcode", passcode=passcode()).status_code == 429


def test_slow_forms_from_an_address_hold_back_nobody_else_of_it(person: Person, browser: Browser):
    """As through a proxy: more forms than are read at a time stay unfinished, and the oldest of them give way."""
    where = urlsplit(browser.url)
    head = "POST /console/sign-in/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na"
    with ExitStack() as open_ones:
        slow = [
            open_ones.enter_context(
                socket.create_connection((where.hostname, where.port), 60, (browser.address, 0))
            )
            for _ in range(20)
        ]
        for one in slow:
            one.sendall(head.encode())
        ready: list[socket.socket] = []
        while len(ready) < 4:  # each that came when sixteen were under way has ended one
            ready = select.select(slow, [], [], 60)[0]
        assert {one.recv(12) for one in ready} == {b"HTTP/1.1 408"}
        assert person.sign_in(browser).status_code == 303
        assert browser.is_in()


def test_too_many_failures_from_an_address(person: Person, browser: Browser):
    for number in range(50):
        assert browser.sign_in("token", token=f"wrong-{number}").status_code == 401
    assert person.sign_in(browser).status_code == 429
    assert person.sign_in(Browser(browser.url)).status_code == 303


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": "before"}, {"truncated": True}])
def test_a_keystone_that_is_away_is_no_failure(person: Person, browser: Browser, fault: dict[str, Any]):
    ways = {way: _given(person, way) for way in _WAYS}
    person.cbr.cloud.faults.inject(service="identity", times=0, **fault)
    for way, given in ways.items():
        answer = browser.sign_in(way.rpartition(" ")[2], **given)
        assert (answer.status_code, message(answer)) == (503, AWAY)
    person.cbr.cloud.faults.clear()
    assert person.sign_in(browser).status_code == 303


@pytest.mark.parametrize("page", ["/console", "/explorer/ListVault"])
def test_a_keystone_that_is_away_ends_no_session(person: Person, browser: Browser, page: str):
    person.sign_in(browser)
    person.cbr.clock.ahead = timedelta(seconds=61)  # what Keystone has said is asked for again
    person.cbr.cloud.faults.inject(service="identity", times=0, status=500)
    assert browser.get(page).status_code in (500, 503)
    person.cbr.cloud.faults.clear()
    assert browser.get(page).status_code == 200


def test_a_token_that_is_too_long_to_keep_is_ended(person: Person, browser: Browser):
    person.join(person.cbr.project("other"))
    before = person.sign_in(browser)
    assert before.status_code == 303
    state = person.cbr.cloud.backend.state
    with state.change():
        project = state.get("project", person.cbr.project("other"))
        state.put("project", project | {"name": "n" * 3000})
    try:
        chosen = browser.post(
            "/console/projects", "/console/projects", project_id=person.cbr.project("other")
        )
    finally:
        with state.change():
            state.put("project", project)
    assert (chosen.status_code, person.tokens()) == (400, [])


def test_the_demo_signs_in_by_one_click_and_only_its_own_users(browser: Browser):
    assert browser.sign_in("one-click", user="admin").status_code == 401
    assert browser.sign_in("one-click", user="demo").status_code == 303
    assert browser.is_in()
    elsewhere = browser.get("/console/sign-in", Host="rebound.example.org")
    assert (elsewhere.status_code, "csrf_token" in elsewhere.text) == (400, False)


def test_a_way_that_is_none(browser: Browser):
    assert browser.sign_in("magic").status_code == 404
