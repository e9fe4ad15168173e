"""Faults to order: what goes wrong with which call, and the list of all calls there were."""

import re
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Order:
    """One fault: which calls it hits and what happens to them.

    `service` ("compute", "volume", …), `method` and `path` (a regular expression, searched in the path below
    the service's address) select; empty selects all. `after` matching calls go well first, then `times` of
    them are hit (0 is for ever). What happens, in this order:

    - `delay_seconds`: the call waits;
    - `drop` "before": the connection is closed without an answer and nothing was done;
    - `status` (with `headers`): this answer, and nothing was done;
    - `drop` "after": the call is carried out, then the connection is closed without an answer;
    - `malformed`: carried out, and the body ends in the middle although its length is announced as complete;
    - `truncated`: carried out, and the connection is closed in the middle of the body.
    """

    service: str = ""
    method: str = ""
    path: str = ""
    after: int = 0
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    drop: str = ""
    malformed: bool = False
    truncated: bool = False
    seen: int = 0
    hits: int = 0

    def takes(self, service: str, method: str, path: str) -> bool:
        """Say whether the order is about such a call."""
        if (self.service and self.service != service) or (self.method and self.method != method):
            return False
        return not self.path or re.search(self.path, path) is not None


@dataclass(frozen=True)
class Seen:
    """One call that reached the cloud."""

    service: str
    method: str
    path: str
    query: str
    project_id: str
    user_id: str
    microversion: str
    status: int
    request_id: str


class Faults:
    """The orders in force and the calls seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Order] = []
        self._seen: list[Seen] = []

    def order(self, **what: Any) -> Order:
        """Order a fault (the fields of `Order`); its `hits` tell later how often it struck."""
        new = Order(**what)
        re.compile(new.path)
        with self._lock:
            self._orders.append(new)
        return new

    def clear(self) -> None:
        """Forget all orders."""
        with self._lock:
            self._orders.clear()

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders with their counts."""
        with self._lock:
            return [asdict(order) for order in self._orders]

    def strike(self, service: str, method: str, path: str) -> Order | None:
        """Count this call, and return the first order that hits it; waits when the order says so."""
        found = None
        with self._lock:
            for order in self._orders:
                if not order.takes(service, method, path):
                    continue
                order.seen += 1
                due = order.seen > order.after and (order.times == 0 or order.hits < order.times)
                if due and found is None:
                    order.hits += 1
                    found = order
        if found and found.delay_seconds:
            time.sleep(found.delay_seconds)
        return found

    def note(self, seen: Seen) -> None:
        """Remember a call."""
        with self._lock:
            self._seen.append(seen)

    def seen(self, service: str = "", method: str = "", path: str = "") -> list[Seen]:
        """Return the calls there were, oldest first; `path` is a regular expression."""
        probe = Order(service=service, method=method, path=path)
        with self._lock:
            return [row for row in self._seen if probe.takes(row.service, row.method, row.path)]

    def forget_seen(self) -> None:
        """Begin a new list of calls."""
        with self._lock:
            self._seen.clear()
