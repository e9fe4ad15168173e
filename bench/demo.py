"""A demo of a program's own, from its start until it is not needed any more."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.api_server import PROGRAM

LAST = "serving until Ctrl-C"
"""What a demo prints when all is there."""


@contextmanager
def running(state: Path, listen: str = "127.0.0.1:0") -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Start a demo and wait until it serves; yields its process and what it has printed."""
    command = [*PROGRAM, "demo", "--state", str(state), "--listen", listen]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as demo:
        assert demo.stdout is not None
        said = ""
        try:
            while LAST not in said:
                line = demo.stdout.readline()
                if not line:
                    raise SystemExit(f"the demo ended before it served:\n{said}")
                said += line
            yield demo, said
        finally:
            demo.terminate()
            demo.stdout.read()


def console_of(said: str) -> str:
    """Return the server's address, from the line that names its console."""
    line = next(line for line in said.splitlines() if "signed in by one click: " in line)
    return line.rpartition(" ")[2].removesuffix("/console")
