"""`openstack cbr …`, unmodified, finds the service in the demo's catalogue and runs each command that is offered."""

import json
import os
import re
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import requests

from cli.conftest import running_demo

CLIENT = """
import contextlib, io, json, sys
from openstackclient.shell import main
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = main(["cbr", *json.loads(line)])
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""
"""The client's own entry point, again and again: a start of its own for each command would take seconds."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo of this module's own: its tests change it."""
    with running_demo(tmp_path_factory.mktemp("changed")) as running:
        yield running


@pytest.fixture(scope="module", name="cbr")
def _cbr(demo):
    """Run `openstack cbr` with the variables of the demo's file alone; (exit code, output, errors)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "OPENCBR_"))}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CLIENT],
        env=clean | demo.env(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as client:

        def run(*words):
            client.stdin.write(json.dumps(words) + "\n")
            client.stdin.flush()
            return json.loads(client.stdout.readline())

        yield run
        client.stdin.close()


@pytest.fixture(name="shown")
def _shown(cbr):
    """The same for commands that work; their output is read as JSON."""

    def run(*words):
        code, output, errors = cbr(*words, "-f", "json")
        assert code == 0, errors
        return json.loads(output)

    return run


def demo_server(demo, name):
    """Return the id of one of the demo's servers."""
    env = demo.env()
    instances = requests.get(
        f"{env['OPENCBR_ENDPOINT']}/v3/{env['OPENCBR_PROJECT_ID']}/protectables/server/instances?name={name}",
        headers={"X-Auth-Token": env["OPENCBR_TOKEN"]},
        timeout=60,
    ).json()["instances"]
    return instances[0]["id"]


def until(look, words):
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline, words
        time.sleep(0.2)
    return found


def test_what_the_demo_has_made(shown, demo):
    (vault,) = shown("vault", "list", "--name", "demo")
    assert shown("vault", "show", "demo")["ID"] == vault["ID"]
    backup = shown("backup", "show", demo.env()["OPENCBR_BACKUP_ID"])
    assert (backup["status"], backup["resource_name"], backup["vault_id"]) == (
        "available",
        "db1",
        vault["ID"],
    )
    assert backup["id"] in {row["id"] for row in shown("backup", "list", "--vault-id", vault["ID"])}
    checkpoint = shown("checkpoint", "show", backup["checkpoint_id"])
    assert checkpoint["id"] == backup["checkpoint_id"]
    (task,) = (row for row in shown("task", "list") if row["checkpoint_id"] == checkpoint["id"])
    assert shown("task", "show", task["id"])["operation_type"] == "backup"


def test_a_vault_from_its_making_to_its_end(cbr, shown, demo):
    kind = ("--consistent-level", "crash_consistent", "--object-type", "server")
    made = shown("vault", "create", "of-the-client", *kind, "--size", "20", "--description", "by hand")
    assert (made["name"], made["description"], made["size"]) == ("of-the-client", "by hand", 20)
    assert shown("vault", "update", "of-the-client", "--name", "renamed", "--size", "30")["size"] == 30

    web1 = demo_server(demo, "web1")
    bound = shown("vault", "associate", "renamed", "--resource", f"id={web1},type=OS::Nova::Server")
    assert web1 in bound.values()
    checkpoint = shown("checkpoint", "create", "--vault-id", made["ID"], "--resources", web1)
    rows = until(
        lambda: [
            row
            for row in shown("backup", "list", "--checkpoint-id", checkpoint["id"])
            if shown("backup", "show", row["id"])["status"] == "available"
        ],
        "the backup is made",
    )
    code, _, errors = cbr("backup", "delete", rows[0]["id"])
    assert code == 0, errors
    until(lambda: cbr("backup", "show", rows[0]["id"])[0] == 1, "the backup is gone")
    assert cbr("vault", "dissociate", "renamed", "--resource", web1)[0] == 0
    until(lambda: web1 not in shown("vault", "show", "renamed").values(), "the server has left")
    code, _, errors = cbr("vault", "delete", "renamed")
    assert code == 0, errors
    until(lambda: cbr("vault", "show", "renamed")[0] == 1, "the vault is gone")


def test_a_backup_is_restored_to_its_server(cbr, shown, demo):
    backup = demo.env()["OPENCBR_BACKUP_ID"]
    code, _, errors = cbr("backup", "restore", backup, "--server-id", demo_server(demo, "db1"), "--power-on")
    assert code == 0, errors
    until(lambda: shown("backup", "show", backup)["status"] == "available", "the restore has ended")
    (task,) = [row for row in shown("task", "list") if row["operation_type"] == "restore"]
    told = shown("task", "show", task["id"])
    assert told["ended_at"]
    assert not told["error_code"], "the client shows no status"


def test_what_cannot_be_restored_says_why(cbr, demo):
    code, _, errors = cbr("backup", "restore", demo.env()["OPENCBR_BACKUP_ID"], "--server-id", "x")
    assert code == 1
    assert "There is no such server" in errors


def test_a_policy_is_made_and_given_to_a_vault(cbr, shown, on_demo, demo):
    pattern = "FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"
    kept = ("--max-backups", "7", "--week-backups", "4", "--timezone", "UTC+08:00")
    made = shown("policy", "create", "of-the-client", "--pattern", pattern, *kept)
    assert (made["name"], made["enabled"], made["schedule_pattern_1"]) == ("of-the-client", True, pattern)
    assert (made["max_backups"], made["week_backups"], made["retention_duration_days"]) == (7, 4, -1)
    assert made["ID"] in {row["ID"] for row in shown("policy", "list", "--operation-type", "backup")}
    (vault,) = shown("vault", "list", "--name", "demo")
    assert shown("vault", "bind", "demo", made["ID"])["policy_id"] == made["ID"]
    assert [row["ID"] for row in shown("policy", "list", "--vault-id", vault["ID"])] == [made["ID"]]
    assert [row["ID"] for row in shown("vault", "list", "--policy-id", made["ID"])] == [vault["ID"]]

    project = demo.env()["OPENCBR_PROJECT_ID"]
    row, *_ = json.loads(on_demo("policy", "list", "--json", "--project", project).stdout)["policies"]
    assert (row["id"], len(row["next_runs"])) == (made["ID"], 5)
    words = on_demo("policy", "list", "--project", project, "--vault", vault["ID"]).stdout
    assert "Monday and Tuesday at 14:00 UTC" in words
    words = on_demo("policy", "show", "--project", project, made["ID"]).stdout
    assert "keeps: the newest 7, and the last one of each of 4 weeks (UTC+08:00)" in words
    assert vault["ID"] in words
    one = json.loads(on_demo("policy", "show", "--json", "--project", project, made["ID"]).stdout)["policy"]
    assert one["associated_vaults"] == [{"vault_id": vault["ID"], "destination_vault_id": None}]
    missing = on_demo("policy", "show", "--project", project, vault["ID"])
    assert (missing.returncode, "There is no policy" in missing.stderr) == (1, True)

    code, _, errors = cbr("vault", "unbind", "demo", made["ID"])
    assert code == 0, errors
    assert shown("policy", "list", "--vault-id", vault["ID"]) == []
    code, _, errors = cbr("vault", "unbind", "demo", made["ID"])
    assert code == 0, "the client overlooks that it is refused (400, 6002)"


BROKEN = ("show", "update", "delete")
"""Commands of `openstack cbr policy` that send nothing."""


def test_every_command_of_the_client_is_run_here():
    known = {entry.name for entry in entry_points(group="openstack.cbr.v3")}
    here = Path(__file__).read_text()
    run = {f"cbr_{noun}_{verb}" for noun, verb in re.findall(r'\b(?:cbr|shown)\("(\w+)", "(\w+)"', here)}
    assert known - run == {f"cbr_policy_{verb}" for verb in BROKEN}


@pytest.mark.parametrize("command", BROKEN)
def test_three_commands_of_the_client_are_broken(cbr, command):
    code, _, errors = cbr("policy", command, "of-the-client")
    assert code == 1
    assert "find_policy() got an unexpected keyword argument 'policy_id'" in errors
