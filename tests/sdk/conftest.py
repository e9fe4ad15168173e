"""The same tests on the embedded cloud and, where one is named, on a real OpenStack.

A real one is named by OS_CLIENT_CONFIG_FILE as `tests/openstack/prepare.py` writes it; OPENCBR_TEST_SERVER
(default db1) is a server of its test project that boots from a volume.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from opencbr.democloud import DemoCloud, Pace

from .installation import Installation, Key, installed

TENANT = "opencbr-test-admin"


def _named() -> dict[str, Any]:
    file = os.environ.get("OS_CLIENT_CONFIG_FILE")
    return yaml.safe_load(Path(file).read_text())["clouds"] if file and Path(file).exists() else {}


_REAL = "ec2" in _named().get(TENANT, {}) and "opencbr" in _named()
_CLOUDS = ["embedded", *([pytest.param("real", marks=pytest.mark.openstack)] if _REAL else [])]


@pytest.fixture(scope="module", name="site", params=_CLOUDS)
def _site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("site")
    if request.param == "real":
        key = _named()[TENANT]["ec2"]
        name = os.environ.get("OPENCBR_TEST_SERVER", "db1")
        clouds = Path(os.environ["OS_CLIENT_CONFIG_FILE"]).absolute()
        with installed(folder, clouds, Key(key["access"], key["secret"], key["project_id"]), name) as site:
            yield site
        return
    pace = Pace(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    with DemoCloud(folder / "cloud", pace=pace) as cloud:
        clouds = folder / "clouds.yaml"
        clouds.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        key = Key(*cloud.access_key("demo-admin"), cloud.account("demo-admin")["project_id"])
        with installed(folder, clouds, key, "db1") as site:
            yield site
