"""A real worker that kills itself (SIGKILL) at one place in the database's history."""

import importlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from opencbr.jobs.settings import WorkerSettings
from opencbr.jobs.worker import DutyOf
from opencbr.store.database import Database

from .processes import Report
from .worker import work

DIED = "died"
"""The file in the workers' folder that says that one of them has died."""


def work_until(
    report: Report,
    url: str,
    folder: Path,
    identity: str,
    function: str,
    *,
    settings: WorkerSettings,
    duties: Sequence[DutyOf] = (),
) -> int:
    """Work as `support.worker.work` does, and die as soon as what `function` wrote is committed.

    `function` is `module.name` below opencbr; it is called inside a transaction or opens one itself. Of several workers in
    one folder the first that comes there dies, and the others go on.
    """
    _arm(function, folder / DIED)
    return work(report, url, folder, identity, None, settings=settings, duties=duties)


def _arm(function: str, died: Path) -> None:
    here = threading.local()
    module_name, _, name = function.rpartition(".")
    module = importlib.import_module(f"opencbr.{module_name}")
    real_function, real_write = getattr(module, name), Database.write

    def marked(*args: Any, **kwargs: Any) -> Any:
        here.reached = True
        return real_function(*args, **kwargs)

    @contextmanager
    def write(self: Database) -> Iterator[Connection]:
        with real_write(self) as connection:
            yield connection
        if getattr(here, "reached", False):
            here.reached = False
            with suppress(FileExistsError):
                died.touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, marked)
    Database.write = write  # type: ignore[method-assign]
