"""A worker is killed when the cloud has accepted a call, before anybody has the answer; and what is left of it: nothing."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.full_stack import FullStack
from support.recording import Exchange

LEASE = "worker.lease_seconds = 10\n"
"""A worker that is silent for ten seconds is dead."""
_ACCEPTED = 202


@contextmanager
def killed_after(stack: FullStack, method: str, path: str, action: str = "") -> Iterator[None]:
    """Kill the worker right after the first such call that the cloud accepts, and start another; the block ends its job."""
    worker = stack.installation.worker

    def strike() -> None:
        worker.kill()
        worker.start()

    with after_call(stack, method, path, action, strike):
        yield


@contextmanager
def after_call(
    stack: FullStack, method: str, path: str, action: str, strike: Callable[[], object]
) -> Iterator[None]:
    """Do something once, when the cloud has accepted such a call and before anybody has the answer.

    `path` is a pattern of the end of the path; `action` is what the call's body must have, if any.
    """
    recorder = stack.recorder
    before, once, struck = recorder.before_answer, threading.Lock(), []

    def look(exchange: Exchange) -> None:
        before(exchange)
        wanted = exchange.method == method and exchange.status == _ACCEPTED
        if wanted and re.search(rf"{path}\Z", exchange.path) and (not action or action in _actions(exchange)):
            with once:
                if not struck:
                    struck.append(exchange.path)
                    strike()

    recorder.before_answer = look
    try:
        yield
    finally:
        recorder.before_answer = before
    assert struck, f"nobody has called {method} {path} {action}"


def _actions(exchange: Exchange) -> set[str]:
    return set(json.loads(exchange.sent or b"{}"))


def nothing_is_left(stack: FullStack) -> None:
    """See that nothing is in the cloud that belongs to nothing, and that the janitor finds nothing to do."""
    listed = stack.opencbr("orphans", "list")
    assert (listed.returncode, "no orphans" in listed.stdout) == (0, True), listed.stdout + listed.stderr
    cleaned = stack.opencbr("orphans", "clean", "--yes")
    assert (cleaned.returncode, cleaned.stdout.strip()) == (0, "nothing to clean"), cleaned.stdout
