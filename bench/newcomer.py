"""A newcomer's path, timed: clone, `make demo`, the console opened, ShowMetadata sent, its Python samples run.

python -m bench.newcomer [REPOSITORY]      # this one

Nothing is read but what the program prints and what the pages show: the script follows the printed address, clicks what has a
name, and pastes into a shell what the page's button has copied.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from playwright.sync_api import Page, expect, sync_playwright

HERE = Path(__file__).parents[1]
SAMPLES = ("Python, requests", "SDK for Python")


def main() -> None:
    repository = sys.argv[1] if len(sys.argv) > 1 else str(HERE)
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "opencbr"
        with step("git clone"):
            subprocess.run(["git", "clone", "--quiet", repository, clone], check=True)
        with demo(clone, Path(folder)) as address, sync_playwright() as playwright:
            program = os.environ.get("OPENCBR_TEST_CHROMIUM", "/usr/bin/chromium")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
            looked_at(context.new_page(), address, Path(folder))


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print how long something took."""
    begun = perf_counter()
    yield
    print(f"| {name} | {perf_counter() - begun:.1f} |", flush=True)


@contextmanager
def demo(clone: Path, folder: Path) -> Iterator[str]:
    """Say `make demo`, and give the address that it prints for a browser."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    environment.pop("PYTHONPATH", None)
    with subprocess.Popen(
        ["make", "demo"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        try:
            with step("`make demo` until it names an address for the browser"):
                for line in run.stdout:
                    if found := re.search(r"In a browser.* (http://\S+)", line):
                        break
                else:
                    raise SystemExit("make demo ended without an address")
            yield found[1]
        finally:
            os.killpg(run.pid, signal.SIGINT)
            run.stdout.read()


def looked_at(page: Page, address: str, folder: Path) -> None:
    """Click the way to ShowMetadata, and run what the page gives."""
    with step("page open, one click: signed in"):
        page.goto(address)
        page.get_by_role("button", name="Sign in as demo-admin").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    with step("from the newest backup to ShowMetadata in the explorer, sent"):
        page.locator("section[aria-labelledby=newest] tbody a").first.click()
        page.get_by_role("link", name="ShowMetadata").first.click()
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer .status").first).to_have_text("200")
    for title in SAMPLES:
        with step(f"sample “{title}” copied"):
            page.get_by_text(title, exact=True).click()
            panel = page.locator(".tabs > .panel:visible")
            panel.get_by_text("Run it with one paste into a shell").click()
            panel.locator(".pasted").get_by_role("button", name="Copy").click()
            text = page.evaluate("navigator.clipboard.readText()")
        with step(f"sample “{title}” pasted into a shell, with what it installs"):
            home = folder / title.split()[0].strip(",")
            home.mkdir()
            done = subprocess.run(
                ["bash", "-s"], input=text, cwd=home, capture_output=True, text=True, check=False, env=plain()
            )
            if done.returncode or "OS-EXT-SRV-ATTR" not in done.stdout:
                raise SystemExit(f"the sample failed:\n{text}\n{done.stdout}\n{done.stderr}")


def plain() -> dict[str, str]:
    """The environment of a shell that knows nothing of this repository's own tools."""
    kept = {"PATH", "HOME", "LANG", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "HTTPS_PROXY", "https_proxy"}
    found = {name: value for name, value in os.environ.items() if name in kept}
    own = str(Path(sys.executable).parent)
    return found | {"PATH": os.pathsep.join(one for one in found["PATH"].split(os.pathsep) if one != own)}


if __name__ == "__main__":
    main()
