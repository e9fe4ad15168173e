"""Work that takes time: what was begun, and when it is due.

A piece of work is stored with the change that began it, so that a restarted cloud goes on where it was.
"""

import uuid
from datetime import timedelta

from opencbr.democloud.clock import Clock
from opencbr.democloud.state import Doc, State
from opencbr.democloud.timing import Timing


class WorkQueue:
    """The unfinished work; `opencbr.democloud.worker` ends it."""

    def __init__(self, state: State, clock: Clock, timing: Timing) -> None:
        self._state, self._clock, self._timing = state, clock, timing

    def begin(self, name: str, *watched: str, used_bytes: int | None = None, **args: object) -> None:
        """Store work on the resources with the ids `watched`; call it inside `state.change()`.

        `used_bytes` is what a backup or restore has to move; None is work that moves no bytes.
        """
        due = self._clock.now() + timedelta(seconds=self._timing.duration(used_bytes))
        doc: Doc = {"id": str(uuid.uuid4()), "name": name, "watched": watched, "args": args}
        self._state.put("work", doc | {"due": due.isoformat(), "polls": self._timing.polls})

    def count_read(self, watched: str) -> None:
        """Count a read of the resource `watched`: in the mode polls this is how time passes."""
        with self._state.change():
            for doc in self._state.all("work"):
                if watched in doc["watched"]:
                    doc["polls"] -= 1
                    self._state.put("work", doc)

    def unfinished(self) -> list[Doc]:
        """Return the work not yet ended, the next to end first."""
        with self._state.change():
            return sorted(self._state.all("work"), key=lambda doc: str(doc["due"]))

    def remove(self, id_: str) -> None:
        """Forget work that has ended."""
        with self._state.change():
            self._state.drop("work", id_)
