"""What servers that are backed up together have in common is asked for once: networks, groups, flavors, images, types.

A document keeps the time and the request id of the call that gave it, so that a record stays true: it says when each was read.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from opencbr.cloud.references import Want
from opencbr.model.clock import Clock
from opencbr.model.document import Document, Unread

MAX_AGE = timedelta(seconds=60)
"""Older ones are asked for again: to back up many servers may take hours."""

_KINDS = frozenset(
    {
        *("flavor", "flavor@newest", "image"),
        *("network", "subnet", "security_group", "address_group", "qos_policy", "router", "router_ports"),
        *("volume_type", "volume_types", "encryption", "qos_specs"),
    }
)


@dataclass(slots=True)
class _Asked:
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: datetime | None = None
    said: Document | Unread | None = None

    def is_fresh(self, now: datetime, after: datetime | None = None) -> bool:
        """Whether it may be used, by one who needs what was read after a moment; after a clock that was set back it may not."""
        if self.at is None or (after is not None and self.at <= after):
            return False
        return timedelta() <= now - self.at < MAX_AGE


class SharedDocuments:
    """Answers of a process, by what is backed up together. Thread-safe: who asks for what is being read waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[tuple[Hashable, Want], _Asked] = {}

    def of(self, together: str, clock: Clock) -> "DocumentsInCommon":
        """Return those of one checkpoint, or of all that a policy backs up at one time; it must name the project too."""
        return DocumentsInCommon(self, together, clock)

    def get(
        self,
        scope: Hashable,
        want: Want,
        read: Callable[[Want], Document | Unread],
        clock: Clock,
        after: datetime | None = None,
    ) -> Document | Unread:
        """Give what `read` said of `want` to anybody with this `scope`, at most MAX_AGE old; raises what `read` raises.

        With `after` only what was read later than that will do.
        """
        if want.name.partition("/")[0] not in _KINDS:
            return read(want)
        with self._lock:
            now = clock.now()
            for key in [key for key, one in self._asked.items() if one.at and not one.is_fresh(now)]:
                del self._asked[key]  # who has it at hand reads it anew
            question = (
                scope,
                replace(want, name=""),
            )  # the name is not the call's: each server has one "flavor"
            asked = self._asked.setdefault(question, _Asked())
        with asked.lock:
            now = clock.now()
            if asked.said is None or not asked.is_fresh(now, after):
                try:
                    asked.said, asked.at = read(want), now
                except BaseException:
                    with self._lock:
                        self._asked.pop(question, None)
                    raise
            return replace(asked.said, name=want.name)


@dataclass(frozen=True, slots=True)
class DocumentsInCommon:
    """The shared documents as those captures see them that are made together."""

    documents: SharedDocuments
    together: str
    clock: Clock
    after: datetime | None = None

    def since(self, moment: datetime) -> "DocumentsInCommon":
        """Return those read later than a moment, for a second reading: what the first one had shows nothing that moved."""
        return replace(self, after=moment)

    def get(
        self, want: Want, read: Callable[[Want], Document | Unread], *, as_project: bool = False
    ) -> Document | Unread:
        """As `SharedDocuments.get`; what is read `as_project` is what the project itself is shown."""
        return self.documents.get((self.together, as_project), want, read, self.clock, self.after)
