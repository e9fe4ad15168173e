"""One embedded cloud for the room; faults and calls seen are forgotten between tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud import DemoCloud, Timing

from .clouds import QuickClock, Rig


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


@pytest.fixture(scope="session", name="shared_rig")
def _shared_rig(demo: DemoCloud, clouds_file: Path) -> Rig:
    clock = QuickClock()
    return Rig(
        demo,
        clouds_file,
        clock,
        Cloud(CloudSettings(cloud="opencbr", config_files=(str(clouds_file),)), clock),
    )


@pytest.fixture(name="rig")
def _rig(shared_rig: Rig) -> Iterator[Rig]:
    # Signed in and discovered, so that a fault hits the call it is meant for.
    shared_rig.cloud.reader().newest("compute")
    shared_rig.cloud.project(shared_rig.project_id).find_snapshot("none", "none")
    shared_rig.demo.calls.clear()
    shared_rig.clock.slept.clear()
    yield shared_rig
    shared_rig.demo.faults.clear()
