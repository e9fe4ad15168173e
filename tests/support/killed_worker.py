"""A real worker that kills itself (SIGKILL) at one place in the database's history."""

import importlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from opencbr.jobs.settings import WorkerSettings
from opencbr.store.database import Database

from .processes import Report
from .worker import work


def work_until(
    report: Report, url: str, folder: Path, identity: str, function: str, *, settings: WorkerSettings
) -> int:
    """Work as `support.worker.work` does, and die as soon as what `function` wrote is committed.

    `function` is `module.name` below opencbr.jobs; it is called inside a transaction or opens one itself.
    """
    _arm(function)
    return work(report, url, folder, identity, None, settings=settings)


def _arm(function: str) -> None:
    here = threading.local()
    module_name, _, name = function.rpartition(".")
    module = importlib.import_module(f"opencbr.jobs.{module_name}")
    real_function, real_write = getattr(module, name), Database.write

    def marked(*args: Any, **kwargs: Any) -> Any:
        here.reached = True
        return real_function(*args, **kwargs)

    @contextmanager
    def write(self: Database) -> Iterator[Connection]:
        with real_write(self) as connection:
            yield connection
        if getattr(here, "reached", False):
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, marked)
    Database.write = write  # type: ignore[method-assign]
