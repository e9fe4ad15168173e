"""How often somebody may try: failures are counted for each user and for each address, in this process."""

import hashlib
from collections import Counter
from threading import Lock

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_OF_A_USER = RateLimitItemPerMinute(10, 5)
_OF_AN_ADDRESS = RateLimitItemPerMinute(50, 5)
"""Behind a proxy all people come from one address."""


class Attempts:
    """Counts failed sign-ins over the last five minutes. Thread-safe.

    A try takes its place before Keystone is asked, as if it failed, and gives it back unless it did: tries at the same
    moment are not more than tries one by one. `user` is whoever the try names, in whatever form; "" where it names nobody,
    as a token does.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[str] = Counter()
        self._lock = Lock()

    def begin(self, user: str, address: str) -> bool:
        """Take the place of one more try; False where none is left."""
        counted = _counted(user, address)
        with self._lock:
            if any(self._left(limit, key) <= 0 for limit, key in counted):
                return False
            self._under_way.update(key for _, key in counted)
        return True

    def end(self, user: str, address: str, *, failed: bool) -> None:
        """Give the place of a try back that has begun, or count it as a failure."""
        with self._lock:
            for limit, key in _counted(user, address):
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]
                if failed:
                    self._limiter.hit(limit, key)

    def _left(self, limit: RateLimitItem, key: str) -> int:
        return self._limiter.get_window_stats(limit, key).remaining - self._under_way[key]


def _counted(user: str, address: str) -> list[tuple[RateLimitItem, str]]:
    counted: list[tuple[RateLimitItem, str]] = [(_OF_AN_ADDRESS, f"address {address}")]
    if user:
        # Databases of Keystone tell no "Anna" from "anna"; and a key is short, whatever is sent.
        counted.append((_OF_A_USER, "user " + hashlib.sha256(user.casefold().encode()).hexdigest()))
    return counted
