"""Work that takes time: what was begun, when it is due, and who finishes it.

A piece of work is stored with the change that began it, so that a restarted cloud goes on where it was.
"""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from opencbr.democloud.state import Doc

if TYPE_CHECKING:
    from opencbr.democloud.world import World

Finish = Callable[["World", Doc], None]
Fail = Callable[["World", Doc, str], None]
FINISHERS: dict[str, Finish] = {}
FAILERS: dict[str, Fail] = {}


def finisher(name: str) -> Callable[[Finish], Finish]:
    """Register the function that ends the work called `name` well; it opens its own `state.change()`."""

    def register(function: Finish) -> Finish:
        FINISHERS[name] = function
        return function

    return register


def failer(name: str) -> Callable[[Fail], Fail]:
    """Register the function that ends the work called `name` badly, for the reason it is given."""

    def register(function: Fail) -> Fail:
        FAILERS[name] = function
        return function

    return register


class Work:
    """The list of unfinished work, and the thread that ends it in the mode real."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._wake = threading.Condition()
        self._stopping = False
        self._running = threading.RLock()  # work ends one after the other
        self._thread: threading.Thread | None = None

    def begin(self, name: str, *watched: str, used_bytes: int | None = None, **args: object) -> None:
        """Store work on the things with the ids `watched`; call it inside `state.change()`.

        `used_bytes` is what a backup or restore has to move; None is work that moves no bytes.
        """
        world = self._world
        due = world.clock.now() + timedelta(seconds=world.pace.duration(used_bytes))
        doc: Doc = {"id": str(uuid.uuid4()), "name": name, "watched": watched, "args": args}
        doc |= {"due": due.isoformat(), "polls": world.pace.polls}
        world.state.put("work", doc)

    def after_request(self) -> None:
        """End the work at once in the mode instant, else wake the thread."""
        if self._world.pace.mode == "instant":
            self._run(lambda _: True)
        elif self._world.pace.mode == "real":
            with self._wake:
                self._wake.notify()

    def seen(self, watched: str) -> None:
        """Count a read of the thing `watched`; the work on it ends when it was read often enough."""
        if self._world.pace.mode != "polls":
            return
        with self._world.state.change():
            for doc in self._world.state.all("work"):
                if watched in doc["watched"]:
                    doc["polls"] -= 1
                    self._world.state.put("work", doc)
        self._run(lambda doc: bool(doc["polls"] <= 0))

    def run_due(self) -> None:
        """End everything whose time has come, in the order of the times."""
        self._run(lambda doc: datetime.fromisoformat(doc["due"]) <= self._world.clock.now())

    def run_all(self) -> None:
        """End everything, due or not."""
        self._run(lambda _: True)

    def unfinished(self) -> list[Doc]:
        """Return the work not yet ended, the next to end first."""
        with self._world.state.change():
            return sorted(self._world.state.all("work"), key=lambda doc: str(doc["due"]))

    def start(self) -> None:
        """Start the thread of the mode real; the other modes need none."""
        if self._world.pace.mode == "real":
            self._thread = threading.Thread(target=self._loop, name="democloud-work", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; unfinished work stays stored."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._wake:
                if self._stopping:
                    return
                waiting = self.unfinished()
                pause = None
                if waiting:
                    pause = (
                        datetime.fromisoformat(waiting[0]["due"]) - self._world.clock.now()
                    ).total_seconds()
                if pause is None or pause > 0:
                    self._wake.wait(pause)
                if self._stopping:
                    return
            self.run_due()

    def _run(self, ready: Callable[[Doc], bool]) -> None:
        with self._running:
            while doc := next((doc for doc in self.unfinished() if ready(doc)), None):
                self._end(doc["name"], doc["args"])
                with self._world.state.change():
                    self._world.state.drop("work", doc["id"])

    def _end(self, name: str, args: Doc) -> None:
        failure = self._world.failures.take(name)
        if failure and failure.stick:
            return
        if failure and name in FAILERS:
            FAILERS[name](self._world, args, failure.reason)
            return
        try:
            FINISHERS[name](self._world, args)
        except (OSError, ValueError, KeyError, StopIteration) as error:
            # an admin's reset or a damaged store leads to an error state, not to the end of the thread
            self._world.errors.append(error)
            if name in FAILERS:
                FAILERS[name](self._world, args, f"{type(error).__name__}: {error}")
