"""What the services work on: stored documents, time, unfinished work, and the bytes of disks and backups."""

from pathlib import Path

from opencbr.democloud.backup_store import BackupStore
from opencbr.democloud.clock import Clock
from opencbr.democloud.disks import Disks
from opencbr.democloud.failures import Failures
from opencbr.democloud.state import State
from opencbr.democloud.timing import Timing
from opencbr.democloud.work import WorkQueue


class Backend:
    """The cloud without its HTTP side; everything lies below `folder`."""

    def __init__(self, folder: Path, timing: Timing) -> None:
        self.timing = timing
        self.clock = Clock()
        self.state = State(folder / "cloud.sqlite3")
        self.disks = Disks(folder / "disks")
        self.backups = BackupStore(folder / "backups")
        self.work = WorkQueue(self.state, self.clock, timing)
        self.failures = Failures()
        self.errors: list[Exception] = []
        self.forbidden: set[str] = set()
        """Rules of Cinder's policy that the operator gives to nobody."""
        self._remove_orphaned_bytes()

    def _remove_orphaned_bytes(self) -> None:
        """Remove bytes that belong to nothing: a process was killed between a file and its transaction."""
        with self.state.change():
            kinds = ("volume", "snapshot", "image", "server", "backup")
            known = {doc["id"] for kind in kinds for doc in self.state.all(kind)}
        self.disks.keep_only(known)
        self.backups.keep_only(known)
