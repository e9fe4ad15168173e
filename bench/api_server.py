"""A running opencbr for a bench: its configuration, server and worker as real processes, and requests to it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import free_port

PROGRAM = [sys.executable, "-m", "opencbr"]


@dataclass(frozen=True)
class ApiServer:
    """Where it listens, for whom, and its folder."""

    folder: Path
    port: int
    project_id: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v3/{self.project_id}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Auth-Token": self.token, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def poll(self, path: str, until: Any, *, seconds: float = 600, pause: float = 0.2) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until(found := self.call("GET", path)):
                return found
            time.sleep(pause)
        raise RuntimeError(f"{path} did not come to its end in {seconds} s: {found}")


def configure(
    folder: Path, *, cloud: str, clouds_file: str, port: int, database: str = "", more: str = ""
) -> Path:
    file = folder / "opencbr.toml"
    file.write_text(
        f'[api]\nlisten = "127.0.0.1:{port}"\n[cloud]\ncloud = "{cloud}"\nconfig_files = ["{clouds_file}"]\n'
        f'[database]\nurl = "{database or "sqlite:///opencbr.db"}"\n[log]\nlevel = "warning"\n{more}'
    )
    return file


def run(config: Path, *words: str) -> None:
    subprocess.run([*PROGRAM, "--config", str(config), *words], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def processes(config: Path, *commands: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start `serve`, `worker` and so on; end them all at the end."""
    started = [
        subprocess.Popen([*PROGRAM, "--config", str(config), command], start_new_session=True, env=os.environ)
        for command in commands
    ]
    try:
        yield started
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def running(
    folder: Path, *, cloud: str, clouds_file: str, project_id: str, token: str, more: str = ""
) -> Iterator[ApiServer]:
    """Serve and work against a cloud, on SQLite in `folder`."""
    port = free_port()
    config = configure(folder, cloud=cloud, clouds_file=clouds_file, port=port, more=more)
    run(config, "db", "upgrade")
    with processes(config, "serve", "worker"):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    break
            except OSError:
                time.sleep(0.2)
        yield ApiServer(folder, port, project_id, token)
