"""How often somebody may try: failures are counted for each user and for each address, in this process."""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_OF_A_USER = RateLimitItemPerMinute(10, 5)
_OF_AN_ADDRESS = RateLimitItemPerMinute(50, 5)
"""Behind a proxy all people come from one address."""


class Attempts:
    """Counts failed sign-ins over the last five minutes. Thread-safe."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allowed(self, user: str, address: str) -> bool:
        """Say whether one more try is allowed."""
        return self._limiter.test(_OF_A_USER, "user", user) and self._limiter.test(
            _OF_AN_ADDRESS, "address", address
        )

    def failed(self, user: str, address: str) -> None:
        """Count a failure."""
        self._limiter.hit(_OF_A_USER, "user", user)
        self._limiter.hit(_OF_AN_ADDRESS, "address", address)
