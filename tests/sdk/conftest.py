"""The same tests on the embedded cloud, with SQLite and PostgreSQL, and, where one is named, on a real OpenStack.

OPENCBR_TEST_SERVER (default db1) is a server of the test project that boots from a volume.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from opencbr.democloud import DemoCloud, Timing
from support.databases import POSTGRES, SQLITE, Databases

from .installation import Installation, Key, installed

TENANT = "opencbr-test-admin"


_INSTALLATIONS = [
    pytest.param(SQLITE, id="embedded"),
    pytest.param(POSTGRES, id="embedded-postgres", marks=pytest.mark.postgres),
    pytest.param("real", marks=pytest.mark.openstack),
]


@pytest.fixture(scope="module", name="installation", params=_INSTALLATIONS)
def _installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    if request.param == "real":
        clouds: Path = request.getfixturevalue("real_clouds")
        key = yaml.safe_load(clouds.read_text())["clouds"][TENANT]["ec2"]
        name = os.environ.get("OPENCBR_TEST_SERVER", "db1")
        with installed(
            folder, clouds, Key(key["access"], key["secret"], key["project_id"]), name
        ) as installation:
            yield installation
        return
    timing = Timing(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    # The database is empty: `opencbr db upgrade` is part of the story.
    with (
        databases.fresh(request.param, folder, empty=True) as url,
        DemoCloud(folder / "cloud", timing=timing) as cloud,
    ):
        clouds = folder / "clouds.yaml"
        clouds.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        key = Key(*cloud.access_key("demo-admin"), cloud.account("demo-admin")["project_id"])
        with installed(folder, clouds, key, "db1", url) as installation:
            yield installation
