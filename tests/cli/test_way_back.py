"""`opencbr restore way-back`, `undo`, `confirm`: what stands is shown, disks are named before, an undoing is followed."""

import json
import time
from typing import Any

import pytest
import requests

from cli.conftest import running_demo

Json = dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo of this module's own: its tests change it."""
    with running_demo(tmp_path_factory.mktemp("changed")) as running:
        yield running


@pytest.fixture(name="backup")
def _backup(on_demo) -> tuple[str, str]:
    """The project and the backup of the demo's server."""
    (chain,) = json.loads(on_demo("record", "chain", "--json").stdout)["chains"]
    return chain["project_id"], chain["links"][-1]["backup_id"]


def restored(demo, backup: str) -> str:
    """Restore the demo's server in place; the operation log."""
    env = demo.env()
    base = f"{env['OPENCBR_ENDPOINT']}/v3/{env['OPENCBR_PROJECT_ID']}"
    headers = {"X-Auth-Token": env["OPENCBR_TOKEN"]}
    answer = requests.post(
        f"{base}/backups/{backup}/restore", json={"restore": {}}, headers=headers, timeout=60
    )
    assert answer.status_code == 202, answer.text
    job = str(answer.json()["job_id"])
    deadline = time.monotonic() + 180
    while True:
        log = requests.get(f"{base}/operation-logs/{job}", headers=headers, timeout=60).json()[
            "operation_log"
        ]
        if log["ended_at"]:
            assert log["status"] == "success", log
            return job
        assert time.monotonic() < deadline, log
        time.sleep(0.2)


def test_a_restore_is_undone_once_that_was_said(demo, on_demo, backup):
    project, backup_id = backup
    job = restored(demo, backup_id)
    shown = on_demo("restore", "way-back", "--json", "--project", project, job)
    assert shown.returncode == 0, shown.stderr
    way_back: Json = json.loads(shown.stdout)["way_back"]
    assert (way_back["status"], len(way_back["disks"])) == ("kept", 3)
    table = on_demo("restore", "way-back", "--project", project, job).stdout
    assert all(one["snapshot_id"][:8] in table for one in way_back["disks"])
    asked = on_demo("restore", "undo", "--project", project, job, text="n\n")
    assert asked.returncode == 1
    assert "Take 3 disk(s) back, and lose what may have been written since to 3 of them?" in asked.stderr
    done = on_demo("restore", "undo", "--yes", "--project", project, job)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the disks hold what they held before the restore" in done.stdout
    again = on_demo("restore", "undo", "--yes", "--project", project, job)
    assert (again.returncode, "was undone already" in again.stderr) == (1, True)


def test_a_restore_is_confirmed_once_that_was_said(demo, on_demo, backup):
    project, backup_id = backup
    job = restored(demo, backup_id)
    asked = on_demo("restore", "confirm", "--project", project, job, text="n\n")
    assert (asked.returncode, "Delete the snapshots" in asked.stderr) == (1, True)
    done = on_demo("restore", "confirm", "--yes", "--project", project, job)
    assert done.returncode == 0, done.stderr
    assert "is confirmed" in on_demo("restore", "way-back", "--project", project, job).stdout
