"""The explorer: every operation by its form, with ids that are offered, answers opened, samples beside them."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.api_server import ApiServer
from api.protected_cloud import masked_place, new_server, restored
from api.test_policies import new_policy
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.routes import ROUTES
from opencbr.democloud.seed.empty import make_account
from opencbr.model.backup import Backup

from .conftest import watched

pytestmark = pytest.mark.browser

READS = [route.operation.name for route in ROUTES if route.operation.method == "GET"]
OF_A_POLICY = {route.operation.name for route in ROUTES if "{policy_id}" in route.operation.path}
ABSENT = sorted(OPERATIONS.keys() - {route.operation.name for route in ROUTES})


def opened(page: Page, name: str, **entries: str) -> Page:
    page.goto(f"/explorer/{name}")
    page.wait_for_load_state("networkidle")
    page.locator("#request details").evaluate_all("all => all.forEach(one => { one.open = true })")
    for field, text in entries.items():
        page.locator(f"[name='{field}']").fill(text)
    return page


def send(page: Page, status: int) -> None:
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer .status").first).to_have_text(str(status))


def first_choice(page: Page, field: str) -> str:
    """The id that the field offers first."""
    option = page.locator(f"[id='field-{field}-list'] option").first
    option.wait_for(state="attached")
    return option.get_attribute("value") or ""


@pytest.mark.parametrize("name", READS)
def test_every_reading_operation_is_sent_with_what_is_offered(
    admin: Page, cbr: ApiServer, backup: Backup, name: str
):
    log = cbr.log(vault_id=backup.vault_id)
    if name == "ShowRestorePlan":  # so that there is one to choose
        body = {"restore_plan": {"as": "new_server"}}
        assert cbr.call("POST", f"backups/{backup.id}/restore-plans", body).status_code < 300
    if name == "ShowDrill":
        body = {"drill": {"backup_id": cbr.backup(cbr.vault(name="drilled")).id}}
        assert cbr.call("POST", "drills", body).status_code < 300
    if name == "ShowRestoreWayBack":
        restored(cbr, new_server(cbr))
    if name in OF_A_POLICY:
        new_policy(cbr)
    page = opened(admin, name)
    document, offset = masked_place(cbr, backup, "infrastructure")
    known = {"backup_id": backup.id, "operation_log_id": log.id, "protectable_type": "server"}
    known |= {"document": document, "offset": str(offset)}
    for field in page.locator("#request input[required]").all():
        asked = field.get_attribute("name") or ""
        field.fill(known.get(asked) or first_choice(page, asked))
    for choice in page.locator("#request select[required]").all():
        choice.select_option("server")
    send(page, 200)


def test_metadata_is_opened_document_by_document(admin: Page, cbr: ApiServer, backup: Backup):
    page = opened(admin, "ShowMetadata")
    assert backup.id in page.locator("[id='field-backup_id-list'] option").evaluate_all(
        "all => all.map(one => one.value)"
    )
    page.fill("[name='backup_id']", backup.id)
    send(page, 200)
    whole = json.loads(page.locator("#answer > details pre").last.text_content())
    for document in page.locator("#answer details.document").all():
        document.evaluate(
            "one => { for (const each of [one, ...one.querySelectorAll('details')]) each.open = true }"
        )
        name = document.locator("summary").first.text_content().split()[0]
        told = whole[name.split("[")[0]]
        told = told[int(name.split("[")[1][:-1])] if "[" in name else told
        assert document.locator("details pre").last.text_content() == (told or "")
    server = json.loads(whole["server"])["server"]
    assert page.locator("#answer .json", has_text=server["id"]).count() >= 1


def test_a_member_sees_masked_values_marked(member: Page, backup: Backup):
    page = opened(member, "ShowMetadata", backup_id=backup.id)
    send(page, 200)
    assert page.locator("#answer .masked").count() > 0
    assert page.locator("#answer .sealed").count() == 0


def test_who_has_the_right_sees_what_is_sealed_marked(admin: Page, backup: Backup):
    page = opened(admin, "ShowMetadata", backup_id=backup.id)
    send(page, 200)
    assert page.locator("#answer .masked").count() == 0
    assert page.locator("#answer .sealed", has_text="sealed, infrastructure").count() > 0


def test_a_vault_is_made_and_taken_away(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.name": "made-here", "vault.billing.size": "10"})
    page.locator("[name='vault.billing.object_type']").select_option("server")
    page.locator("[name='vault.billing.protect_type']").select_option("backup")
    page.locator("[name='vault.billing.consistent_level']").select_option("crash_consistent")
    server = first_choice(page, "vault.resources.0.id")
    page.locator("[name='vault.resources.0.id']").fill(server)
    page.locator("[name='vault.resources.0.type']").select_option("OS::Nova::Server")
    send(page, 200)
    made = json.loads(page.locator("#answer details pre").last.text_content())["vault"]
    assert [one["id"] for one in made["resources"]] == [server]
    page.goto("/console/vaults?name=made-here")
    page.get_by_role("link", name="made-here").click()
    page.get_by_role("link", name="Delete").click()
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Send").click()
    page.wait_for_timeout(0)
    assert asked == ["DeleteVault takes something away for good. Send it?"]
    expect(page.locator("#answer")).to_contain_text("The answer will stand here.")
    page.once("dialog", lambda dialog: dialog.accept())
    send(page, 204)
    expect(page.locator("#answer")).to_contain_text("The answer has no body.")


def test_each_row_that_is_added_has_its_own_name(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.name": "rows"})
    page.locator("button[name=more][value='vault.resources']").dblclick()
    ids = page.locator("[name^='vault.resources.'][name$='.id']")
    expect(ids).to_have_count(3)
    for number, text in enumerate(("a", "b", "c")):
        page.locator(f"[name='vault.resources.{number}.id']").fill(text)
    samples = page.locator("#source-curl-token")
    for text in ("a", "b", "c"):
        expect(samples).to_contain_text(f'"id": "{text}"')
    doubled = "all => all.map(one => one.id).filter((id, at, ids) => ids.indexOf(id) !== at)"
    assert page.locator("[id]").evaluate_all(doubled) == []


def test_the_answer_is_seen_from_the_end_of_a_long_form(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.name": "seen", "vault.billing.size": "10"})
    page.set_viewport_size({"width": 1280, "height": 600})
    for name, text in (
        ("object_type", "server"),
        ("protect_type", "backup"),
        ("consistent_level", "crash_consistent"),
    ):
        page.locator(f"[name='vault.billing.{name}']").select_option(text)
    page.get_by_role("button", name="Send").scroll_into_view_if_needed()
    expect(page.locator("#answer")).not_to_be_in_viewport()
    send(page, 200)
    expect(page.locator("#answer h2")).to_be_in_viewport()


def test_what_the_server_refuses_is_told_with_its_code(admin: Page):
    page = opened(admin, "ShowVault", vault_id="00000000-0000-0000-0000-000000000000")
    send(page, 404)
    expect(page.locator("#answer [role=alert]")).to_contain_text("BackupService.")


def test_what_the_browser_can_check_is_not_sent(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.billing.size": "1"})
    page.get_by_role("button", name="Send").click()
    assert page.locator("[name='vault.billing.size']").evaluate("one => one.validity.rangeUnderflow")
    expect(page.locator("#answer")).to_contain_text("The answer will stand here.")


def test_a_pattern_is_checked_as_one_types(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.name": "two words"})
    name = page.locator("[name='vault.name']")
    assert name.evaluate("one => one.validity.patternMismatch")
    assert name.get_attribute("title").startswith("1 to 64 letters, digits")
    name.fill("eins-文_1")
    assert name.evaluate("one => one.validity.valid")


def test_what_is_wrong_with_an_entry_stands_beside_it_in_words(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.billing.size": "1"})
    size = page.locator("[name='vault.billing.size']")
    wrong = page.locator("[id='field-vault.billing.size-wrong']")
    expect(wrong).to_have_text(size.evaluate("one => one.validationMessage"))
    expect(wrong).not_to_be_empty()
    expect(size).to_have_attribute("aria-invalid", "true")
    assert "field-vault.billing.size-wrong" in (size.get_attribute("aria-describedby") or "")
    size.fill("10")
    expect(size).to_have_attribute("aria-invalid", "false")
    expect(wrong).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[id='field-vault.name-wrong'], .wrong:not(:empty)").first).to_be_visible()


def test_a_server_is_found_by_typing_and_by_a_page_that_keeps_what_was_entered(admin: Page):
    page = opened(admin, "CreateVault", **{"vault.name": "kept", "vault.resources.0.id": "RIC"})
    offered = page.locator("[id='field-vault.resources.0.id-list'] option")
    expect(offered.first).to_have_text("server rich")
    page.locator("button[value='vault.resources.0.id']").click()
    page.get_by_role("searchbox", name="Name").fill("rich")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="server rich", exact=True).click()
    expect(page.locator("[name='vault.name']")).to_have_value("kept")
    assert len(page.locator("[name='vault.resources.0.id']").input_value()) == 36
    page.locator("[name='vault.name']").press("Enter")
    assert "/choose" not in page.url, "Enter sends the form"


def test_without_scripts_ids_are_chosen_and_a_deletion_is_asked_about(
    browser: Browser, cbr: ApiServer, wrong: list[str]
):
    vault = cbr.vault(name="without-scripts")
    context = browser.new_context(base_url=cbr.url, java_script_enabled=False)
    page = watched(context, cbr, wrong)
    page.goto("/console")
    page.get_by_role("button", name="Sign in as demo-admin").click()
    page.goto("/explorer/DeleteVault")
    page.get_by_role("button", name="Choose by name").click()
    page.get_by_role("searchbox", name="Name").fill("without-scripts")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="without-scripts").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send DeleteVault?")
    expect(page.locator("main")).to_contain_text(vault.id)
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("#answer .status").first).to_have_text("204")
    context.close()
    assert wrong == []


def test_without_the_right_it_says_so_and_the_server_refuses(page: Page, cbr: ApiServer, backup: Backup):
    """A reader of the project may look, and change nothing."""
    enter_as_reader(page, cbr)
    page = opened(page, "UpdateBackup", backup_id=backup.id)
    expect(page.locator("main")).to_contain_text("your roles do not give it")
    page.locator("[name='backup.name']").fill("renamed")
    send(page, 403)


def enter_as_reader(page: Page, cbr: ApiServer) -> None:
    state = cbr.cloud.backend.state
    with state.change():
        account = make_account(cbr.cloud.backend, "looks", {"id": cbr.project(), "name": "demo"}, "reader")
    page.goto("/console")
    page.get_by_label("User", exact=True).fill("looks")
    page.get_by_label("Password", exact=True).fill(account["password"])
    page.locator("details[open]").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")


@pytest.mark.parametrize("name", ABSENT[:: max(1, len(ABSENT) // 5)])
def test_what_is_not_offered_has_no_send(admin: Page, name: str):
    admin.goto(f"/explorer/{name}")
    expect(admin.locator("main")).to_contain_text("This server does not offer the operation")
    assert admin.get_by_role("button", name="Send").count() == 0


def test_operations_are_found_by_words(admin: Page):
    admin.goto("/explorer")
    admin.get_by_role("searchbox").fill("metadata backup")
    expect(admin.locator(".operations li")).to_have_count(1)
    expect(admin.locator(".operations")).to_contain_text("ShowMetadata")


def test_a_link_has_the_parameters_and_never_a_credential(
    admin: Page, context: BrowserContext, cbr: ApiServer, backup: Backup
):
    page = opened(admin, "ShowMetadata", backup_id=backup.id)
    href = f"/explorer/ShowMetadata?backup_id={backup.id}"
    expect(page.get_by_role("link", name="Link to this request")).to_have_attribute("href", href)
    page.goto(href)
    assert page.locator("[name='backup_id']").input_value() == backup.id


def test_samples_follow_what_is_entered(admin: Page, backup: Backup):
    page = opened(admin, "ShowMetadata")
    page.get_by_text("SDK for Python", exact=True).click()
    page.locator("[name='backup_id']").fill(backup.id)
    shown = page.locator("#source-sdk-python")
    expect(shown).to_contain_text(backup.id)
    expect(shown).to_be_visible()
    expect(page.locator("#source-curl-token")).to_be_hidden()


@pytest.mark.parametrize("title", ["curl, token", "curl, AK/SK", "Python, requests", "SDK for Python"])
def test_what_the_button_copies_runs_as_it_is(
    admin: Page, context: BrowserContext, cbr: ApiServer, backup: Backup, title: str
):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(admin, "ShowMetadata", backup_id=backup.id)
    page.get_by_text(title, exact=True).click()
    panel = page.locator(".tabs > .panel:visible")
    expect(panel.locator("code").first).to_contain_text(backup.id)
    panel.get_by_role("button", name="Copy").first.click()
    expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == panel.locator("code").first.text_content()
    expect(panel.locator("p.note")).to_contain_text("Needs ")
    access, secret = cbr.cloud.access_key("demo-admin")
    variables = {
        "OS_TOKEN": cbr.token("demo-admin"),
        "HUAWEICLOUD_SDK_AK": access,
        "HUAWEICLOUD_SDK_SK": secret,
        "PATH": os.environ["PATH"],
    }
    command = ["sh", "-eu"] if title.startswith("curl") else [sys.executable, "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert backup.resource_id in done.stdout


def test_the_signature_is_explained_and_right(page: Page, cbr: ApiServer, backup: Backup):
    """Signed in by access key, what the page shows is what the server accepts."""
    access, secret = cbr.cloud.access_key("demo-admin")
    page.goto("/console/sign-in?way=access-key")
    page.get_by_label("Access key", exact=True).fill(access)
    page.get_by_label("Secret key").fill(secret)
    page.locator("details[open]").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")
    page = opened(page, "ListBackups", limit="1")
    page.get_by_role("button", name="Show the signature").click()
    sent = dict(
        line.split(": ", 1)
        for line in page.locator("#signature pre").last.text_content().strip().splitlines()
    )
    assert secret not in page.content()
    path = f"/v3/{cbr.project('demo-admin')}/backups?limit=1"
    assert cbr.call("GET", path, account=None, headers=sent).status_code == 200


def test_forged_forms_change_nothing(admin: Page, cbr: ApiServer):
    vault = cbr.vault(name="stays")
    status = admin.evaluate(
        """async (id) => (await fetch("/explorer/DeleteVault/send", {
            method: "POST", body: new URLSearchParams({vault_id: id})})).status""",
        vault.id,
    )
    assert status == 403
    assert cbr.call("GET", f"vaults/{vault.id}").status_code == 200


def test_a_session_that_has_ended_asks_to_sign_in_again(admin: Page, cbr: ApiServer, backup: Backup):
    page = opened(admin, "ShowMetadata", backup_id=backup.id)
    cbr.clock.ahead = timedelta(hours=13)
    try:
        page.get_by_role("button", name="Send").click()
        page.wait_for_url("**/console/sign-in**")
        expect(page.locator("[role=alert]")).to_contain_text("Your session has ended")
    finally:
        cbr.clock.ahead = timedelta(0)
