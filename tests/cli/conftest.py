"""The program as its user starts it."""

import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from opencbr.cli.main import program

OPENCBR = [sys.executable, "-m", "opencbr"]
SERVING = {"demo", "serve", "worker"}


class Demo:
    """A running `opencbr demo` and what it has printed so far."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.env_file, self.output = folder, folder / "env.sh", folder / "output.txt"
        self.state = folder / "state"
        folder.mkdir(exist_ok=True)
        self.env_file.unlink(missing_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *OPENCBR,
                    "demo",
                    "--state",
                    self.state,
                    "--env",
                    self.env_file,
                    "--listen",
                    "127.0.0.1:0",
                    *options,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def until(self, words: str, seconds: float = 120) -> str:
        deadline = time.monotonic() + seconds
        while words not in (said := self.output.read_text()):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        return said

    def stop(self, name=signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(name)
        return self.process.wait(60)

    def env(self) -> dict[str, str]:
        """The variables that a shell has after sourcing the file."""
        script = f". '{self.env_file}' && env -0"
        said = subprocess.run(["sh", "-c", script], env={}, check=True, capture_output=True).stdout.decode()
        pairs = (line.partition("=") for line in said.split("\0") if line)
        return {
            name: value for name, _, value in pairs if name.startswith(("OPENCBR_", "OS_", "HUAWEICLOUD_"))
        }

    def processes(self) -> set[int]:
        """All processes that have this demo's folder on their command line."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    words = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if str(self.state).encode() in words:
                    found.add(int(entry.name))
        return found


@contextmanager
def running_demo(folder):
    """A demo that has protected its server and serves."""
    demo = Demo(folder)
    try:
        demo.until("serving until Ctrl-C")
        yield demo
    finally:
        demo.stop(signal.SIGTERM)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """One demo for all tests that only look at it; a module whose tests change one starts its own."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running
        assert jobs_of(running) == [], "a test has changed the demo that others look at"


def jobs_of(demo):
    """The types of all that was done for anybody but its policy, which is run once, and fires when its hour comes."""
    env = demo.env()
    answer = requests.get(
        f"{env['OPENCBR_ENDPOINT']}/v3/{env['OPENCBR_PROJECT_ID']}/operation-logs",
        headers={"X-Auth-Token": env["OPENCBR_TOKEN"]},
        timeout=60,
    )
    logs = answer.json()["operation_logs"]
    return [log["operation_type"] for log in logs if log["policy_id"] is None]


@pytest.fixture
def opencbr(tmp_path, monkeypatch):
    """Run a command to its end, without the variables of the shell that runs the tests.

    What serves is a process of its own, as at its user's; the rest runs here: a start takes longer than most commands.
    """

    def run(*words, env=None, cwd=None, text=None):
        words, cwd = [*map(str, words)], cwd or tmp_path
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OPENCBR_", "OS_"))} | (env or {})
        if SERVING.isdisjoint(words):
            with monkeypatch.context() as within, its_own_log():
                within.chdir(cwd)
                gone = dict.fromkeys(os.environ.keys() - clean.keys())
                done = CliRunner().invoke(program, words, input=text, env=clean | gone, prog_name="opencbr")
            return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)
        return subprocess.run(
            [*OPENCBR, *words],
            env=clean,
            cwd=cwd,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@contextmanager
def its_own_log():
    """Let a command set up the log as it likes, and have it as it was afterwards."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    try:
        yield
    finally:
        root.handlers[:], root.level = handlers, level


@pytest.fixture
def on_demo(demo, opencbr):
    """Run a command with the demo's configuration."""
    return lambda *words, **more: opencbr("--config", demo.state / "opencbr.toml", *words, **more)
