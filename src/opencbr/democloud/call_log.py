"""The calls that reached the cloud, for tests to look at."""

import re
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class RecordedCall:
    """One call that reached the cloud; status 0 is one whose connection was closed before it was carried out."""

    service: str
    method: str
    path: str
    query: str
    project_id: str = ""
    user_id: str = ""
    microversion: str = ""
    status: int = 0
    request_id: str = ""


class CallLog:
    """All calls there were, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[RecordedCall] = []

    def add(self, call: RecordedCall) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def find(self, service: str = "", method: str = "", path: str = "") -> list[RecordedCall]:
        """Return the calls of that service and method whose path contains the regular expression `path`."""
        with self._lock:
            return [
                call
                for call in self._calls
                if service in ("", call.service)
                and method in ("", call.method)
                and re.search(path, call.path)
            ]

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
