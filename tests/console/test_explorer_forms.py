"""The explorer's forms: ids are found by name, patterns checked, and what cannot be taken back is asked about first."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.api_server import ApiServer
from api.test_policies import new_policy
from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES
from opencbr.console.explorer.choices import choices_of
from opencbr.console.explorer.fields import Field, form_pattern
from opencbr.console.explorer.operations import described

from .browser import Browser

ASKED_ABOUT = {
    *("DeleteVault", "RemoveVaultResource", "DeleteBackup", "RestoreBackup"),
    *("DeletePolicy", "DeleteVaultTag", "UnpinBackup"),
    *("ApplyRestorePlan", "UndoRestore", "ConfirmRestore"),
    *("UpdateExpirationTime", "BatchCreateAndDeleteVaultTags"),
}
OFFERED = {name: one for name, one in described(document(ROUTES)).items() if one.offered}
ABSENT = {name: one for name, one in described(document(ROUTES)).items() if not one.offered}
FIELDS = [
    pytest.param(one, member, id=f"{name} {member.name}")
    for name, one in OFFERED.items()
    for field in one.fields
    for member in (field.row(0) if field.kind == "rows" else [field])
]
NOTHING_TO_CHOOSE = {
    *("enterprise_project_id", "provider_id", "marker"),
    *("destination_vault_id", "destination_project_id"),
}
"""Ids of what this server has none of, fixed words of CBR's, and the row of a list that was read before."""


OF_THE_CLOUD = re.compile(
    r"restore_plan\.mapping\.(ports|security_groups|volumes|floating_ips|routers|networks)\.0\."
    r"(port_id|network_id|security_group_id|target|volume_type_id|floating_ip_id|router_id)"
    r"|restore_plan\.mapping\.(backups\.0\.)?(flavor_id|server_group|project_id)"
)
"""Members of a restore plan's mapping that name things of the record or of another service of the cloud, which no list of CBR's
has: a plan's own answer has their ids, and its page in the console their names."""


def choosing(browser: Browser, operation: str, field: str, **entries: str) -> str:
    form = f"/explorer/{operation}"
    answer = browser.post(f"{form}/choose", form, field=field, **entries)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(("operation", "field"), FIELDS)
def test_each_id_can_be_chosen_by_name(operation: Any, field: Field):
    speaks_of_ids = field.label.endswith(("id", "ids")) or re.search(r"\bids? of\b", field.description)
    if speaks_of_ids and field.label not in NOTHING_TO_CHOOSE and not OF_THE_CLOUD.fullmatch(field.name):
        assert choices_of(field, operation.chapter), "explorer/choices.py does not know what it is an id of"


def test_what_cannot_be_taken_back_is_asked_about_first(browser: Browser):
    names = set(re.findall(r'href="/explorer/([A-Za-z]+)"', browser.get("/explorer").text))
    assert names >= ASKED_ABOUT
    forms = {name: browser.get(f"/explorer/{name}").text for name in names}
    assert {name for name, form in forms.items() if "hx-confirm=" in form} == ASKED_ABOUT
    assert "RestoreBackup writes over the disks as they are now. Send it?" in forms["RestoreBackup"]


@pytest.mark.parametrize("name", OFFERED)
def test_without_scripts_the_server_asks(browser: Browser, name: str):
    """One rule: what the dialog asks about, a page asks about; what was said there is all that is needed."""
    operation, form = OFFERED[name], f"/explorer/{name}"
    entries = {one.name: f"no-{one.label}" for one in operation.fields if one.place == "path"}
    asked = browser.post(f"{form}/send", form, **entries)
    assert asked.status_code == 200
    is_asked = f"<h1>Send {name}?</h1>" in asked.text
    assert is_asked is (name in ASKED_ABOUT)
    assert ("Request as sent" in asked.text) is not is_asked
    if is_asked:
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
        assert fields | entries == fields
        sent = browser.session.post(f"{browser.url}{form}/send", data=fields, timeout=60)
        assert "Request as sent" in sent.text


def test_a_vault_goes_only_once_it_was_said_again(browser: Browser, cbr: ApiServer):
    vault, form = cbr.vault(name="asked-about"), "/explorer/DeleteVault"
    browser.post(f"{form}/send", form, vault_id=vault.id)
    assert cbr.call("GET", f"vaults/{vault.id}").json()["vault"]["billing"]["status"] != "deleting"
    browser.post(f"{form}/send", form, vault_id=vault.id, confirmed="yes")
    left = cbr.call("GET", f"vaults/{vault.id}")
    assert left.status_code == 404 or left.json()["vault"]["billing"]["status"] == "deleting"


