"""`opencbr restore`: a plan as a table and as JSON, a mapping from a file, and a restore that is followed to its end."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import running_demo
from democloud.client import Client

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


def plan_of(on_demo, backup: tuple[str, str], *options: str) -> Json:
    done = on_demo("restore", "plan", "--json", *options, "--project", *backup)
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)["restore_plan"]
    return found


def chosen(plan: Json, folder: Path) -> str:
    """Write the mapping of a server beside the old one."""
    ports = [port | {"network": "keep", "address": "new", "mac": "new"} for port in plan["mapping"]["ports"]]
    floating = [
        {"floating_ip_id": one["member"].partition(".")[2], "address": "drop"}
        for one in plan["choices"]
        if one["member"].startswith("floating_ips.")
    ]
    mapping = {"name": "from-the-command-line", "user_data": "drop", "ports": ports, "floating_ips": floating}
    file = folder / "mapping.json"
    file.write_text(json.dumps(mapping))
    return str(file)


def test_a_plan_is_made_shown_and_applied(on_demo, backup, tmp_path):
    first = plan_of(on_demo, backup)
    assert first["status"] == "incomplete"
    file = chosen(first, tmp_path)
    table = on_demo("restore", "plan", "--mapping", file, "--project", *backup)
    assert table.returncode == 0, table.stderr
    assert "the mapping does without" in table.stdout
    assert "is ready: " in table.stdout
    plan = plan_of(on_demo, backup, "--mapping", file)
    assert plan["id"] in on_demo("restore", "show", "--project", backup[0], plan["id"]).stdout
    listed = on_demo("restore", "list", "--json", "--project", backup[0], "--backup", backup[1])
    newest = json.loads(listed.stdout)["restore_plans"][0]
    assert (newest["id"], newest["status"], newest["job_id"]) == (plan["id"], "ready", None)
    assert plan["id"] in on_demo("restore", "list", "--project", backup[0]).stdout
    done = on_demo("restore", "apply", "--project", backup[0], plan["id"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert " is there: " in done.stdout


def test_one_disk_is_restored_as_a_new_volume(on_demo, backup):
    options = ("--as", "new_volume")
    (choice,) = plan_of(on_demo, backup, *options)["choices"]
    refused = on_demo("restore", "plan", "--disk", choice["options"][0], "--project", *backup)
    assert (refused.returncode, "a restore as new_server has no such choice" in refused.stderr) == (1, True)
    plan = plan_of(on_demo, backup, *options, "--disk", choice["options"][-1])
    assert (plan["as"], plan["status"], plan["mapping"]["volume_id"]) == (
        "new_volume",
        "ready",
        choice["options"][-1],
    )
    assert " new_volume " in on_demo("restore", "list", "--project", backup[0]).stdout
    done = on_demo("restore", "apply", "--project", backup[0], plan["id"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^volume [0-9a-f-]{36} is there: ", done.stdout, re.MULTILINE)


def of_the_checkpoint(on_demo, backup: tuple[str, str]) -> tuple[str, ...]:
    logs = json.loads(on_demo("operation-logs", "list", "--json", "--project", backup[0]).stdout)[
        "operation_logs"
    ]
    checkpoint = next(log["checkpoint_id"] for log in logs if log["operation_type"] == "backup")
    return "--project", backup[0], "--checkpoint", checkpoint


def test_a_whole_checkpoint_is_planned_and_restored(on_demo, backup):
    options = of_the_checkpoint(on_demo, backup)
    first = json.loads(on_demo("restore", "plan", "--json", *options).stdout)["restore_plan"]
    assert (first["as"], first["status"], first["backup_id"]) == ("new_resources", "incomplete", None)
    told = on_demo("restore", "plan", *options).stdout
    assert f", backup {backup[1]}:" in told
    assert "what several of them have, made once:" in told
    listed = on_demo("restore", "list", "--json", *options)
    assert len(json.loads(listed.stdout)["restore_plans"]) == 2
    wrong = on_demo("restore", "plan", *options, backup[1])
    assert (wrong.returncode, "Name a backup, or a checkpoint with --checkpoint." in wrong.stderr) == (
        2,
        True,
    )


def test_a_whole_checkpoint_is_restored_as_its_plan_says(on_demo, backup, tmp_path):
    options = of_the_checkpoint(on_demo, backup)
    first = json.loads(on_demo("restore", "plan", "--json", *options).stdout)["restore_plan"]
    file = tmp_path / "mapping.json"
    mapping = json.loads(Path(chosen(first, tmp_path)).read_text())
    del mapping["name"]
    file.write_text(json.dumps(mapping))
    plan = json.loads(on_demo("restore", "plan", "--json", *options, "--mapping", str(file)).stdout)[
        "restore_plan"
    ]
    assert plan["status"] == "ready", (plan["choices"], plan["problems"])
    done = on_demo("restore", "apply", "--json", "--project", backup[0], plan["id"])
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)["operation_log"]["extra_info"]["restore"]
    assert all(one["target_resource_id"] for one in told["resources"])


def test_what_is_still_to_be_chosen_is_said_in_words(on_demo, backup):
    done = on_demo("restore", "plan", "--all", "--project", *backup)
    assert "choose user_data: run | drop: " in done.stdout
    assert "server.name" in done.stdout


def test_a_plan_that_is_not_ready_is_not_applied(on_demo, backup):
    plan = plan_of(on_demo, backup)
    done = on_demo("restore", "apply", "--project", backup[0], plan["id"])
    assert (done.returncode, "The plan is incomplete" in done.stderr) == (1, True)


def test_a_mapping_that_is_none_is_refused(on_demo, backup, tmp_path):
    file = tmp_path / "mapping.json"
    file.write_text("[]")
    done = on_demo("restore", "plan", "--mapping", str(file), "--project", *backup)
    assert (done.returncode, "is not the mapping of a plan" in done.stderr) == (1, True)


def test_a_plan_goes_into_another_project(on_demo, backup, demo):
    other = Client("other", str(demo.state / "clouds.yaml")).project_id
    plan = plan_of(on_demo, backup, "--into", other)
    assert plan["mapping"]["project_id"] == other
    assert any(f"is made in project {other}" in notice for notice in plan["notices"])
    shown = on_demo("restore", "show", "--project", backup[0], plan["id"])
    assert (shown.returncode, other in shown.stdout) == (0, True)


def test_a_project_that_is_nowhere_is_told_in_words(on_demo, backup):
    done = on_demo("restore", "plan", "--into", "0" * 32, "--project", *backup)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the service user has no role" in done.stderr
