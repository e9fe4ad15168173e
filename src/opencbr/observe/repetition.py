"""What a library says again and again is logged once in a while: an outage may last for hours."""

import logging
import re
import time
from collections.abc import Callable

_SECONDS = 600.0
_REMEMBERED = 256
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class OnceInAWhile(logging.Filter):
    """Lets a message through when none like it, whatever its numbers, has been for ten minutes."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._let: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is logged."""
        what, now = _NUMBER.sub("#", record.getMessage()), self._monotonic()
        at = self._let.get(what)
        if at is not None and now - at < _SECONDS:
            return False
        if len(self._let) >= _REMEMBERED:
            self._let.clear()
        self._let[what] = now
        return True
