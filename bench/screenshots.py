"""`make screenshots`: the console's main pages, in light, in dark and as wide as a phone, of a demo of its own.

python -m bench.screenshots [FOLDER]      # build/screenshots

`readme-backup-light.png` and `readme-explorer-light.png` are the two that stand in `docs/`.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.demo import console_of, running

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
        for look, options in LOOKS.items():
            context = browser.new_context(
                base_url=console_of(said), locale="en-GB", timezone_id="UTC", **options
            )
            taken(context.new_page(), folder, look)


def taken(page: Page, folder: Path, look: str) -> None:
    def shot(name: str, *, whole: bool = True) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{look}.png", full_page=whole)
        print(folder / f"{name}-{look}.png", flush=True)

    page.goto("/console")
    shot("sign-in")
    page.get_by_role("button", name="Sign in as demo-admin").click()
    page.wait_for_url("**/console")
    shot("overview")
    for name in ("vaults", "backups", "operation-logs"):
        page.goto(f"/console/{name}")
        shot(name)
    page.goto("/console/vaults")
    page.locator("tbody a").first.click()
    shot("vault")
    page.goto("/console/backups")
    page.locator("tbody a").first.click()
    shot("backup")
    page.evaluate("document.querySelector('#topology').scrollIntoView()")
    shot("readme-backup", whole=False)
    page.goto("/explorer")
    shot("explorer")
    page.goto("/explorer/CreateVault")
    shot("create-vault")
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
    page.goto("/explorer/reference/ShowMetadata")
    shot("reference")


if __name__ == "__main__":
    main()
