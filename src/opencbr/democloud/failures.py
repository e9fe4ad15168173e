"""Work that is to fail: a backup that ends in error, a snapshot that stays, one that never ends."""

import threading
from dataclasses import dataclass


@dataclass
class Failure:
    """What is to happen to the work called `work`; `times` 0 is for ever.

    `stick` lets the resource stay in its state for ever, as behind a dead daemon; else it goes into the error
    state that the real service gives it, with `reason` where it shows one. `hits` counts the work that failed.
    """

    work: str
    times: int = 1
    reason: str = "This failure was injected."
    stick: bool = False
    hits: int = 0


class Failures:
    """The failures injected."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._injected: list[Failure] = []

    def inject(self, work: str, *, times: int = 1, reason: str = "", stick: bool = False) -> Failure:
        """Let the next `times` pieces of that work fail; `FINISH` in the module completion has the names."""
        new = Failure(work, times, reason or Failure.reason, stick)
        with self._lock:
            self._injected.append(new)
        return new

    def take(self, work: str) -> Failure | None:
        """Return the failure that this piece of work has to suffer, and count it."""
        with self._lock:
            for failure in self._injected:
                if failure.work == work and (failure.times == 0 or failure.hits < failure.times):
                    failure.hits += 1
                    return failure
        return None

    def clear(self) -> None:
        """Forget all failures."""
        with self._lock:
            self._injected.clear()
