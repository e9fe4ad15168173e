"""What all rooms share: the real cloud that tests marked `openstack` run against.

It is named by OS_CLIENT_CONFIG_FILE, OPENCBR_TEST_ADMIN_CLOUD (an admin, default "admin") and
OPENCBR_TEST_CLOUD (whose project the tests work in, default OS_CLOUD). Without these the tests are skipped;
with them a cloud that does not answer is an error.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_PREPARE = Path(__file__).parent / "openstack" / "prepare.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tenant = os.environ.get("OPENCBR_TEST_CLOUD") or os.environ.get("OS_CLOUD")
    if os.environ.get("OS_CLIENT_CONFIG_FILE") and tenant:
        return
    unnamed = pytest.mark.skip(reason="OS_CLIENT_CONFIG_FILE and OS_CLOUD name no real cloud")
    for item in items:
        if item.get_closest_marker("openstack"):
            item.add_marker(unnamed)


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
