"""Worker processes that a test starts, and kills or stops as it likes; what is left of them ends with the block."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from support.yard import Yard

TESTS = Path(__file__).parents[1]
PROGRAM = TESTS / "crash" / "chain_worker.py"


class Workers:
    """Call it to start one, by name; with a function's name it dies after that (see `chain_worker.py`)."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []

    def __call__(self, yard: Yard, name: str, *dies_after: str) -> "subprocess.Popen[str]":
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), yard.url, str(yard.folder), name, *dies_after],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    def stop(self, process: "subprocess.Popen[str]") -> None:
        """Let one stop in order."""
        process.send_signal(signal.SIGINT)
        process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
