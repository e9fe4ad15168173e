"""What the pages do with what nobody should send: a sentence, and no error of the server's own."""

import html
import re
import shlex
from urllib.parse import quote, urlsplit

import pytest

from api.api_server import ApiServer
from opencbr.console.explorer.fields import BadEntry, Field

from .browser import Browser

FORM = "/explorer/CreateVault"
VAULT = {
    "vault.name": "v",
    "vault.billing.object_type": "server",
    "vault.billing.protect_type": "backup",
    "vault.billing.consistent_level": "crash_consistent",
    "vault.billing.size": "10",
}
ODD = {
    "what looks like JSON in a list of ids": {"vault.resources.0.extra_info.exclude_volumes": "[" * 20_000},
    "a line of blanks": {"vault.resources.0.extra_info.exclude_volumes": " \n \n"},
    "NUL": {"vault.name": "a\0b"},
    "a number of another script": {"vault.billing.size": "\u0661\u0662"},
    "minuses": {"vault.billing.size": "--5"},
    "many rows": {"vault.resources.999.id": "x"},
    "a row of many digits": {"vault.resources.99999999999.id": "x"},
}


SHOWN = re.compile(r'<code id="source-curl-token">(.*?)</code>', re.DOTALL)


@pytest.mark.parametrize("value", ["a/b", "a%2Fb", "a?b=c", "a#b", "..%2f", "../x", "{project_id}", "é +&;"])
def test_a_value_in_a_path_is_sent_as_the_samples_send_it(browser: Browser, value: str):
    form = "/explorer/ShowVault"
    answer = browser.post(f"{form}/send", form, vault_id=value).text
    sent = re.search(r"Request as sent</summary><pre[^>]*><code>GET (\S+)", answer)
    assert sent
    sample = SHOWN.search(browser.post(f"{form}/samples", form, vault_id=value).text)
    assert sample
    command = html.unescape(re.sub(r"<[^>]*>", "", sample[1]))
    assert f"{browser.url}{html.unescape(sent[1])}" in shlex.split(command)
    assert urlsplit(html.unescape(sent[1])).path.endswith(f"/vaults/{quote(value, safe='')}")
    assert ">404<" in answer


@pytest.mark.parametrize("place", ["send", "samples", "signature"])
@pytest.mark.parametrize("value", [".", " .. "])
def test_a_value_that_would_shorten_the_path_is_told(browser: Browser, value: str, place: str):
    form = "/explorer/ShowVault"
    answer = browser.post(f"{form}/{place}", form, vault_id=value)
    assert (answer.status_code, "clients make a shorter path of it" in answer.text) == (200, True)


@pytest.mark.parametrize("place", ["send", "samples", "signature"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_entry_is_told(browser: Browser, odd: dict[str, str], place: str):
    answer = browser.post(f"{FORM}/{place}", FORM, **{**VAULT, **odd})
    assert answer.status_code == 200, answer.text[:500]


@pytest.mark.parametrize("place", ["send", "samples", "signature"])
@pytest.mark.parametrize("name", ["vault.name", "vault.resources.0.id"])
def test_a_second_value_where_one_is_possible_is_told(browser: Browser, name: str, place: str):
    """None is left out silently: neither of a request, nor of a program, nor of a link."""
    told = f"{name} is given more than once"
    data = {**VAULT, name: ["a", "b"], "csrf_token": browser.token_of_form(FORM)}
    answer = browser.session.post(f"{browser.url}{FORM}/{place}", data=data, timeout=60)
    assert (answer.status_code, told in answer.text) == (200, True)
    assert told in browser.get(f"{FORM}?{name}=a&{name}=b").text


@pytest.mark.parametrize(
    ("field", "rows", "status"), [("vault.name", 0, 404), ("nothing", 0, 404), ("vault.resources", 256, 400)]
)
def test_a_row_that_cannot_be_is_told(browser: Browser, field: str, rows: int, status: int):
    there = {f"vault.resources.{rows - 1}.id": ""} if rows else {}
    assert browser.post(f"{FORM}/row", FORM, more=field, **there).status_code == status


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "9" * 5000, "{", ""],
    ids=["deep", "more digits than Python reads", "open", "nothing"],
)
def test_what_is_no_json_is_told_with_its_field(text: str):
    with pytest.raises(BadEntry, match=r"^vault\.rules is not JSON: "):
        Field(name="vault.rules", place="body", kind="json", required=False).value(text)


def test_names_of_half_a_pair_can_be_chosen_by_and_looked_at(cbr: ApiServer, browser: Browser):
    state = cbr.cloud.backend.state
    with state.change():
        server = state.find("server", name="db1")
        state.put("server", server | {"name": "db-\ud800"})
    try:
        choices = browser.get("/explorer/choices/instance_id")
        assert choices.status_code == 200
        assert "server db-\ufffd" in choices.text
        shown = browser.post(
            "/explorer/ListProtectable/send", "/explorer/ListProtectable", protectable_type="server"
        )
        assert shown.status_code == 200
        assert r"db-\ud800" in shown.text
    finally:
        with state.change():
            state.put("server", server)


@pytest.mark.parametrize(
    "path",
    [
        "/console/vaults/%00",
        "/console/vaults/..",
        "/console/backups/a%2Fb",
        "/console/backups?marker=%00",
        "/console/backups?marker=nobody",
        "/console/backups?status=nonsense",
        "/console/operation-logs/%F0%9F%92%A5",
        "/explorer/Nothing",
        "/explorer/choices/nothing",
        "/explorer/reference/..%2f..%2fetc",
        "/console/assets/..%2f..%2f__init__.py",
        "/explorer/ShowVault?vault_id=%00",
        "/console/sign-in?next=%0d%0aX:1",
    ],
)
def test_an_odd_address_is_no_error_of_the_server(browser: Browser, path: str):
    assert browser.get(path).status_code < 500
