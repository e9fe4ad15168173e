"""How often somebody may try: failures are counted for a user from an address, for each user and for each address.

The first count is tight: whoever guesses locks out nobody but that user at that address. All are this process's own.
"""

import hashlib
import math
import time
from collections import Counter
from threading import Lock

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_OF_A_USER_THERE = RateLimitItemPerMinute(10, 5)
_OF_A_USER = RateLimitItemPerMinute(100, 5)
_OF_AN_ADDRESS = RateLimitItemPerMinute(50, 5)
"""Behind a proxy that is not counted on (`[api] proxies`) all people come from one address."""


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

    def seconds_left(self, user: str, address: str) -> int:
        """Say in how many seconds a place may be free, at least one."""
        with self._lock:
            full = [(limit, key) for limit, key in _counted(user, address) if self._left(limit, key) <= 0]
            free_at = [self._limiter.get_window_stats(limit, key).reset_time for limit, key in full]
        return max(1, math.ceil(max(free_at, default=0.0) - time.time()))

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
        named = "user " + hashlib.sha256(user.casefold().encode()).hexdigest()
        counted += [(_OF_A_USER, named), (_OF_A_USER_THERE, f"{named} {address}")]
    return counted
