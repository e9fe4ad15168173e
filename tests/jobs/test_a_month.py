"""Forty nights of four policies on an ordered clock, with the real jobs: what is kept, and what there is in the end."""

from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from support.databases import SQLITE, Databases
from support.job_env import empty_env
from support.month import begin


@pytest.mark.thorough
def test_each_day_is_kept_what_the_reference_keeps_and_rows_ledger_and_cloud_agree(
    tmp_path: Path, databases: Databases
) -> None:
    with (
        DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud,
        empty_env(SQLITE, tmp_path, cloud, databases) as env,
    ):
        month = begin(env, 5)
        for number in range(40):
            month.day(number)
        assert 0 < month.agree() < month.made, "some have gone from the cloud too"
        assert month.gone > 50
        assert cloud.errors == []
