"""`/healthz` and `/readyz`: is the process alive, and could it serve (without sign-in)."""

import logging
import threading
from collections.abc import Callable, Mapping

import falcon
import msgspec

from opencbr.model.clock import Clock

_log = logging.getLogger("opencbr.api")


class Readiness:
    """Answers whether each part the server needs is there. Thread-safe.

    `checks` maps a name (database, keystone, mover) to a question that answers True or False; an exception
    counts as False. Answers are kept for `seconds`, so that probes do not load the cloud.
    """

    def __init__(
        self, checks: Mapping[str, Callable[[], bool]], clock: Clock, *, seconds: float = 2.0
    ) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answers: dict[str, bool] = {}

    def answers(self) -> dict[str, bool]:
        """Return each name with whether it is there."""
        with self._lock:
            now = self._clock.now().timestamp()
            if not 0 <= now - self._asked_at < self._seconds:
                self._answers = {name: _ask(name, check) for name, check in self._checks.items()}
                self._asked_at = now
            return dict(self._answers)


def _ask(name: str, check: Callable[[], bool]) -> bool:
    try:
        return bool(check())
    except Exception:  # noqa: BLE001 -- whatever it is, this part is not there
        _log.warning("the readiness check of %s failed", name, exc_info=True)
        return False


class Alive:
    """`/healthz`: this process answers."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer 200."""
        resp.data = b'{"status":"alive"}'

    on_head = on_get


class Ready:
    """`/readyz`: 200 when every part is there, else 503; each part by name."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with each check by name."""
        answers = self._readiness.answers()
        ready = all(answers.values())
        resp.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        resp.data = msgspec.json.encode(
            {
                "status": "ready" if ready else "not ready",
                "checks": {name: "ok" if there else "failed" for name, there in answers.items()},
            }
        )

    on_head = on_get
