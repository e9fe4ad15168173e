"""The backup job: reading, snapshots, reading again, copies, clean-up, record.

Every step may be cut off anywhere and run again by another worker: rows have derived ids, upstream objects
derived names, and readings are kept sealed until the record is closed.
"""

from sqlalchemy import Connection

from opencbr.cloud.capture import read_again, read_disk, read_server
from opencbr.jobs import copies, snapshots
from opencbr.jobs.closing import close
from opencbr.jobs.disks import disk_rows, enter_reading, top_row
from opencbr.jobs.engine import Cancelled, Job, StepFailed
from opencbr.jobs.failures import JobError
from opencbr.jobs.kit import Kit, parallel
from opencbr.jobs.undo import undo
from opencbr.jobs.watch import stop_if_cancelled
from opencbr.model.backup import Backup
from opencbr.model.document import Reading
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import SERVER
from opencbr.store import backups, checkpoints, operation_logs, resources

# A step's name and place are in the journals of running jobs: see VERSION in dbos_engine before changing
# them.


def run_backup(job: Job, kit: Kit, order: OperationLog) -> None:
    """Make the backup that `order` names, or clean up and say why not."""
    flow = _Flow(kit, order)
    try:
        job.step("begin", flow.begin)
        job.step("capture", flow.capture)
        job.step("snapshots", flow.snapshots)
        job.step("recapture", flow.recapture)
        job.step("backups", flow.backups)
        job.step("wait", flow.wait)
        job.step("export", flow.export)
        left = job.step("release", flow.release)
        job.step("close", lambda: flow.close(left))
    except (StepFailed, Cancelled) as end:
        undo(job, kit, order, end)


class _Flow:
    """The steps. Each one reads its rows anew: the process that ran the step before may have been another."""

    def __init__(self, kit: Kit, order: OperationLog) -> None:
        assert order.backup_id is not None, "an order to back up names its backup"
        self._kit = kit
        self._order = order
        self._project_id = order.project_id
        self._backup_id = order.backup_id

    def begin(self) -> None:
        with self._kit.database.write() as conn:
            now = self._kit.clock.now()
            operation_logs.begin(conn, self._order.id, now=now)
            top = top_row(conn, self._project_id, self._backup_id)
            if top.status != "protecting" and not backups.move(
                conn, self._project_id, top.id, to="protecting", updated_at=now
            ):
                raise JobError("6203", f"backup {top.id} is {top.status} and cannot begin")

    def capture(self) -> None:
        """Read the resource and keep the reading; enter a row for each disk."""
        reading = self._kept("before")
        if reading is None:
            reading = self._read()
            self._kit.records.keep(self._project_id, self._backup_id, "before", reading)
        with self._kit.database.write() as conn:
            top = top_row(conn, self._project_id, self._backup_id)
            enter_reading(conn, top, reading, self._kit.clock.now())
        self._advance(5, "capture")

    def _read(self) -> Reading:
        self._kit.guard()
        stop_if_cancelled(self._kit, self._order.id)
        with self._kit.database.read() as conn:
            top = top_row(conn, self._project_id, self._backup_id)
            exclude, include = _selection(conn, top)
        reader = self._kit.cloud.reader()
        if top.resource_type != SERVER:
            return read_disk(
                reader, volume_id=top.resource_id, project_id=self._project_id, clock=self._kit.clock
            )
        return read_server(
            reader,
            server_id=top.resource_id,
            project_id=self._project_id,
            exclude=exclude,
            include=include,
            clock=self._kit.clock,
        )

    def snapshots(self) -> None:
        snapshots.take(self._kit, self._order, self._disks())
        self._advance(15, "snapshots")

    def recapture(self) -> None:
        """Read the compatible documents once more: what moved during the snapshots is drift."""
        stop_if_cancelled(self._kit, self._order.id)
        if self._kept("after") is None:
            first = self._kept("before")
            assert first is not None, "capture has kept it"
            second = read_again(self._kit.cloud.reader(), first, self._kit.clock)
            self._kit.records.keep(self._project_id, self._backup_id, "after", second)
        self._advance(copies.BEGIN, "recapture")

    def backups(self) -> None:
        stop_if_cancelled(self._kit, self._order.id)
        copies.start(self._kit, self._order, self._disks())

    def wait(self) -> None:
        copies.finish(self._kit, self._order, self._disks())
        self._advance(copies.END, "wait")

    def export(self) -> None:
        """Keep Cinder's export records: a Cinder that lost its database reads the backups with them."""
        documents = parallel(lambda disk: copies.export(self._kit, disk), self._disks())
        kept = tuple(document for document in documents if document is not None)
        self._kit.records.keep(self._project_id, self._backup_id, "export", kept)
        self._advance(93, "export")

    def release(self) -> list[str]:
        left = snapshots.release(self._kit, self._order)
        self._advance(97, "release")
        return left

    def close(self, left: list[str]) -> None:
        close(self._kit, self._order, self._backup_id, left)

    def _disks(self) -> list[Backup]:
        with self._kit.database.read() as conn:
            return disk_rows(conn, top_row(conn, self._project_id, self._backup_id))

    def _kept(self, part: str) -> Reading | None:
        kept = self._kit.records.kept(self._project_id, self._backup_id, part)
        return kept if isinstance(kept, Reading) else None

    def _advance(self, progress: int, step: str) -> None:
        with self._kit.database.write() as conn:
            operation_logs.advance(conn, self._order.id, progress, step, now=self._kit.clock.now())


def _selection(conn: Connection, top: Backup) -> tuple[frozenset[str], frozenset[str]]:
    """Return the volumes to leave out and those to keep to: the request's own words first, else the binding's."""
    checkpoint = checkpoints.get(conn, top.project_id, top.checkpoint_id)
    for asked in checkpoint.resources if checkpoint else ():
        if asked["id"] == top.resource_id:
            return frozenset(asked.get("exclude_volumes") or ()), frozenset(
                asked.get("include_volumes") or ()
            )
    bound = resources.get(conn, top.project_id, top.resource_id)
    return frozenset(bound.exclude_volumes if bound else ()), frozenset(
        bound.include_volumes if bound else ()
    )
