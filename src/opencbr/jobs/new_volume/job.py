"""One disk of a backup as a new volume, on a server where the plan names one. Nothing that was there before is changed else."""

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.new_server import names, volumes
from opencbr.jobs.new_server.flow import Flow
from opencbr.jobs.new_volume.attach import attach
from opencbr.model.operation_log import OperationLog

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_new_volume(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Make the volume that the plan in the operation's parameters describes."""
    flow = Flow(job, ctx, operation)
    flow.begin()
    flow.part("volumes", volumes.BEGIN, volumes.make_volumes)
    flow.part("restore", volumes.END, volumes.write_backups)
    flow.part("describe", 84, volumes.describe_volumes)
    flow.part("names", 88, names.give_names)
    # Last: until here nobody but this service knows of the volume.
    flow.part("attach", 98, attach)
    flow.close(lambda parts: {"target_resource_id": next(iter(parts.ids("volume").values()))})
