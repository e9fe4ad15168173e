"""How often somebody may try: failures are counted for each user and for each address, in this process."""

import hashlib

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_OF_A_USER = RateLimitItemPerMinute(10, 5)
_OF_AN_ADDRESS = RateLimitItemPerMinute(50, 5)
"""Behind a proxy all people come from one address."""


class Attempts:
    """Counts failed sign-ins over the last five minutes. Thread-safe.

    `user` is whoever the try names, in whatever form; "" where it names nobody, as a token does.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allowed(self, user: str, address: str) -> bool:
        """Say whether one more try is allowed."""
        return all(self._limiter.test(limit, key) for limit, key in _counted(user, address))

    def failed(self, user: str, address: str) -> None:
        """Count a failure."""
        for limit, key in _counted(user, address):
            self._limiter.hit(limit, key)


def _counted(user: str, address: str) -> list[tuple[RateLimitItem, str]]:
    counted: list[tuple[RateLimitItem, str]] = [(_OF_AN_ADDRESS, f"address {address}")]
    if user:
        # Databases of Keystone tell no "Anna" from "anna"; and a key is short, whatever is sent.
        counted.append((_OF_A_USER, "user " + hashlib.sha256(user.casefold().encode()).hexdigest()))
    return counted
