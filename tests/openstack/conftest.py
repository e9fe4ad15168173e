"""The whole service on the embedded cloud and on a real one, the calls between them recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from opencbr.democloud import DemoCloud, Timing
from sdk.installation import Key
from support.full_stack import FullStack, full_stack_of


@pytest.fixture(scope="module", name="settings")
def _settings() -> str:
    """More lines of the configuration file, for modules that need some."""
    return ""


@pytest.fixture(
    scope="module",
    name="stack",
    params=[
        pytest.param("embedded", marks=pytest.mark.thorough),
        pytest.param("real", marks=pytest.mark.openstack),
    ],
)
def _stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, settings: str
) -> Iterator[FullStack]:
    folder: Path = tmp_path_factory.mktemp("stack")
    if request.param == "real":
        clouds: Path = request.getfixturevalue("real_clouds")
        key = Key(**yaml.safe_load(clouds.read_text())["clouds"]["opencbr-test-admin"]["ec2"])
        with full_stack_of(
            folder,
            clouds,
            admin="opencbr-test-admin",
            member="opencbr-test-member",
            other="opencbr-test-other",
            key=key,
            settings=settings,
        ) as stack:
            yield stack
        return
    with DemoCloud(
        folder / "cloud", timing=Timing(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0)
    ) as cloud:
        clouds = folder / "all-clouds.yaml"
        clouds.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        key = Key(*cloud.access_key("demo-admin"), cloud.account("demo-admin")["project_id"])
        with full_stack_of(
            folder,
            clouds,
            admin="demo-admin",
            member="demo",
            other="other",
            key=key,
            demo=cloud,
            settings=settings,
        ) as stack:
            yield stack
        assert cloud.errors == []
