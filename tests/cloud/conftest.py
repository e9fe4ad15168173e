"""One embedded cloud for the room; faults and calls seen are forgotten between tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud import DemoCloud, Timing

from .clouds import CloudEnv, QuickClock


@pytest.fixture(scope="session", name="demo")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    with DemoCloud(tmp_path_factory.mktemp("cloud") / "state", timing=Timing.instant()) as demo:
        yield demo
        assert demo.errors == []


@pytest.fixture(scope="session", name="clouds_file")
def _clouds_file(demo: DemoCloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    file.write_text(yaml.safe_dump(demo.clouds_yaml()))
    return file


@pytest.fixture(scope="session", name="shared_env")
def _shared_env(demo: DemoCloud, clouds_file: Path) -> CloudEnv:
    clock = QuickClock()
    return CloudEnv(
        demo,
        clouds_file,
        clock,
        Cloud(CloudSettings(cloud="opencbr", config_files=(str(clouds_file),)), clock),
    )


@pytest.fixture(name="env")
def _env(shared_env: CloudEnv) -> Iterator[CloudEnv]:
    # Signed in and discovered, so that a fault hits the call it is meant for.
    shared_env.cloud.reader().newest("compute")
    shared_env.cloud.project(shared_env.project_id).find_snapshot("none", "none")
    shared_env.demo.calls.clear()
    shared_env.clock.slept.clear()
    yield shared_env
    shared_env.demo.faults.clear()
