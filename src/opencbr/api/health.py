"""`/healthz` and `/readyz`: is the process alive, and could it serve (without sign-in)."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from opencbr.api.exchange import Exchange
from opencbr.api.pools import Pool
from opencbr.api.response import JSON, OK, Reply, Responder
from opencbr.model.clock import Clock
from opencbr.service.failures import CloudError, is_outage

_log = logging.getLogger("opencbr.api")

_STALE_SECONDS = 60.0
"""An answer older than this says nothing about now."""

NEEDED = frozenset({"database", "keystone"})
"""What this very server must reach to answer anybody: without it the answer is 503, and a load balancer tries others.

All else is the same for every server of the installation. Were a worker that is down a reason for 503, no server would be
left to answer what needs none, so it is only named in the body.
"""


class Readiness:
    """Answers whether each part the server needs is there. Thread-safe.

    `checks` maps a name (database, keystone, credential, mover, worker) to a question that answers True or False; an exception
    counts as False. Answers are kept for `seconds`, so that probes do not load the cloud.

    Anybody may ask, and a part that hangs must not take the threads that serve: one caller at a time waits,
    and `patience_seconds` at most, however long a question takes; what has not answered by then is not there.
    A question still under way is not asked again.

    The log tells once that a part is away, with the reason of the first answer, and once that it is there again.
    """

    def __init__(
        self,
        checks: Mapping[str, Callable[[], bool]],
        clock: Clock,
        *,
        seconds: float = 2.0,
        patience_seconds: float = 5.0,
    ) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._seconds = seconds
        self._patience = patience_seconds
        self._asking = threading.Lock()
        self._under_way: dict[str, _Question] = {}
        self._last: tuple[float, dict[str, bool]] = (float("-inf"), {})
        self._told: set[str] = set()
        """What the log has said to be away."""

    def answers(self) -> dict[str, bool | None]:
        """Return each name with whether it is there; None where somebody else is asking for the first time."""
        if self._age() < self._seconds or not self._asking.acquire(blocking=False):
            return self._known()
        try:
            # Whoever asked a moment ago may have ended just now.
            if self._age() >= self._seconds:
                answers = self._ask()
                self._last = (self._now(), answers)
            return dict(self._last[1])
        finally:
            self._asking.release()

    def _known(self) -> dict[str, bool | None]:
        at, answers = self._last
        fresh = 0 <= self._now() - at < _STALE_SECONDS
        return {name: answers.get(name) if fresh else None for name in self._checks}

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _age(self) -> float:
        age = self._now() - self._last[0]
        return age if age >= 0 else float("inf")  # the clock was set back

    def _ask(self) -> dict[str, bool]:
        asked = {}
        for name, check in self._checks.items():
            old = self._under_way.get(name)
            if old is None or old.ended.is_set():
                asked[name] = self._under_way[name] = _Question(name, check)
        end = time.monotonic() + self._patience
        for question in asked.values():
            question.ended.wait(max(0.0, end - time.monotonic()))
        for question in self._under_way.values():
            self._tell(question)
        return {name: self._under_way[name].answer for name in self._checks}

    def _tell(self, question: "_Question") -> None:
        """Log that a part has gone or has come back: probes come every few seconds, and an outage may last for hours."""
        name, error = question.name, question.error
        if question.answer and name in self._told:
            self._told.discard(name)
            _log.warning("readiness: %s is ok again", name)
        elif not question.answer and name not in self._told:
            self._told.add(name)
            foreseen = error is None or isinstance(error, CloudError) or is_outage(error)
            _log.warning(
                "readiness: %s has failed%s", name, question.reason, exc_info=None if foreseen else error
            )


def remembered(check: Callable[[], bool], clock: Clock, seconds: float) -> Callable[[], bool]:
    """Make a question that is asked anew after so many seconds only; one that raised was not answered, and is asked again."""
    last: tuple[float, bool] = (float("-inf"), False)

    def ask() -> bool:
        nonlocal last
        now = clock.now().timestamp()
        if not 0 <= now - last[0] < seconds:
            last = (now, check())
        return last[1]

    return ask


class _Question:
    """One check under way in a thread of its own; `answer` is False until it has said True."""

    def __init__(self, name: str, check: Callable[[], bool]) -> None:
        self.name = name
        self._check = check
        self.answer = False
        self.error: Exception | None = None
        self.ended = threading.Event()
        threading.Thread(target=self._run, name=f"ready-{name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.answer = bool(self._check())
        except Exception as error:  # noqa: BLE001 -- whatever it is, this part is not there
            self.error = error
        finally:
            self.ended.set()

    @property
    def reason(self) -> str:
        """Why it is not there, as the end of a sentence, as far as the question told."""
        if not self.ended.is_set():
            return ": no answer in time"
        if isinstance(self.error, CloudError):
            return f": {self.error}"
        return "" if self.error is None else f": {type(self.error).__name__}"


def alive(_exchange: Exchange) -> Reply:
    """Answer `/healthz`: this process is there."""
    return OK, b'{"status":"alive"}', JSON


_WORDS = {True: "ok", False: "failed", None: "asking"}


def ready(readiness: Readiness, pool: Pool) -> Responder:
    """Make the responder of `/readyz`: each part by name, and 503 when one is away that this server needs."""

    async def respond(_exchange: Exchange, _request_id: str, _path: dict[str, str]) -> Reply:
        answers = await pool.run(readiness.answers)
        needed = all(answer for name, answer in answers.items() if name in NEEDED)
        status = ("ready" if all(answers.values()) else "degraded") if needed else "not ready"
        body = msgspec.json.encode(
            {
                "status": status,
                "checks": {name: _WORDS[answer] for name, answer in answers.items()},
            }
        )
        return OK if needed else 503, body, JSON

    return respond