def test_a_day_of_expiry_is_set_only_once_it_was_said_again(browser: Browser, cbr: ApiServer):
    backup, form = cbr.backup(cbr.vault()), "/explorer/UpdateExpirationTime"
    entries = {"expect_expiration_date": f"{cbr.clock.now():%Y-%m-%d}", "time_zone": "UTC"}
    asked = browser.post(f"{form}/send", form, vault_id=backup.vault_id, **entries)
    assert "be deleted when that day has ended" in asked.text

    def expires() -> object:
        return cbr.call("GET", f"backups/{backup.id}").json()["backup"]["expired_at"]

    assert expires() is None
    sent = browser.post(f"{form}/send", form, vault_id=backup.vault_id, confirmed="yes", **entries)
    assert "affected_backups_count" in sent.text
    assert expires() is not None


@pytest.mark.parametrize(
    ("field", "offered"),
    [
        ("server_id", "server db1"),
        ("volume_id", "disk db1-data"),
        ("restore.mappings.0.volume_id", "disk db1-data"),
    ],
)
def test_a_restore_s_target_is_chosen_by_its_name(browser: Browser, field: str, offered: str):
    name = field.rpartition(".")[2]
    assert f"/explorer/choices/{name}" in browser.get("/explorer/RestoreBackup").text
    assert offered in browser.get(f"/explorer/choices/{name}").text
    whole = field if "." in field else f"restore.{field}"
    assert offered in choosing(browser, "RestoreBackup", whole)


def test_what_an_optional_object_must_have_is_not_required_of_the_form(browser: Browser):
    form = browser.get("/explorer/RestoreBackup").text
    required = [name for name, rest in re.findall(r'name="([^"]+)"([^>]*)>', form) if " required" in rest]
    assert required == ["backup_id"]


@pytest.mark.parametrize(
    ("operation", "field"),
    [("ShowBackup", "backup_id"), ("ShowCheckpoint", "checkpoint_id"), ("ShowOpLog", "operation_log_id")],
)
def test_what_is_offered_is_told_apart_by_a_time_for_people(
    browser: Browser, cbr: ApiServer, operation: str, field: str
):
    backup = cbr.protected()
    cbr.log(vault_id=backup.vault_id, resource_name="dated", started_at=cbr.clock.now())
    raw = re.compile(r"\d\d\d\d-\d\d-\d\dT")
    page, options = choosing(browser, operation, field), browser.get(f"/explorer/choices/{field}").text
    assert re.search(r'<time datetime="[^"]+Z" title="[^"]+ UTC">\d{4}-\d\d-\d\d \d\d:\d\d UTC</time>', page)
    assert not raw.search(re.sub(r"<time [^>]*>", "", page))
    assert re.search(r", \d{4}-\d\d-\d\d \d\d:\d\d UTC</option>", options)
    assert not raw.search(options)


def test_what_is_typed_is_looked_for_by_any_part_of_a_name(browser: Browser):
    found = browser.get("/explorer/choices/volume_id?field=restore.volume_id&restore.volume_id=DB1-da").text
    assert re.findall(r">([^<]+)</option>", found) == ["disk db1-data"]
    assert "<option" not in browser.get("/explorer/choices/volume_id?field=a&a=nobody").text


def test_a_restore_plan_is_chosen_by_what_its_backup_is_called(browser: Browser, cbr: ApiServer):
    backup = cbr.protected("café-文")
    body = {"restore_plan": {"as": "new_server"}}
    plan = cbr.call("POST", f"backups/{backup.id}/restore-plans", body).json()["restore_plan"]["id"]
    other = cbr.call("POST", f"backups/{cbr.protected().id}/restore-plans", body).json()["restore_plan"]["id"]
    offered = choosing(browser, "ShowRestorePlan", "plan_id")
    assert plan in offered
    assert other in offered
    named = choosing(browser, "ShowRestorePlan", "plan_id", wanted="café-文")
    assert plan in named
    assert other not in named
    assert "Nothing is called so" in choosing(browser, "ShowRestorePlan", "plan_id", wanted="nobody")


