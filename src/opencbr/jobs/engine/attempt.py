"""One attempt at a step: how it ended, in JSON, and a job that makes attempts without writing them down."""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError

from opencbr.jobs.engine.database_retry import outlast
from opencbr.jobs.engine.port import Cancelled, Job, Small, StepFailed, T
from opencbr.jobs.failures import explain
from opencbr.model.errors import UNEXPECTED

log = logging.getLogger(__name__)

End = list[Any]
"""How a step ended: "done", "failed" or "cancelled", and its result, or code and sentence."""


class Unjournaled:
    """A job whose steps are carried out and not written down."""

    def __init__(
        self, job_id: str, project_id: str, sleep: Callable[[float], None], halted: Callable[[], bool]
    ) -> None:
        self.id = job_id
        self.project_id = project_id
        self._sleep = sleep
        self._halted = halted

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Run `work`; raises StepFailed or Cancelled."""
        kind, value = self._end_of(name, work)
        if kind == "cancelled":
            raise Cancelled(name)
        if kind == "failed":
            raise StepFailed(name, *value)
        result: T = value
        return result

    def patched(self, _: str) -> bool:
        """Say yes: what is carried out anew is carried out as it is today."""
        return True

    def without_journal(self) -> Job:
        """Return this job itself."""
        return self

    def _end_of(self, name: str, work: Callable[[], Small]) -> End:
        return self._attempt(name, work)

    def _attempt(self, name: str, work: Callable[[], Small]) -> End:
        """Run `work` and say how it ended.

        An outage of our own database is waited out, since every step may be repeated.
        """
        try:
            what = f"job {self.id}: step {name}"
            return ["done", outlast(work, sleep=self._sleep, halted=self._halted, what=what)]
        except Cancelled:
            return ["cancelled", None]
        except DBAPIError as error:
            log.exception("job %s: step %s failed on our own database", self.id, name)
            # The statement and its values may be a tenant's: they are in the worker's log, hidden.
            refused = f"our database refused it ({type(error).__name__}); the worker's log has more"
            return ["failed", [UNEXPECTED, refused]]
        except Exception as error:
            fault = explain(error)
            if not fault.expected:
                log.exception("job %s: step %s broke", self.id, name)
            return ["failed", [fault.code, fault.message]]
