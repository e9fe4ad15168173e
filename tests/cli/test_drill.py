"""`opencbr drill`: run and followed to a verdict, listed and shown, as a table and as JSON."""

import json

import pytest

from cli.conftest import running_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo of this module's own: its tests change it."""
    with running_demo(tmp_path_factory.mktemp("drilled")) as running:
        yield running


@pytest.fixture(name="backup")
def _backup(on_demo) -> tuple[str, str]:
    """The project and the backup of the demo's server."""
    (chain,) = json.loads(on_demo("record", "chain", "--json").stdout)["chains"]
    return chain["project_id"], chain["links"][-1]["backup_id"]


def test_a_drill_is_run_listed_and_shown(on_demo, backup):
    project, backup_id = backup
    done = on_demo("drill", "run", "--project", project, "--backup", backup_id)
    assert done.returncode == 0, done.stderr
    assert "unchecked: booted, content unchecked; it took " in done.stdout
    (row,) = json.loads(on_demo("drill", "list", "--json", "--project", project).stdout)["drills"]
    assert (row["backup_id"], row["verdict"]) == (backup_id, "unchecked")
    assert "unchecked" in on_demo("drill", "list", "--project", project, "--backup", backup_id).stdout
    assert (
        "nobody has drilled" in on_demo("drill", "list", "--project", project, "--verdict", "passed").stdout
    )
    assert (
        "nobody has drilled" in on_demo("drill", "list", "--project", project, "--policy", row["id"]).stdout
    )
    shown = json.loads(on_demo("drill", "show", "--json", "--project", project, row["id"]).stdout)["drill"]
    assert {one["kind"] for one in shown["findings"]} == {"server", "disk", "port"}
    table = on_demo("drill", "show", "--project", project, row["id"])
    assert "GiB" in table.stdout


def test_the_newest_backup_of_a_server_is_tried(on_demo, backup):
    project, _ = backup
    (row,) = json.loads(on_demo("drill", "list", "--json", "--project", project).stdout)["drills"]
    done = on_demo("drill", "run", "--json", "--project", project, row["resource_id"])
    assert done.returncode == 0, done.stderr
    (drill,) = json.loads(done.stdout)["drills"]
    assert (drill["backup_id"], drill["verdict"]) == (row["backup_id"], "unchecked")


def test_what_is_wrong_is_said(on_demo, backup):
    project, _ = backup
    done = on_demo("drill", "run", "--project", project)
    assert (done.returncode, "name the servers" in done.stderr) == (1, True)
    done = on_demo("drill", "run", "--project", project, project)
    assert (done.returncode, "no finished backup" in done.stderr) == (1, True)
