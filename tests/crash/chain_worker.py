"""A worker that kills itself (SIGKILL) at one place in the database's history.

usage: chain_worker.py DATABASE_URL FOLDER IDENTITY [FUNCTION]; FUNCTION is `module.name` of opencbr.jobs: the process
dies as soon as the transaction that this function wrote in is committed.
"""

import importlib
import os
import runpy
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from opencbr.store.database import Database

_here = threading.local()


def arm(function: str) -> None:
    module_name, _, name = function.partition(".")
    module = importlib.import_module(f"opencbr.jobs.{module_name}")
    real_function, real_write = getattr(module, name), Database.write

    def marked(*args: Any, **kwargs: Any) -> Any:
        _here.reached = True
        return real_function(*args, **kwargs)

    @contextmanager
    def write(self: Database) -> Iterator[Connection]:
        with real_write(self) as connection:
            yield connection
        if getattr(_here, "reached", False):
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, marked)
    Database.write = write  # type: ignore[method-assign]


if len(sys.argv) > 4:
    arm(sys.argv.pop())
runpy.run_path(str(Path(__file__).with_name("worker_process.py")), run_name="__main__")