def test_policies_of_drills_are_offered_too_and_told_apart(browser: Browser, cbr: ApiServer):
    made = {kind: new_policy(cbr, name="weekly", operation_type=kind) for kind in ("backup", "drill")}
    offered = choosing(browser, "ShowPolicy", "policy_id")
    for kind, policy in made.items():
        assert re.search(rf"{policy['id']}\D.{{,300}}weekly \({kind}\)", offered, re.DOTALL), kind
    of_a_new_vault = choosing(browser, "CreateVault", "vault.backup_policy_id")
    assert made["backup"]["id"] in of_a_new_vault
    assert made["drill"]["id"] not in of_a_new_vault, "CreateVault refuses it"


def test_what_is_older_than_what_is_listed_is_found_by_its_name(browser: Browser, cbr: ApiServer):
    cbr.clock.ahead = timedelta(days=-1)
    try:
        old = cbr.vault(name="an-old-one")
    finally:
        cbr.clock.ahead = timedelta(0)
    for number in range(200):
        cbr.vault(name=f"newer-{number}")
    assert old.id not in choosing(browser, "ShowVault", "vault_id")
    assert old.id in choosing(browser, "ShowVault", "vault_id", wanted="an-old-one")
    assert "Nothing is called so" in choosing(browser, "ShowVault", "vault_id", wanted="an-old")


def test_a_choice_leads_back_to_the_form_with_all_that_was_entered(browser: Browser, cbr: ApiServer):
    vault = cbr.vault(name="chosen")
    page = choosing(
        browser,
        "CreateCheckpoint",
        "checkpoint.vault_id",
        wanted="chosen",
        **{"checkpoint.parameters.name": "a&b", "csrf": "x"},
    )
    (href,) = re.findall(r'<a href="([^"]+)">chosen', page)
    link = urlsplit(html.unescape(href))
    assert link.path == "/explorer/CreateCheckpoint"
    assert parse_qs(link.query) == {
        "checkpoint.vault_id": [vault.id],
        "checkpoint.parameters.name": ["a&b"],
    }
    form = browser.get(html.unescape(href)).text
    assert f'name="checkpoint.vault_id" value="{vault.id}"' in form
    assert 'name="checkpoint.parameters.name" value="a&amp;b"' in form


def test_several_ids_are_chosen_together(browser: Browser):
    field = "checkpoint.parameters.resource_details.0.extra_info.exclude_volumes"
    page = choosing(browser, "CreateCheckpoint", field, **{field: "mine\r\nalso"})
    ids = re.findall(r'type="checkbox" name="[^"]+" value="([^"]+)"', page)
    kept = re.findall(rf'type="hidden" name="{re.escape(field)}" value="([^"]+)">\n?<', page)
    assert len(ids) > 2
    assert {"mine", "also"} <= set(re.findall(r'value="(mine|also)"', page)), kept
    again = browser.get(f"/explorer/CreateCheckpoint?{field}={ids[0]}&{field}={ids[1]}").text
    assert f">{ids[0]}\n{ids[1]}</textarea>" in again


def test_one_more_row_without_scripts_keeps_what_was_entered(browser: Browser):
    form = "/explorer/CreateVault"
    entered = {"vault.name": "kept", "vault.resources.0.id": "a"}
    page = browser.post(f"{form}/row", form, more="vault.resources", **entered).text
    page = browser.post(
        f"{form}/row", form, more="vault.resources", **entered, **{"vault.resources.1.id": ""}
    ).text
    assert re.findall(r'name="(vault\.resources\.\d\.id)"', page) == [
        f"vault.resources.{number}.id" for number in range(3)
    ]
    assert 'name="vault.name" value="kept"' in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", OFFERED)
def test_several_values_in_a_link_stand_in_the_form_and_are_sent(browser: Browser, name: str):
    operation, form = OFFERED[name], f"/explorer/{name}"
    for field in operation.fields:
        if not field.repeated:
            continue
        values = list(field.choices[:2]) or ["one", "two"]
        page = browser.get(f"{form}?" + "&".join(f"{field.name}={value}" for value in values)).text
        if field.choices:
            checked = re.findall(rf'name="{field.name}" value="([^"]+)" checked', page)
        else:
            checked = re.findall(rf'name="{field.name}"[^>]*>([^<]*)</textarea>', page)[0].split()
        assert checked == values
        path = {one.name: (one.choices or ("x",))[0] for one in operation.fields if one.place == "path"}
        data = {**path, field.name: values, "csrf_token": browser.token_of_form(form)}
        for place in ("samples", "send"):
            shown = html.unescape(
                browser.session.post(f"{browser.url}{form}/{place}", data=data, timeout=60).text
            )
            assert "&".join(f"{field.name}={value}" for value in values) in shown


