"""A month of nightly policies on an ordered clock: what is kept beside a slow reference, and rows, ledger and cloud in the end.

The real jobs make and delete the backups, one after the other, on an embedded cloud that takes no time. `--servers 1000` is the
whole of it, and takes two and a half hours; `tests/support/month.py` does the work, since a small month is a test too.
"""

import os
import subprocess
import sys
from pathlib import Path

SERVERS, DAYS = 100, 30


def main(*options: str) -> list[str]:
    size = options or ("--servers", str(SERVERS), "--days", str(DAYS))
    root = Path(__file__).parents[1]
    path = os.pathsep.join(str(root / folder) for folder in ("src", "tests"))
    command = [sys.executable, "-m", "support.month", *size]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()


if __name__ == "__main__":
    print("\n".join(main(*sys.argv[1:])))
