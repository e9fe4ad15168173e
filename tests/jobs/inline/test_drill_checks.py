"""The operator's checks of a drill: a program, a port, a text on the console, each with its time; what is said is bounded."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.drill.running import run
from opencbr.jobs.engine.port import Cancelled
from opencbr.jobs.settings import DrillCheck, DrillSettings
from opencbr.model.drill import Drill
from opencbr.model.operation_log import OperationLog
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv

SERVER = "db1"
PYTHON = (sys.executable, "-I", "-c")


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


@pytest.fixture
def backup(place: JobEnv, ctx: JobContext) -> str:
    log = carry_out_inline(place, ctx, place.request_backup(place.bind(SERVER)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def check(**changes: Any) -> DrillCheck:
    return DrillCheck(**{"name": "a check", **changes})


def drilled(
    env: JobEnv, ctx: JobContext, backup_id: str, *checks: DrillCheck, enter: tuple[str, ...] = ()
) -> tuple[OperationLog, Drill]:
    was = env.things()
    operation = env.request_drill(backup_id)
    ctx = replace(ctx, drill=DrillSettings(enter=enter, checks=checks))
    log = carry_out_inline(env, ctx, operation)
    assert env.things() == was
    return log, env.drill(operation)


def test_a_program_is_told_of_the_drill_and_can_compare_the_disks(
    place: JobEnv, ctx: JobContext, backup: str, tmp_path: Path
):
    env, told = place, tmp_path / "told.json"
    source = "import json, sys; json.dump({'given': json.load(sys.stdin), 'argv': sys.argv[2:]}, open(sys.argv[1], 'w'))"
    command = (
        *PYTHON,
        source,
        str(told),
        "{server_id}",
        "{network_id} {address}",
        "{volume_ids}",
        "{unknown}",
    )
    log, drill = drilled(env, ctx, backup, check(command=command))
    assert (log.status, drill.verdict, drill.reason) == ("success", "passed", "booted, all checks held")
    assert [(one.name, one.held, one.said) for one in drill.findings if one.kind == "command"] == [
        ("a check", True, "exit code 0")
    ]
    assert drill.duration_seconds is not None
    found = json.loads(told.read_text())
    given, (server, nic, volumes, unknown) = found["given"], found["argv"]
    assert (given["server_id"], given["backup_id"], given["drill_id"]) == (server, backup, drill.id)
    assert given["captured_server_id"] == env.server_id(SERVER)
    assert volumes.split(",") == [disk["volume_id"] for disk in given["disks"]]
    assert given["disks"][0]["captured_volume_id"] == env.volume_id(f"{SERVER}-root")
    assert nic == f"{given['ports'][0]['network_id']} {given['ports'][0]['addresses'][0]}"
    assert unknown == "{unknown}"


WRONG = {
    "an exit code": (("import sys; sys.exit('the table is empty')",), "exit code 1: the table is empty"),
    "time": (
        ("import time; print('begun', flush=True); time.sleep(600)",),
        "not ended after 1 seconds: begun",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_program_that_does_not_hold_fails_the_drill(place: JobEnv, ctx: JobContext, backup: str, what: str):
    source, words = WRONG[what]
    wrong = check(name="data", command=(*PYTHON, *source), seconds=1.0 if what == "time" else 60.0)
    log, drill = drilled(place, ctx, backup, wrong, check(name="good", command=("true",)))
    assert (log.status, log.error_code, drill.verdict) == ("failed", "2005", "failed")
    assert drill.reason == f"command data: {drill.findings[-2].said}"
    assert words in drill.reason
    assert (drill.findings[-1].name, drill.findings[-1].held) == ("good", True)
    assert drill.duration_seconds is None


def test_a_program_that_is_not_there_fails_the_drill(place: JobEnv, ctx: JobContext, backup: str):
    _, drill = drilled(place, ctx, backup, check(command=("/nowhere/check",)))
    assert (drill.verdict, drill.findings[-1].said) == (
        "failed",
        "it cannot be started: No such file or directory",
    )


def test_a_text_on_the_console_is_waited_for(place: JobEnv, ctx: JobContext, backup: str):
    _, drill = drilled(place, ctx, backup, check(console="login:"))
    assert (drill.verdict, drill.findings[-1].said) == ("passed", "the text stands on the console")
    log, drill = drilled(place, ctx, backup, check(console="kernel panic", seconds=30.0))
    assert (log.status, drill.verdict) == ("failed", "failed")
    assert "within 30 seconds" in drill.findings[-1].said
    assert "login" not in drill.reason


def test_a_port_is_tried_by_the_way_that_the_operator_has(place: JobEnv, ctx: JobContext, backup: str):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # What leads into a network is a program that runs another one there: here every address is this machine's.
        source = (
            "import os, sys; address, *argv = sys.argv[1:]; "
            "os.execv(argv[0], ['127.0.0.1' if one == address else one for one in argv])"
        )
        enter = (*PYTHON, source, "{address}")
        _, drill = drilled(place, ctx, backup, check(tcp=port), enter=enter)
        assert (drill.verdict, drill.findings[-1].kind) == ("passed", "tcp")
        assert drill.findings[-1].said.startswith(f"port {port} of ")
    _, drill = drilled(place, ctx, backup, check(tcp=port, seconds=1.0), enter=enter)
    assert (drill.verdict, drill.findings[-1].held) == ("failed", False)
    assert "refused" in drill.findings[-1].said


def test_a_check_for_other_servers_is_not_run(place: JobEnv, ctx: JobContext, backup: str):
    others = check(command=("false",), servers=("another",))
    _, drill = drilled(place, ctx, backup, others)
    assert drill.verdict == "unchecked"
    _, drill = drilled(
        place, ctx, backup, others, check(command=("true",), servers=(place.server_id(SERVER),))
    )
    assert drill.verdict == "passed"


def test_what_a_program_says_is_bounded_and_no_secret(ctx: JobContext, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENCBR_DATABASE_URL", "postgresql+psycopg://cbr:hushhush@db/cbr")
    source = "import os; print('x' * 9_000_000); print(dict(os.environ)); print('password=hunter22 \\x1b[2J')"
    held, said = run(ctx, (*PYTHON, source), b"never read" * 100_000, 60.0, lambda: None)
    assert held
    assert len(said) < 4000
    assert "hushhush" not in said
    assert "hunter22" not in said
    assert said.isprintable()


def test_a_program_ends_with_its_job_and_so_does_what_it_has_started(ctx: JobContext, tmp_path: Path):
    ready = tmp_path / "ready"
    source = (
        "import pathlib, subprocess, time; subprocess.Popen(['sleep', '600']); "
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    )

    def heed() -> None:
        if ready.exists():
            raise Cancelled("checks")

    with pytest.raises(Cancelled):
        run(ctx, (*PYTHON, source), b"", 300.0, heed)
    # The child has its parent's end of the pipe: what is heard ends only with it.
    held, said = run(ctx, (*PYTHON, source.replace("time.sleep(600)", "pass", 1)), b"", 300.0, lambda: None)
    assert (held, said) == (True, "exit code 0")


@pytest.mark.parametrize("of", [{}, {"tcp": 22, "console": "login:"}, {"command": ("true",), "tcp": 1}])
def test_a_check_is_of_one_kind(of: dict[str, Any]):
    with pytest.raises(ValueError, match="only one"):
        check(**of)


def test_a_port_needs_a_way_into_the_network():
    with pytest.raises(ValueError, match=r"drill\.enter"):
        DrillSettings(checks=(check(tcp=22),))


def mark_of(env: JobEnv, backup_id: str) -> Any:
    backup = env.backup(backup_id)
    assert backup is not None
    return backup.extend_info.get("restore_tested")


def test_a_backup_is_restore_tested_until_a_drill_shows_otherwise(
    place: JobEnv, ctx: JobContext, backup: str
):
    env, good = place, check(command=("true",))
    assert mark_of(env, backup) is None
    _, first = drilled(env, ctx, backup)
    assert (mark_of(env, backup)["drill_id"], mark_of(env, backup)["verdict"]) == (first.id, "unchecked")
    _, second = drilled(env, ctx, backup, good)
    told = mark_of(env, backup)
    assert (told["drill_id"], told["verdict"]) == (second.id, "passed")
    assert told["duration_seconds"] == second.duration_seconds
    with env.failing("volume.created"):
        _, third = drilled(env, ctx, backup, good)
    assert (third.verdict, mark_of(env, backup)) == ("failed", told)  # it says nothing of the backup
    drilled(env, ctx, backup, check(command=("false",)))
    assert mark_of(env, backup) is None
