"""`make screenshots`: the console's pages, in light, in dark and as wide as a phone, of a demo of its own.

Of a project that has nothing, and with words as long as they may be, too.

python -m bench.screenshots [FOLDER]      # build/screenshots

`readme-backup-light.png`, `readme-explorer-light.png` and `readme-policy-light.png` are those that stand in `docs/`.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Page, sync_playwright

from bench.demo import console_of, running
from bench.extremes import EMPTY, Extremes

_AUTOMATIC_BACKUPS = 3
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 400, "height": 800}},
}


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as state,
        running(Path(state) / "demo") as (_, said),
        sync_playwright() as playwright,
    ):
        program = os.environ.get("OPENCBR_TEST_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])

        def looks(take: Callable[[Page, Shot], None]) -> None:
            for look, options in LOOKS.items():
                context = browser.new_context(
                    base_url=console_of(said), locale="en-GB", timezone_id="UTC", **options
                )
                page = context.new_page()
                take(page, partial(shot, page, folder, look))
                context.close()

        looks(main_pages)
        extremes = Extremes(Path(state) / "demo")
        extremes.make_empty_project()
        looks(empty_pages)
        vault, backup = extremes.make_long_words()
        looks(partial(long_pages, vault=vault, backup=backup))


class Shot(Protocol):
    """Takes a picture of what a page shows."""

    def __call__(self, name: str, *, whole: bool = True) -> None: ...


def shot(page: Page, folder: Path, look: str, name: str, *, whole: bool = True) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}-{look}.png", full_page=whole)
    print(folder / f"{name}-{look}.png", flush=True)


def enter(page: Page) -> None:
    page.goto("/console")
    page.get_by_role("button", name="Sign in as demo-admin").click()
    page.wait_for_url("**/console")


def main_pages(page: Page, shot: Shot) -> None:
    page.goto("/console")
    shot("sign-in")
    enter(page)
    shot("overview")
    for name in ("vaults", "backups", "operation-logs"):
        page.goto(f"/console/{name}")
        shot(name)
    page.get_by_text("more filters").click()
    shot("all-filters")
    page.goto("/console/operation-logs")
    page.locator("tbody a").first.click()
    shot("operation-log")
    page.goto("/console/vaults")
    page.locator("tbody a").first.click()
    shot("vault")
    page.goto("/console/backups")
    page.locator("tbody a").first.click()
    shot("backup")
    page.evaluate("document.querySelector('#topology').scrollIntoView()")
    shot("readme-backup", whole=False)
    policies(page, shot)
    restore(page, shot)
    page.goto("/explorer")
    shot("explorer")
    page.goto("/explorer/CreateVault")
    shot("create-vault")
    page.goto("/explorer/RestoreBackup")
    shot("restore-backup")
    page.goto("/explorer/RemoveVaultResource")
    page.get_by_role("button", name="Choose by name").last.click()
    shot("choose")
    page.goto("/explorer/ListVault")
    page.get_by_role("button", name="Show the signature").click()
    page.wait_for_selector("#signature .steps")
    shot("signature")
    page.goto("/explorer/ShowMetadata")
    page.wait_for_load_state("networkidle")
    option = page.locator("datalist option").first
    page.fill("[name=backup_id]", option.get_attribute("value") or "")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("#answer h2")
    page.get_by_text("SDK for Python", exact=True).click()
    time.sleep(0.5)  # the samples follow what was entered
    shot("show-metadata")
    page.evaluate("scrollTo(0, 0)")
    shot("readme-explorer", whole=False)
    refused(page)
    shot("refusal")
    page.goto("/explorer/reference/ShowMetadata")
    shot("reference")


def policies(page: Page, shot: Shot) -> None:
    """The demo's policy with its calendar and runs, and what a shorter retention would delete, which is not saved."""
    page.goto("/console/policies")
    shot("policies")
    page.locator("tbody a").first.click()
    runs = page.url + "/runs"
    while True:
        page.goto(runs)
        page.locator(".status.moving").first.wait_for(state="hidden", timeout=120_000)
        if page.locator("tbody tr").count() >= _AUTOMATIC_BACKUPS:
            break
        page.get_by_role("button", name="Run now").click()
        page.wait_for_url("**/runs?asked=*")
    shot("policy-runs")
    page.goto("/console/policies/calendar")
    shot("calendar")
    page.goto(runs.removesuffix("runs") + "edit")
    shot("policy-form")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(runs.removesuffix("/runs"))
    shot("policy")
    page.goto(runs.removesuffix("runs") + "edit")
    page.get_by_label("The newest", exact=True).fill("1")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#preview").wait_for()
    shot("policy-preview")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": 1000})
    page.evaluate("document.querySelector('#preview').scrollIntoView()")
    shot("readme-policy", whole=False)
    page.set_viewport_size({"width": page.viewport_size["width"], "height": 800})


def restore(page: Page, shot: Shot) -> None:
    """From the page of a backup to a new server beside the old one."""
    page.get_by_role("link", name="Plan a restore").click()
    shot("plan-a-restore")
    page.get_by_role("button", name="Make a plan").click()
    page.wait_for_url("**/restore-plans/*")
    shot("restore-plan-incomplete")
    page.get_by_label("Name", exact=True).fill("restored")
    wanted = {
        ".network": "keep",
        ".address": "new",
        ".mac": "new",
        "user_data": "drop",
        "floating_ips.": "drop",
    }
    for part, choice in wanted.items():
        for select in page.locator(f"#mapping select[name*='{part}']").all():
            select.select_option(choice)
    page.get_by_role("button", name="Plan again").click()
    page.get_by_role("button", name="Restore as a new server").wait_for()
    shot("restore-plan-ready")
    page.get_by_role("button", name="Restore as a new server").click()
    page.get_by_role("button", name="Restore it").wait_for()
    shot("restore-confirm")
    page.get_by_role("button", name="Restore it").click()
    page.wait_for_url("**/operation-logs/*")
    page.locator("#report").wait_for(timeout=120_000)
    shot("restore-report")


def refused(page: Page) -> None:
    page.goto("/explorer/ShowVault")
    page.fill("[name=vault_id]", "00000000-0000-4000-8000-000000000000")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("#answer [role=alert]")
    page.get_by_text("Request as sent").click()


def empty_pages(page: Page, shot: Shot) -> None:
    """Everything of a project that has nothing."""
    enter(page)
    page.goto("/console/projects")
    shot("projects")
    page.get_by_role("button", name=EMPTY).click()
    page.wait_for_url("**/console")
    shot("empty-overview")
    for name in ("vaults", "backups", "operation-logs"):
        page.goto(f"/console/{name}")
        shot(f"empty-{name}")
    page.goto("/explorer/CreateCheckpoint")
    page.get_by_role("button", name="Choose by name").first.click()
    shot("empty-choose")


def long_pages(page: Page, shot: Shot, *, vault: str, backup: str) -> None:
    """Everything with words as long as they may be."""
    enter(page)
    shot("long-overview")
    for name in ("vaults", "backups", "operation-logs", f"vaults/{vault}", f"backups/{backup}"):
        page.goto(f"/console/{name}")
        shot(f"long-{name.replace('s/' + (vault if vault in name else backup), '')}")
    page.goto("/console/operation-logs")
    page.locator("tbody a").first.click()
    shot("long-operation-log")
    page.goto(f"/explorer/ShowMetadata?backup_id={backup}")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector("#answer h2")
    shot("long-show-metadata")
    page.goto(f"/explorer/DeleteBackup?backup_id={backup}")
    page.get_by_role("button", name="Choose by name").click()
    shot("long-choose")


if __name__ == "__main__":
    main()
