"""Every page of the console, once: what is asked of pages is asked of all of these.

`tests/console/test_every_page.py` holds the list against the routes: a page that is not here fails it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from opencbr.api.routes import ROUTES
from opencbr.model.backup import Backup

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Things:
    """What the pages are about: a backup that has everything, one of HOSTILE, one that is being made, and logs' ids.

    `drills` are one that has found HOSTILE and one that is under way.
    `policies` are one that a vault has and one that is disabled; `drilling` is one of drills, which has fired the first.
    `plans` are the addresses of restore plans: of the first, of HOSTILE, and one that is ready.
    """

    backup: Backup
    hostile: Backup
    hostile_log: str
    running: Backup
    running_log: str
    restored_log: str
    checkpoint_log: str
    way_back_log: str
    plans: tuple[str, str, str]
    drills: tuple[str, str]
    policies: tuple[str, str]
    drilling: str


@dataclass(frozen=True)
class Screen:
    """A page, by the view that makes it (`endpoint`), and how somebody gets there."""

    endpoint: str
    title: str
    show: Callable[[Page, Things], None]
    is_open: bool = False
    """Whether it is for those who are not signed in."""

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.title}"


def at(
    endpoint: str, path: str | Callable[[Things], str], *, status: int = 200, is_open: bool = False
) -> Screen:
    """A page by its address."""

    def show(page: Page, things: Things) -> None:
        answer = page.goto(path if isinstance(path, str) else path(things))
        assert answer is not None
        assert answer.status == status, answer.url
        settle(page)

    return Screen(endpoint, path if isinstance(path, str) else "of one", show, is_open)


def settle(page: Page) -> None:
    """Wait until what a page asks for by itself is there."""
    expect(page.locator(".htmx-request, #samples:empty")).to_have_count(0)


def filled(page: Page, operation: str, **entries: str) -> None:
    page.goto(f"/explorer/{operation}")
    settle(page)
    for name, text in entries.items():
        page.locator(f"#request [name='{name}']").fill(text)
        expect(page.locator("#samples")).to_contain_text(text)


def sent(title: str, operation: str, entries: Callable[[Things], dict[str, str]]) -> Screen:
    """The answer to a request, every part of it opened."""

    def show(page: Page, things: Things) -> None:
        filled(page, operation, **entries(things))
        page.get_by_role("button", name="Send").click()
        page.wait_for_selector("#answer h2")
        settle(page)

    return Screen("explorer.send", title, show)


def _confirmed(page: Page, things: Things) -> None:
    filled(page, "DeleteBackup", backup_id=things.backup.id)
    _posted(page, "#request")


def _chosen(operation: str, field: str) -> Callable[[Page, Things], None]:
    def show(page: Page, _things: Things) -> None:
        filled(page, operation)
        page.locator(f"button[name=field][value='{field}']").click()
        page.wait_for_url("**/choose")

    return show


def _signature(page: Page, _things: Things) -> None:
    filled(page, "CreateVault")
    page.get_by_role("button", name="Show the signature").click()
    page.wait_for_selector("#signature .steps")


def _row(page: Page, _things: Things) -> None:
    filled(page, "RestoreBackup")
    page.locator("#request details").evaluate_all("all => all.forEach(one => { one.open = true })")
    page.locator("button[name=more][value='restore.mappings']").click()
    page.wait_for_selector("[name='restore.mappings.1.volume_id']")


def _revealed(page: Page, things: Things) -> None:
    page.goto(f"/console/backups/{things.backup.id}")
    _posted(page, "form[action$='/revealed']")


def _planned(page: Page, things: Things) -> None:
    page.goto(f"/console/backups/{things.backup.id}/restore-plans")
    page.get_by_role("button", name="Make a plan").click()
    page.wait_for_url("**/restore-plans/*")


def _planned_checkpoint(page: Page, things: Things) -> None:
    page.goto(f"/console/checkpoints/{things.hostile.checkpoint_id}/restore-plans")
    page.get_by_role("button", name="Make a plan").click()
    page.wait_for_url("**/restore-plans/*")


def _refused_choice(page: Page, things: Things) -> None:
    page.goto(things.plans[0])
    page.get_by_label("Flavor, its id").fill(NOBODY)
    page.get_by_role("button", name="Plan again with these choices").click()
    page.wait_for_selector("[role=alert]")


def _restored(page: Page, things: Things) -> None:
    page.goto(things.plans[2])
    page.get_by_role("button", name="Restore as a new server").click()
    page.get_by_role("button", name="Restore it").wait_for()


def _forged(page: Page, _things: Things) -> None:
    page.goto("/explorer/ListVault")
    page.locator("#request [name=csrf_token]").evaluate("one => { one.value = 'x' }")
    _posted(page, "#request")


def _posted(page: Page, form: str) -> None:
    """Send a form as a browser without scripts does."""
    with page.expect_navigation():
        page.locator(form).first.evaluate("one => HTMLFormElement.prototype.submit.call(one)")
    settle(page)


def _refused_tag(page: Page, things: Things) -> None:
    page.goto(f"/console/vaults/{things.backup.vault_id}/tags")
    page.get_by_label("Key").fill("no spaces")
    page.get_by_role("button", name="Give it").click()
    page.wait_for_selector("[role=alert]")


def _refused_policy(page: Page, _things: Things) -> None:
    page.goto("/console/policies/new")
    page.get_by_label("Name", exact=True).fill("no spaces")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_selector("[role=alert]")


def _previewed_policy(page: Page, things: Things) -> None:
    page.goto(f"/console/policies/{things.policies[0]}/edit")
    page.get_by_label("The newest", exact=True).fill("1")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#preview")


def _refused_run(page: Page, things: Things) -> None:
    page.goto(f"/console/policies/{things.policies[1]}")
    page.get_by_role("button", name="Run now").click()
    page.wait_for_selector("[role=alert]")


def _refused_sign_in(page: Page, _things: Things) -> None:
    page.goto("/console/sign-in?way=access-key")
    page.get_by_label("Access key", exact=True).fill("nobody")
    page.get_by_label("Secret key").fill("nothing")
    page.locator("details[open]").get_by_role("button", name="Sign in").click()
    page.wait_for_selector("[role=alert]")


FORMS = [route.operation.name for route in ROUTES]

SCREENS = [
    at("sign_in.form", "/console/sign-in", is_open=True),
    Screen("sign_in.sign_in", "refused", _refused_sign_in, is_open=True),
    at("reference.index", "/explorer/reference", is_open=True),
    *(
        at("reference.page", f"/explorer/reference/{name}", is_open=True)
        for name in ("ListBackups", "CreateVault", "ShowMetadata", "BackupService.6137", "BackupService.2001")
    ),
    at("reference.page", "/explorer/reference/Nothing", status=404, is_open=True),
    at("sign_in.projects", "/console/projects"),
    at("overview.show", "/console"),
    at("vaults.index", "/console/vaults"),
    at("vaults.index", "/console/vaults?name=nobody"),
    at("vaults.show", lambda things: f"/console/vaults/{things.backup.vault_id}"),
    at("vaults.show", lambda things: f"/console/vaults/{things.hostile.vault_id}"),
    at("vaults.show", lambda things: f"/console/vaults/{things.running.vault_id}"),
    at("vaults.show", f"/console/vaults/{NOBODY}", status=404),
    at("vault_tags.edit", lambda things: f"/console/vaults/{things.backup.vault_id}/tags"),
    at("vault_tags.edit", lambda things: f"/console/vaults/{things.hostile.vault_id}/tags"),
    at("vault_tags.edit", f"/console/vaults/{NOBODY}/tags", status=404),
    Screen("vault_tags.change", "refused", _refused_tag),
    at("policies.index", "/console/policies"),
    at("policies.index", f"/console/policies?vault_id={NOBODY}"),
    *(
        at("policies.show", lambda things, number=number: f"/console/policies/{things.policies[number]}")
        for number in range(2)
    ),
    at("policies.show", lambda things: f"/console/policies/{things.drilling}"),
    at("policies.show", f"/console/policies/{NOBODY}", status=404),
    at("retention.show", lambda things: f"/console/policies/{things.policies[0]}/retention"),
    at("retention.show", f"/console/policies/{NOBODY}/retention", status=404),
    at("policy_forms.new", "/console/policies/new"),
    at("policy_forms.new", "/console/policies/new?operation_type=drill"),
    Screen("policy_forms.create", "refused", _refused_policy),
    at("policy_forms.edit", lambda things: f"/console/policies/{things.policies[0]}/edit"),
    at("policy_forms.edit", lambda things: f"/console/policies/{things.drilling}/edit"),
    at("policy_forms.edit", f"/console/policies/{NOBODY}/edit", status=404),
    Screen("policy_forms.change", "previewed", _previewed_policy),
    at("policy_acts.ask_delete", lambda things: f"/console/policies/{things.policies[0]}/delete"),
    at("policy_acts.ask_delete", lambda things: f"/console/policies/{things.drilling}/delete"),
    at("vault_policies.edit", lambda things: f"/console/vaults/{things.hostile.vault_id}/policy"),
    at("vault_policies.edit", lambda things: f"/console/vaults/{things.backup.vault_id}/policy"),
    at("policies.calendar", "/console/policies/calendar"),
    Screen("policy_runs.run", "refused", _refused_run),
    at("policy_runs.index", lambda things: f"/console/policies/{things.policies[0]}/runs"),
    at("policy_runs.index", lambda things: f"/console/policies/{things.drilling}/runs"),
    at("policy_runs.index", f"/console/policies/{NOBODY}/runs", status=404),
    at("backups.index", "/console/backups"),
    at("backups.index", "/console/backups?start_time=yesterday", status=400),
    at("backups.show", lambda things: f"/console/backups/{things.backup.id}"),
    at("backups.show", lambda things: f"/console/backups/{things.hostile.id}"),
    at("backups.show", lambda things: f"/console/backups/{things.running.id}"),
    Screen("backups.reveal", "without scripts", _revealed),
    at("restore_plans.index", lambda things: f"/console/backups/{things.backup.id}/restore-plans"),
    at("restore_plans.index", lambda things: f"/console/backups/{things.running.id}/restore-plans"),
    *(at("restore_plans.show", lambda things, number=number: things.plans[number]) for number in range(3)),
    at("restore_plans.show", lambda things: f"{things.plans[0]}?fate=kept"),
    at(
        "restore_plans.show",
        lambda things: f"/console/backups/{things.backup.id}/restore-plans/{NOBODY}",
        status=404,
    ),
    at(
        "restore_plans.index",
        lambda things: f"/console/checkpoints/{things.hostile.checkpoint_id}/restore-plans",
    ),
    Screen("restore_plans.show", "of a checkpoint", _planned_checkpoint),
    Screen("restore_plans.create", "a new plan", _planned),
    Screen("restore_plans.edit", "refused", _refused_choice),
    Screen("restore_plans.restore", "asked about first", _restored),
    at("drills.index", "/console/drills"),
    at("drills.index", lambda things: f"/console/drills?backup_id={things.backup.id}"),
    at("drills.index", "/console/drills?verdict=nothing"),
    *(
        at("drills.show", lambda things, number=number: f"/console/drills/{things.drills[number]}")
        for number in range(2)
    ),
    at("drills.show", f"/console/drills/{NOBODY}", status=404),
    at("freshness.index", "/console/freshness"),
    at("freshness.index", "/console/freshness?last_run=nothing"),
    at("operation_logs.index", "/console/operation-logs"),
    at("operation_logs.show", lambda things: f"/console/operation-logs/{things.hostile_log}"),
    at("operation_logs.show", lambda things: f"/console/operation-logs/{things.running_log}"),
    at("operation_logs.show", lambda things: f"/console/operation-logs/{things.restored_log}"),
    at("operation_logs.show", lambda things: f"/console/operation-logs/{things.checkpoint_log}"),
    at("operation_logs.show", lambda things: f"/console/operation-logs/{things.way_back_log}"),
    *(
        at(f"ways_back.ask_{act}", lambda things, act=act: f"/console/restores/{things.way_back_log}/{act}")
        for act in ("undo", "confirm")
    ),
    at("ways_back.ask_undo", f"/console/restores/{NOBODY}/undo", status=404),
    at("explorer.index", "/explorer"),
    at("explorer.index", "/explorer?q=nothing-is-called-so"),
    *(at("explorer.form", f"/explorer/{name}") for name in [*FORMS, "CopyBackup"]),
    at("explorer.form", "/explorer/Nothing", status=404),
    Screen("explorer.row", "a second row", _row),
    Screen("explorer.choose", "one id", _chosen("DeleteVault", "vault_id")),
    Screen("explorer.choose", "several ids", _chosen("RemoveVaultResource", "resource_ids")),
    Screen("explorer.signature", "of CreateVault", _signature),
    sent("a list", "ListVault", lambda _: {}),
    sent("metadata", "ShowMetadata", lambda things: {"backup_id": things.backup.id}),
    sent("metadata of HOSTILE", "ShowMetadata", lambda things: {"backup_id": things.hostile.id}),
    sent("a refusal", "ShowVault", lambda _: {"vault_id": NOBODY}),
    Screen("explorer.send", "asked about first", _confirmed),
    Screen("explorer.send", "forged", _forged),
]

NO_PAGES = {
    "assets": "files",
    "drills.create": "leads to the drill that was asked for",
    "policy_acts.delete": "leads to the list",
    "policy_acts.enable": "leads to the policy",
    "vault_policies.change": "leads to the vault",
    "vault_policies.change_vaults": "leads to the policy",
    "explorer.choices": "the options of a field",
    "explorer.samples": "a part of each form",
    "sign_in.choose": "leads on to the page that was asked for",
    "sign_in.sign_out": "leads to the form",
    "ways_back.confirm": "leads to the restore",
    "ways_back.undo": "leads to the work",
}
"""Views that make no page of their own, and what they give."""
