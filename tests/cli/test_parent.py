"""Nobody outlives who started it, at whatever moment that one is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import OPENCBR, Demo

# Finds the end of a program that never looks for it.
STUBBORN = """
import os, signal, subprocess, sys, time
child = '''
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: None)
from opencbr.cli import parent
parent._AGAIN_SECONDS, parent._TIMES = 0.1, 2
parent.end_with_parent(int(sys.argv[1]))
print("up", flush=True)
time.sleep(60)
'''
child = subprocess.Popen([sys.executable, "-c", child, str(os.getpid())], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def lives(pid: int) -> bool:
    try:
        return (Path(f"/proc/{pid}/stat")).read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(what, seconds: float = 60, rest: float = 0.01) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(rest)


def words_of(pid: int) -> list[str]:
    try:
        return (Path(f"/proc/{pid}/cmdline")).read_bytes().decode().split("\0")
    except OSError:
        return []


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_demo_killed_while_its_children_start_leaves_none(tmp_path, name):
    demo = Demo(tmp_path)
    until(lambda: any(name in words_of(pid) for pid in demo.processes()))
    demo.process.kill()
    demo.process.wait(10)
    try:
        until(lambda: not any(map(lives, demo.processes())), seconds=20, rest=0.1)
    finally:
        for pid in demo.processes():
            os.kill(pid, signal.SIGKILL)


def test_a_supervisor_killed_while_its_server_starts_leaves_none(demo, tmp_path):
    words = [*OPENCBR, "--config", demo.state / "opencbr.toml", "serve", "--listen", "127.0.0.1:0"]
    environ = os.environ | {"OPENCBR_LOG_LEVEL": "warning"}
    supervisor = subprocess.Popen(words, env=environ, stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children")
    until(lambda: children.read_text().split())
    pids = [int(pid) for pid in children.read_text().split()]
    supervisor.kill()
    supervisor.wait(10)
    until(lambda: not any(map(lives, pids)), seconds=20, rest=0.1)


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_an_orphan_ends_before_it_has_begun(demo, opencbr, name):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    done = opencbr("--config", demo.state / "opencbr.toml", name, "--tied", ended.pid)
    assert done.returncode == -signal.SIGTERM
    assert "opencbr on" not in done.stdout


def test_who_does_not_listen_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not lives(pid), seconds=20, rest=0.1)
