"""The demo's children: the API and the worker, as processes of the same program."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from opencbr.cli.app import Failure

_PATIENCE_SECONDS = 20.0
_LAST_LINES = 5


class Family:
    """Children by name. Each writes its log to a file; none outlives this process."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._logs = folder / "logs"
        self._logs.mkdir(exist_ok=True, mode=0o700)
        self._config = config
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *more: str) -> None:
        """Start `opencbr NAME`, with more words behind it."""
        # The shell that starts a demo may hold settings for another server: they are not for this one.
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("OPENCBR_", "OS_"))}
        with self.log(name).open("ab") as log:
            self._children[name] = subprocess.Popen(  # noqa: S603 -- our own program
                [
                    *(sys.executable, "-m", "opencbr", "--config", str(self._config)),
                    *(name, "--tied", str(os.getpid()), *more),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                # Ctrl-C in a terminal reaches a whole group: the children are stopped by us, in order.
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        """Name the file that a child writes to."""
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raise Failure when a child has ended, with its last words."""
        for name, child in self._children.items():
            code = child.poll()
            if code is not None:
                words = self.log(name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
                raise Failure(
                    f"{name} ended with exit code {code}; its log {self.log(name)} ends:\n" + "\n".join(words)
                )

    def stop(self) -> None:
        """End all children, the API first so that no request arrives any more; kill who does not end."""
        for name in ("serve", "worker"):
            child = self._children.pop(name, None)
            if child is None:
                continue
            child.terminate()
            try:
                child.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def memory_megabytes() -> float | None:
    """Sum the memory of this process and its descendants, shared pages once; None where /proc is not."""
    try:
        parents = {
            int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdecimal()
        }
    except OSError:
        return None
    family = {os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    try:
        return sum(_proportional_kilobytes(pid) for pid in family) / 1024
    except (OSError, ValueError, IndexError):
        return None


def _parent(entry: Path) -> int:
    try:
        # The name in the second field may hold spaces and brackets of its own.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return -1


def _proportional_kilobytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError("no Pss")
