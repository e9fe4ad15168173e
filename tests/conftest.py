"""What all rooms share: databases, and the real cloud that tests marked `openstack` run against.

Tests marked `postgres` run on the server that OPENCBR_TEST_POSTGRES names (`make test-postgres` starts one). The cloud
is named by OS_CLIENT_CONFIG_FILE, OPENCBR_TEST_ADMIN_CLOUD (an admin, default "admin") and OPENCBR_TEST_CLOUD (whose
project the tests work in, default OS_CLOUD). Without these the tests are skipped; with them a server or a cloud that
does not answer is an error.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from opencbr.store.database import Database
from support.chromium import CHROMIUM, chromium
from support.databases import KINDS, Databases
from support.matrices import leave_the_rest_to_thorough
from support.postgres import VARIABLE
from support.sdk_answers import decoded_whole
from support.transactions import only_rows
from support.turns import take_turns
from support.whole_reads import whole_reads

settings.register_profile("opencbr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opencbr")  # no test fails by the clock

pytest_plugins = ["pytester"]

_PREPARE = Path(__file__).parent / "openstack" / "prepare.py"
_TOGETHER = dict.fromkeys(
    [
        f"tests/cli/test_{name}.py"
        for name in ("commands", "demo", "files", "keys", "orphans", "otcextensions", "parent")
    ],
    "a running demo",
)
"""Modules by what they share: one test process runs them, so that it is started once."""

_SPREAD = ("tests/crash/", "tests/api/test_schemathesis.py")
"""Long modules whose tests share nothing that is dear: all test processes run them. The others stay whole."""


def pytest_configure(config: pytest.Config) -> None:
    if file := os.environ.get("OPENCBR_TEST_CONTEXTS"):
        from support.contexts import Contexts

        config.pluginmanager.register(Contexts(Path(file)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run two test processes on each processor (`-n auto`): most tests wait, for a cloud or for a lease to end."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand modules to the processes, the largest first: their tests share what was started for them.

    (xdist's own groups need an older pytest.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return nodeid if module.startswith(_SPREAD) else _TOGETHER.get(module, module)

    return Scheduling(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what takes long to collect where none of its tests would be run."""
    slow = collection_path.name == "test_openapi_bounds.py"
    return True if slow and "not thorough" in config.option.markexpr else None


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_the_rest_to_thorough(items)
    take_turns(config, items)
    tenant = os.environ.get("OPENCBR_TEST_CLOUD") or os.environ.get("OS_CLOUD")
    missing = {}
    if not (os.environ.get("OS_CLIENT_CONFIG_FILE") and tenant):
        missing["openstack"] = "OS_CLIENT_CONFIG_FILE and OS_CLOUD name no real cloud"
    if chromium() is None:
        missing["browser"] = f"no Chromium here: install one, or name it in {CHROMIUM}"
    if not os.environ.get(VARIABLE):
        missing["postgres"] = f"{VARIABLE} names no server: make test-postgres starts one"
    for item in items:
        for marker, reason in missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in which no test ran, as pytest does where none was collected: skipped is not passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and reporter and not session.config.option.collectonly:
        ran = ("passed", "failed", "xfailed", "xpassed")
        if not any(reporter.stats.get(outcome) for outcome in ran):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(params=KINDS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database; a test that looks into SQLite's files names "sqlite" alone."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has its schema and nothing else."""
    with databases.fresh(dialect, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, opened."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def transactions() -> Iterator[None]:
    """Whatever a test does in this process: its transactions read and write rows, and do nothing else."""
    with only_rows() as seen:
        yield
    assert not seen, f"done inside a transaction: {dict.fromkeys(seen)}"


@pytest.fixture(scope="session", name="read_whole")
def _read_whole() -> Iterator[list[str]]:
    """What this process has sent SQLite by now that reads all of a table that grows with every backup."""
    with whole_reads() as seen:
        yield seen


@pytest.fixture
def no_whole_reads(read_whole: list[str]) -> Iterator[None]:
    """Whatever a test does in this process: it reads what it is about, never all that there is."""
    before = len(read_whole)
    yield
    assert read_whole[before:] == []


@pytest.fixture(autouse=True)
def _decoded_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever the vendor's SDK is answered in a test: it decodes that without a warning, a guess or an undue None.

    But where the answers are not this service's (`foreign_answers`).
    """
    if request.node.get_closest_marker("foreign_answers"):
        yield
        return
    with decoded_whole() as seen:
        yield
    assert not seen, f"decoded otherwise than it was sent: {list(dict.fromkeys(seen))}"


@pytest.fixture(scope="session")
def real_clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clouds.yaml for the real cloud with users of this run alone, as `openstack/prepare.py` says."""
    file = tmp_path_factory.mktemp("real") / "clouds.yaml"
    _prepare("--own", file)
    yield file
    _prepare("--remove", file)


def _prepare(verb: str, file: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(_PREPARE), verb, str(file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"the real cloud could not be made ready:\n{done.stderr}"
