"""Cinder's export records: with them a Cinder that lost its database reads the backups."""

from opencbr.cloud.errors import Denied, NotFound
from opencbr.cloud.project import exported
from opencbr.jobs.context import JobContext
from opencbr.model.backup import Backup
from opencbr.model.document import Document
from opencbr.store import backups


def export(ctx: JobContext, disk: Backup) -> Document | None:
    """Read Cinder's export record of a finished Cinder backup, None when it is refused; note the true parent in it.

    Cinder chooses the parent of an incremental itself and tells nowhere else which: where two vaults share a
    volume, or a tenant makes backups too, it may be another than the one we saw.
    """
    assert disk.cinder_backup_id is not None, "the Cinder backup is made"
    project = ctx.cloud.project(disk.project_id)
    try:
        document = project.export_record(disk.cinder_backup_id, f"export/{disk.resource_id}")
    except (Denied, NotFound):
        return None
    inside = exported(document.body) or {}
    if "parent_id" in inside:
        with ctx.database.write() as conn:
            true_one = backups.of_object(
                conn, disk.project_id, disk.resource_id, str(inside["parent_id"] or "")
            )
            based_on = None if true_one is None else true_one.id
            if based_on != disk.based_on:
                now = ctx.clock.now()
                backups.update(conn, disk.project_id, disk.id, based_on=based_on, updated_at=now)
    return document
