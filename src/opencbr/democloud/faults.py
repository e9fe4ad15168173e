"""Faults to inject: what goes wrong with which call."""

import re
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Fault:
    """One fault: which calls it hits and what happens to them.

    `service` ("compute", "volume", …), `method` and `path` (a regular expression, searched in the path below
    the service's address) select; empty selects all. `after` matching calls go well first, then `times` of
    them are hit (0 is for ever). What happens, in this order:

    - `delay_seconds`: the call waits; `held`: it waits until the faults are cleared;
    - `drop` "before": the connection is closed without an answer and nothing was done;
    - `vanish`: what the path names last is gone, and the call goes on as on a cloud that does not have it (any more); of a path
      that names nothing of the kind there is the `status`;
    - `status` (with `headers`, and `body`, whose characters are bytes): this answer, and nothing was done;
    - `drop` "after": the call is carried out, then the connection is closed without an answer;
    - `malformed`: carried out, and the body ends in the middle although its length is announced as complete;
    - `truncated`: carried out, and the connection is closed in the middle of the body;
    - `dripping`: carried out, and after the body single bytes go on coming until the faults are cleared.

    `seen` counts the calls that were selected, `hits` those that were hit; `gone` are the ids of what has vanished.
    """

    service: str = ""
    method: str = ""
    path: str = ""
    after: int = 0
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    delay_seconds: float = 0.0
    held: bool = False
    drop: str = ""
    malformed: bool = False
    truncated: bool = False
    dripping: bool = False
    vanish: bool = False
    seen: int = 0
    hits: int = 0
    gone: list[str] = field(default_factory=list)

    def selects(self, service: str, method: str, path: str) -> bool:
        """Say whether the fault is about such a call."""
        same = self.service in ("", service) and self.method in ("", method)
        return same and re.search(self.path, path) is not None


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._injected: list[Fault] = []
        self.cleared = threading.Event()
        """Set when the faults now in force are cleared."""

    def inject(self, **fields: Any) -> Fault:
        """Add a fault (the fields of `Fault`) and return it; raises re.error for a `path` that is no pattern."""
        new = Fault(**fields)
        re.compile(new.path)
        with self._lock:
            self._injected.append(new)
        return new

    def clear(self) -> None:
        """Forget all faults, and let go of the calls that are held."""
        with self._lock:
            self._injected.clear()
            self.cleared.set()
            self.cleared = threading.Event()

    def injected(self) -> list[dict[str, Any]]:
        """Return the faults with their counts."""
        with self._lock:
            return [asdict(fault) for fault in self._injected]

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """Count this call, and return the first fault that hits it, after the delay it wants."""
        found = None
        with self._lock:
            cleared = self.cleared
            for fault in self._injected:
                if not fault.selects(service, method, path):
                    continue
                fault.seen += 1
                due = fault.seen > fault.after and (fault.times == 0 or fault.hits < fault.times)
                if due and found is None:
                    fault.hits += 1
                    found = fault
        if found and found.delay_seconds:
            time.sleep(found.delay_seconds)
        if found and found.held:
            cleared.wait()
        return found
