"""The samples, executed as they stand on the explorer's page, do on a real server what they say: every operation it offers."""

import io
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from api.api_server import ApiServer, open_server
from console.browser import Browser
from opencbr.api.routes import ROUTES
from opencbr.contract import contract_operations
from opencbr.democloud import DemoCloud, Timing
from opencbr.samples.openstack_commands import COMMANDS
from support.databases import SQLITE

from .scenarios import SCENARIOS, Scenario
from .screen import entries_of, sample_on_screen

OPERATIONS = {route.operation.name: route.operation for route in ROUTES}
IN_SHELL = ("curl-token", "curl-signed", "openstack")


CASES = [
    pytest.param(operation, language, id=f"{operation}-{language}")
    for operation in OPERATIONS
    for language in ("curl-token", "curl-signed", "requests", "sdk-python")
    if language != "sdk-python" or operation in contract_operations()
]


ACCOUNT = "demo-admin"
"""Who may do everything that is offered."""


@pytest.fixture(scope="module", name="cbr")
def _cbr(tmp_path_factory, databases):
    folder = tmp_path_factory.mktemp("server")
    with (
        DemoCloud(folder / "cloud", timing=Timing.by_polls(2)) as cloud,
        databases.fresh(SQLITE, folder) as url,
        open_server(folder, cloud, url, one_click=(ACCOUNT,)) as cbr,
    ):
        yield cbr


@pytest.fixture(scope="module", name="browser")
def _browser(cbr: ApiServer) -> Browser:
    """A browser in which the account is signed in."""
    browser = Browser(cbr.url)
    assert browser.sign_in("one-click", user=ACCOUNT).status_code == 303
    return browser


def test_every_operation_that_is_offered_has_its_scenario():
    assert SCENARIOS.keys() == OPERATIONS.keys()


@pytest.mark.matrix(fast=3)  # starting the client takes seconds
@pytest.mark.parametrize(
    "name", [name for name in OPERATIONS if name in COMMANDS and not COMMANDS[name].broken]
)
def test_the_command_does_it(name, cbr: ApiServer, browser: Browser, monkeypatch):
    test_the_sample_does_it(name, "openstack", cbr, browser, monkeypatch)


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "language"), CASES)
def test_the_sample_does_it(name, language, cbr: ApiServer, browser: Browser, monkeypatch):
    scenario = SCENARIOS[name](cbr)
    output = run(language, shown(browser, name, scenario, language), cbr, monkeypatch)
    assert scenario.told in output
    assert scenario.seen()


@pytest.mark.parametrize("language", ["curl-token", "curl-signed", "requests", "sdk-python"])
def test_a_refused_request_fails_and_says_why(language, cbr: ApiServer, browser: Browser, monkeypatch):
    missing = Scenario("", {"vault_id": "5a1b2c3d-0000-4000-8000-000000000000"})
    text = shown(browser, "ShowVault", missing, language)
    with pytest.raises(Exception, match=r"BackupService\.6105|404"):
        run(language, text, cbr, monkeypatch)


def shown(browser: Browser, name: str, scenario: Scenario, language: str) -> str:
    """Return what stands on the page once the scenario's request is entered."""
    return sample_on_screen(browser, name, entries_of(scenario.path, scenario.query, scenario.body), language)


def run(language: str, text: str, cbr: ApiServer, monkeypatch) -> str:
    """Run a sample with nothing but its documented variables; return what it prints."""
    access, secret = cbr.cloud.access_key(ACCOUNT)
    variables = {"OS_TOKEN": cbr.token(ACCOUNT), "HUAWEICLOUD_SDK_AK": access, "HUAWEICLOUD_SDK_SK": secret}
    if language not in IN_SHELL:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(text, language, "exec"), {"__name__": "__main__"})
        return printed.getvalue()
    if language == "openstack":
        variables = openstack_variables(cbr)
    elif not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not installed")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-eu", "-c", text],
        check=False,
        env=variables | {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(cbr.folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise AssertionError(f"{done.stdout}\n{done.stderr}")
    return done.stdout


def openstack_variables(cbr: ApiServer) -> dict[str, str]:
    """What an openrc file sets."""
    account = cbr.cloud.account(ACCOUNT)
    return {
        "OS_AUTH_URL": cbr.cloud.auth_url,
        "OS_USERNAME": account["user_name"],
        "OS_PASSWORD": account["password"],
        "OS_PROJECT_ID": account["project_id"],
        "OS_USER_DOMAIN_ID": "default",
        "OS_IDENTITY_API_VERSION": "3",
        "COLUMNS": "400",
        "PYTHONWARNINGS": "ignore",
    }
