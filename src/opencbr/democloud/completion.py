"""What happens when a piece of work ends: one function for success, one for failure.

The services register theirs beside the calls that begin the work; each opens its own `state.change()`.
"""

from collections.abc import Callable

from opencbr.democloud.backend import Backend
from opencbr.democloud.state import Doc

Finish = Callable[[Backend, Doc], None]
Fail = Callable[[Backend, Doc, str], None]
FINISH: dict[str, Finish] = {}
FAIL: dict[str, Fail] = {}


def on_finish(name: str) -> Callable[[Finish], Finish]:
    """Register the function that ends the work called `name` well; it gets the arguments the work began with."""

    def register(function: Finish) -> Finish:
        FINISH[name] = function
        return function

    return register


def on_failure(name: str) -> Callable[[Fail], Fail]:
    """Register the function that ends the work called `name` badly; it gets the reason besides."""

    def register(function: Fail) -> Fail:
        FAIL[name] = function
        return function

    return register
