"""A server process on one core and wrk on another: requests a second of each, in turn, so that a drifting machine hits all alike."""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

CONNECTIONS = 32
SECONDS = 3
ROUNDS = 3
SERVER_CORE, CLIENT_CORE = "0", "1"


class Missing(Exception):
    """Something this measurement needs is not on the machine; the message says what to install."""


@dataclass
class Target:
    """One thing to measure: a command that serves `port`, and the paths to ask for."""

    name: str
    command: list[str]
    port: int
    paths: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.rates)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pinned(core: str, command: list[str]) -> list[str]:
    """Prefix a command so that it stays on one core, where the machine can do that."""
    return (
        ["taskset", "-c", core, *command]
        if shutil.which("taskset") and (os.cpu_count() or 1) > 1
        else command
    )


def _last(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read()[-2000:].decode()


@contextmanager
def serving(target: Target) -> Iterator[None]:
    # A file for what it complains about: a pipe that nobody reads would stop the server after some hundred audit lines.
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            pinned(SERVER_CORE, target.command),
            env={**os.environ, **target.env},
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", target.port)) == 0:
                        break
                if process.poll() is not None:
                    raise RuntimeError(f"{target.name} ended: {_last(errors)}")
                time.sleep(0.1)
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wrk(target: Target, folder: Path, *, connections: int = CONNECTIONS, seconds: int = SECONDS) -> float:
    """Visit the paths at random for `seconds`; return good answers a second. An answer that is not 200 is an error here."""
    if shutil.which("wrk") is None:
        raise Missing("wrk is not installed (Debian: apt-get install wrk)")
    listing = folder / f"{target.port}.paths"
    listing.write_text("\n".join(target.paths))
    script = folder / f"{target.port}.lua"
    headers = "".join(f"  h[{name!r}] = {value!r}\n" for name, value in target.headers.items())
    script.write_text(
        "local paths, h = {}, {}\n"
        "function init(args)\n"
        f"  math.randomseed(7)\n{headers}"
        f"  for line in io.lines({str(listing)!r}) do paths[#paths + 1] = wrk.format('GET', line, h) end\n"
        "end\n"
        "function request() return paths[math.random(#paths)] end\n"
        "function done(s, l, r) io.write(string.format('good %d of %d in %d us\\n', s.requests - s.errors.status, s.requests, s.duration)) end\n"
    )
    run = subprocess.run(
        pinned(
            CLIENT_CORE,
            [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds}s",
                "-s",
                str(script),
                f"http://127.0.0.1:{target.port}",
            ],
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"good (\d+) of (\d+) in (\d+) us", run.stdout)
    if found is None or found[1] != found[2] or found[1] == "0":
        raise RuntimeError(f"{target.name}: not every answer was good: {run.stdout[-600:]}")
    return int(found[1]) / int(found[3]) * 1e6


def interleaved(
    targets: list[Target], folder: Path, *, rounds: int = ROUNDS, connections: int = CONNECTIONS
) -> None:
    """Measure all targets in turn, `rounds` times, a fresh server each time, one unmeasured second first."""
    for _ in range(rounds):
        for target in targets:
            with serving(target):
                wrk(target, folder, connections=connections, seconds=1)
                target.rates.append(wrk(target, folder, connections=connections))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