@pytest.mark.parametrize("place", ["send", "samples", "signature", "choose"])
def test_what_is_not_offered_has_neither_form_nor_samples(browser: Browser, place: str):
    assert browser.post(f"/explorer/CopyBackup/{place}", "/explorer/ShowVault").status_code == 404
    page = browser.get("/explorer/CopyBackup").text
    assert "This server does not offer the operation" in page
    assert "samples" not in page


@pytest.mark.parametrize("operation", ABSENT.values(), ids=ABSENT)
def test_what_is_not_offered_is_shown_with_its_purpose_and_its_real_answer(
    browser: Browser, cbr: ApiServer, operation: Any
):
    page = html.unescape(browser.get(f"/explorer/{operation.name}").text)
    assert f"<p>{operation.summary}." in page
    path = re.sub(r"\{(?!project_id)\w+\}", "x", operation.path).format(project_id=cbr.project())
    told = cbr.call(operation.method, path).json()
    assert operation.name in told["error_msg"]
    assert told["error_msg"] in page
    assert told["error_code"] in page
    assert '<span class="status bad">404</span>' in page


def test_a_resource_s_type_is_chosen(browser: Browser):
    form = browser.get("/explorer/CreateVault").text
    select = form.partition('name="vault.resources.0.type"')[2].partition("</select>")[0]
    assert re.findall(r"<option>([^<]+)", select) == ["OS::Nova::Server", "OS::Cinder::Volume"]


def test_what_is_no_id_has_nothing_to_choose(browser: Browser):
    form = "/explorer/CreateVault"
    for field in ("vault.name", "nothing", ""):
        assert browser.post(f"{form}/choose", form, field=field).status_code == 404


def patterns(part: Any) -> set[str]:
    """Every pattern of the document."""
    if isinstance(part, list):
        return {found for one in part for found in patterns(one)}
    if not isinstance(part, dict):
        return set()
    own = {part["pattern"]} if isinstance(part.get("pattern"), str) else set()
    return own | {found for one in part.values() for found in patterns(one)}


@pytest.mark.parametrize("pattern", sorted(patterns(document(ROUTES))))
def test_every_pattern_stands_in_the_form_and_allows_the_same(pattern: str):
    told = form_pattern(pattern)
    assert told
    for code in [*range(0x300), 0x4E00, 0x9FA5, 0x9FA6, 0xF900, 0xFA2D, 0xFA2E, 0x1F600]:
        for text in (chr(code), f"a{chr(code)}", f"{chr(code)}-"):
            assert bool(re.fullmatch(told, text)) is bool(re.search(pattern, text)), repr(text)


@pytest.mark.parametrize(
    "pattern", ["^[a-z--b]*$", "^[a&&b]*$", "[a-z]*", "^[a-z]*$|x", "^a.c$", "^(?=a)a$", r"^\\w*$", ""]
)
def test_a_pattern_that_browsers_may_read_otherwise_is_left_to_the_server(pattern: str):
    assert form_pattern(pattern) == ""


def test_the_pattern_is_in_the_form_with_what_it_means(browser: Browser):
    page = html.unescape(browser.get("/explorer/CreateVault").text)
    assert r'pattern="[\u4E00-\u9FA5\uf900-\ufa2da-zA-Z0-9_\-]*" title="1 to 64 letters' in page


@pytest.mark.parametrize("way", ["token", "access-key"])
def test_the_request_is_shown_with_its_headers_and_without_the_credential(cbr: ApiServer, way: str):
    browser, form = Browser(cbr.url), "/explorer/CreateVault"
    access, secret = cbr.cloud.access_key("demo")
    token = cbr.fresh_token()
    given = {"token": token} if way == "token" else {"access": access, "secret": secret}
    assert browser.sign_in(way, **given).status_code == 303
    page = html.unescape(browser.post(f"{form}/send", form, **{"vault.name": "x"}).text)
    sent = page.partition("Request as sent")[2].partition("</pre>")[0]
    assert "content-type: application/json" in sent
    assert "content-length: " in sent
    assert token not in page
    assert secret not in page
    if way == "token":
        assert "x-auth-token: (your session's, not shown)" in sent
    else:
        assert f"Access={access}, " in sent
        assert "Signature=(your session's, not shown)" in sent
        assert re.search(r"x-sdk-date: \d{8}T\d{6}Z", sent)
