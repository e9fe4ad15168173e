"""The backup job: reading, image and snapshots, reading again, Cinder backups, clean-up, record.

Every step may be cut off anywhere and run again by another worker: rows have derived ids, upstream objects
derived names, and readings are kept sealed until the record is closed.
"""

from sqlalchemy import Connection

from opencbr.cloud.capture import read_disk, read_server
from opencbr.cloud.second_reading import read_again
from opencbr.cloud.shared_documents import DocumentsInCommon
from opencbr.jobs.backup import cinder_backups, root_image, snapshots
from opencbr.jobs.backup.close import close
from opencbr.jobs.backup.export import export
from opencbr.jobs.backup.terminated import tell_kept_disks
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.disks import disk_rows, enter_reading, top_row
from opencbr.jobs.engine.port import Job
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.model import statuses
from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.document import Reading
from opencbr.model.errors import BACKUP_UNFINISHED
from opencbr.model.operation_log import FIRING, OperationLog
from opencbr.model.root_image import boots_from_image
from opencbr.model.vault import SERVER
from opencbr.store import backups, checkpoints, operation_logs, resources

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_backup(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Make the backup that `operation` names."""
    flow = _Flow(ctx, operation)
    job.step("begin", flow.begin)
    # A job from before images has returned nothing here.
    is_imaged = bool(job.step("capture", flow.capture)) and job.patched("root image")
    if is_imaged:
        job.step("image", flow.image)
    job.step("snapshots", flow.snapshots)
    job.step("recapture", flow.recapture)
    job.step("backups", flow.backups)
    job.step("wait", flow.wait)
    if is_imaged:
        job.step("saved", flow.saved)
    job.step("export", flow.export)
    left = job.step("release", flow.release)
    job.step("close", lambda: flow.close(left))


class _Flow:
    """The steps. Each one reads its rows anew: the process that ran the step before may have been another."""

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        assert operation.backup_id is not None, "an operation to back up names its backup"
        self._ctx = ctx
        self._operation = operation
        self._project_id = operation.project_id
        self._backup_id = operation.backup_id

    def begin(self) -> None:
        with self._ctx.database.write() as conn:
            now = self._ctx.clock.now()
            operation_logs.begin(conn, self._operation.id, now=now)
            top = top_row(conn, self._project_id, self._backup_id)
            if top.status != statuses.PROTECTING and not backups.move(
                conn, self._project_id, top.id, to=statuses.PROTECTING, updated_at=now
            ):
                raise JobError(BACKUP_UNFINISHED, f"backup {top.id} is {top.status} and cannot begin")

    def capture(self) -> bool:
        """Read the resource and keep the reading; enter a row for each disk. Return whether an image of it is to be made."""
        reading = self._kept("before")
        if reading is None:
            reading = self._read()
            self._ctx.records.keep(self._project_id, self._backup_id, "before", reading)
        is_imaged = self._takes_image(reading)
        with self._ctx.database.write() as conn:
            top = top_row(conn, self._project_id, self._backup_id)
            enter_reading(conn, top, reading, self._ctx.clock.now(), root_image=is_imaged)
        self._advance(5, "capture")
        return is_imaged

    def _read(self) -> Reading:
        self._ctx.guard()
        stop_if_cancelled(self._ctx, self._operation.id)
        with self._ctx.database.read() as conn:
            top = top_row(conn, self._project_id, self._backup_id)
            exclude, include = _selection(conn, top)
        reader, shared = self._ctx.cloud.reader(), self._in_common()
        if top.resource_type != SERVER:
            return read_disk(
                reader,
                volume_id=top.resource_id,
                project_id=self._project_id,
                clock=self._ctx.clock,
                shared=shared,
            )
        return read_server(
            reader,
            server_id=top.resource_id,
            project_id=self._project_id,
            exclude=exclude,
            include=include,
            root_image=self._ctx.settings.root_images,
            clock=self._ctx.clock,
            shared=shared,
        )

    def _in_common(self) -> DocumentsInCommon:
        # A policy's servers are in many checkpoints: each is begun when it is free.
        together = self._operation.parameters.get(FIRING) or self._operation.checkpoint_id
        return self._ctx.documents.of(f"{self._project_id} {together}", self._ctx.clock)

    def _takes_image(self, reading: Reading) -> bool:
        with self._ctx.database.read() as conn:
            _, include = _selection(conn, top_row(conn, self._project_id, self._backup_id))
        return self._ctx.settings.root_images and not include and boots_from_image(reading)

    def image(self) -> None:
        """Begin with the image of the root disk, so that it and the snapshots lie in one window."""
        stop_if_cancelled(self._ctx, self._operation.id)
        root_image.begin(self._ctx, self._operation, self._first())
        self._advance(10, "image")

    def saved(self) -> None:
        root_image.finish(self._ctx, self._operation, self._first())
        self._advance(92, "saved")

    def snapshots(self) -> None:
        snapshots.take(self._ctx, self._operation, self._disks())
        self._advance(15, "snapshots")

    def recapture(self) -> None:
        """Read the compatible documents once more: what moved during the snapshots is drift."""
        stop_if_cancelled(self._ctx, self._operation.id)
        if self._kept("after") is None:
            reader, clock = self._ctx.cloud.reader(), self._ctx.clock
            second = read_again(reader, self._first(), clock, self._in_common())
            self._ctx.records.keep(self._project_id, self._backup_id, "after", second)
        self._advance(cinder_backups.BEGIN, "recapture")

    def backups(self) -> None:
        stop_if_cancelled(self._ctx, self._operation.id)
        cinder_backups.start(self._ctx, self._operation, self._disks())

    def wait(self) -> None:
        cinder_backups.finish(self._ctx, self._operation)
        self._advance(cinder_backups.END, "wait")

    def export(self) -> None:
        documents = parallel(lambda disk: export(self._ctx, disk), self._disks())
        kept = tuple(document for document in documents if document is not None)
        self._ctx.records.keep(self._project_id, self._backup_id, "export", kept)
        self._advance(93, "export")

    def release(self) -> list[str]:
        left = snapshots.release(self._ctx, self._operation)
        tell_kept_disks(self._ctx, self._operation, self._kept("before"))
        self._advance(97, "release")
        return left

    def close(self, left: list[str]) -> None:
        close(self._ctx, self._operation, self._backup_id, left)

    def _disks(self) -> list[DiskBackup]:
        with self._ctx.database.read() as conn:
            return disk_rows(conn, top_row(conn, self._project_id, self._backup_id))

    def _first(self) -> Reading:
        first = self._kept("before")
        assert first is not None, "capture has kept it"
        return first

    def _kept(self, part: str) -> Reading | None:
        kept = self._ctx.records.kept(self._project_id, self._backup_id, part)
        return kept if isinstance(kept, Reading) else None

    def _advance(self, progress: int, step: str) -> None:
        with self._ctx.database.write() as conn:
            operation_logs.advance(conn, self._operation.id, progress, step, now=self._ctx.clock.now())


def _selection(conn: Connection, top: Backup) -> tuple[frozenset[str], frozenset[str]]:
    """Return the volumes to leave out and those to keep to: as the request says, else as the binding does."""
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
