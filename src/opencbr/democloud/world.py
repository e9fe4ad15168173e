"""Everything the services share: state, time, unfinished work and bytes."""

import uuid
from datetime import datetime
from pathlib import Path

from opencbr.democloud.chunks import Chunks
from opencbr.democloud.disks import Disks
from opencbr.democloud.failures import Failures
from opencbr.democloud.pace import CloudClock, Pace
from opencbr.democloud.state import State
from opencbr.democloud.work import Work


class World:
    """The cloud without its HTTP side; everything lies below `folder`."""

    def __init__(self, folder: Path, pace: Pace) -> None:
        self.pace = pace
        self.clock = CloudClock()
        self.state = State(folder / "cloud.sqlite3")
        self.disks = Disks(folder / "disks")
        self.chunks = Chunks(folder / "backups")
        self.work = Work(self)
        self.failures = Failures()
        self.errors: list[Exception] = []
        self._sweep()

    def _sweep(self) -> None:
        """Remove bytes that belong to nothing: a process was killed between a file and its transaction."""
        with self.state.change():
            kinds = ("volume", "snapshot", "image", "backup")
            known = {doc["id"] for kind in kinds for doc in self.state.all(kind)}
        self.disks.keep_only(known)
        self.chunks.keep_only(known)

    def long_time(self) -> str:
        """Return the time as Nova and Cinder store it: naive, with a fraction of zeros."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000000")

    def exact_time(self) -> str:
        """Return the time with microseconds, for comparing; never shown."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")

    def zulu_time(self) -> str:
        """Return the time in whole seconds with a Z, as Nova's servers and Neutron say it."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def new_uuid() -> str:
    """Make a random id as Nova, Cinder and Neutron do."""
    return str(uuid.uuid4())


def new_hex() -> str:
    """Make a random id as Keystone does: 32 hex digits."""
    return uuid.uuid4().hex


def as_token_time(moment: datetime) -> str:
    """Write a time as Keystone's tokens do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
