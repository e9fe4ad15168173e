"""A whole installation as an operator has it: `opencbr serve` and `opencbr worker` as processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import requests
from huaweicloudsdkcbr.v1 import CbrClient
from huaweicloudsdkcore.auth.credentials import BasicCredentials

T = TypeVar("T")

CONFIG = """
database.url = "{url}"
keys.folder = "{folder}/keys"
worker.poll_seconds = 0.5
worker.outbox_seconds = 0.1
cloud.cloud = "opencbr"
cloud.config_files = ["{clouds}"]
"""


def eventually(look: Callable[[], T | None], what: str, seconds: float = 180.0) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.1)


@dataclass(frozen=True)
class Key:
    """An access key of the project, as Keystone has it."""

    access: str
    secret: str = field(repr=False)
    project_id: str


class Worker:
    """The worker of an installation, which a test may kill; runs from the beginning."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.start()

    def start(self) -> None:
        self._process = _start(self._folder, "worker")

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> None:
        _stop(self._process)


@dataclass(frozen=True)
class Installation:
    """Where the service is, and whose key the tests sign with."""

    url: str
    key: Key
    server_name: str  # of a server of the project that boots from a volume
    worker: Worker

    def client(self, key: Key | None = None) -> CbrClient:
        """The unmodified client of the vendor's SDK."""
        key = key or self.key
        credentials = BasicCredentials(key.access, key.secret, key.project_id)
        return CbrClient.new_builder().with_credentials(credentials).with_endpoint(self.url).build()


@contextmanager
def installed(
    folder: Path,
    clouds: Path,
    key: Key,
    server_name: str,
    database_url: str | None = None,
    *,
    settings: str = "",
) -> Iterator[Installation]:
    """Run the service on a free port until the block ends; its database is SQLite in `folder` unless another is given.

    `settings` are more lines of its configuration file: keys as `worker.lease_seconds = 10`, then sections.
    """
    config = folder / "opencbr.toml"
    database_url = database_url or f"sqlite:///{folder}/opencbr.db"
    config.write_text(CONFIG.format(clouds=clouds, folder=folder, url=database_url) + settings)
    upgrade = _start(folder, "db", "upgrade")
    assert upgrade.wait(300) == 0, _log(folder).read_text()
    worker = Worker(folder)
    try:
        with serving(folder) as url:
            yield Installation(url, key, server_name, worker)
    finally:
        worker.stop()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run a server with the configuration in `folder` until the block ends; its address."""
    url = f"http://127.0.0.1:{_free_port()}"
    process = _start(folder, "serve", "--listen", url.removeprefix("http://"))
    try:
        eventually(lambda: _ready(url, process, _log(folder)), "the service is ready")
        yield url
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


def _log(folder: Path) -> Path:
    return folder / "service.log"


def _start(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENCBR_", "OS_"))}
    environment["OPENCBR_CONFIG"] = str(folder / "opencbr.toml")
    with _log(folder).open("ab") as out:
        return subprocess.Popen([sys.executable, "-m", "opencbr", *command], env=environment, stderr=out)


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return requests.get(f"{url}/readyz", timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
