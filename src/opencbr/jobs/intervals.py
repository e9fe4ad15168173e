"""How often the cloud is asked: growing pauses for those who wait, and one question an interval for all of them."""

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from opencbr.cloud.errors import CloudError
from opencbr.model.clock import Clock

T = TypeVar("T")

_FIRST_PAUSES = (0.3, 0.5, 1.0)
"""A snapshot takes well under a second on most backends: the first looks come soon, in seconds."""
_SHARE = 20
"""A pause is a twentieth of the time waited so far, so that a long copy ends at most 5 % later than it is seen."""
_LONGEST = 30.0


def pauses(poll_seconds: float) -> Iterator[float]:
    """Yield the pauses between looks, in seconds: short ones, then `poll_seconds`, then longer ones for long copies.

    None is longer than half a minute, or than `poll_seconds` where that is more.
    """
    for pause in _FIRST_PAUSES:
        yield min(pause, poll_seconds)
    waited = 0.0
    while True:
        pause = max(poll_seconds, min(waited / _SHARE, _LONGEST))
        yield pause
        waited += pause


@dataclass(frozen=True, slots=True)
class Answer:
    """What the cloud said to a question, and when it was asked."""

    asked_at: datetime
    value: Any


@dataclass(slots=True)
class _Question:
    """A question that is asked again and again: one asker at a time, the others get the answer."""

    gaps: Iterator[float]
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked_at: datetime | None = None
    due_at: datetime | None = None
    said: Answer | CloudError | None = None


class SharedAnswers:
    """Answers that all jobs of a process share: a question goes to the cloud once an interval, however many ask.

    The interval is `poll_seconds`; after a time in which nobody asked the first come sooner. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._questions: dict[Hashable, _Question] = {}

    def get(self, name: Hashable, ask: Callable[[], Any], clock: Clock, poll_seconds: float) -> Answer:
        """Give the answer to the question `name`, which is at most an interval old; `ask` puts it to the cloud.

        A CloudError is an answer too, for an interval.
        """
        idle = timedelta(seconds=2 * max(poll_seconds, _LONGEST))
        with self._lock:
            now = clock.now()
            for old in [key for key, one in self._questions.items() if _is_idle(one, now - idle)]:
                del self._questions[old]
            question = self._questions.setdefault(name, _Question(gaps=pauses(poll_seconds)))
        with question.lock:
            now = clock.now()
            if question.due_at is None or now >= question.due_at:
                question.asked_at = now
                try:
                    question.said = Answer(now, ask())
                except CloudError as error:
                    question.said = error
                pause = min(next(question.gaps), poll_seconds)
                question.due_at = clock.now() + timedelta(seconds=pause)
            if isinstance(question.said, CloudError):
                raise question.said
            assert question.said is not None, "a question that is not due was answered"
            return question.said


def _is_idle(question: _Question, since: datetime) -> bool:
    return question.asked_at is not None and question.asked_at < since and not question.lock.locked()
