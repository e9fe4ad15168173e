"""A server's backup as a new server: what it needs, its disks, the server, and at the end the names of the record.

Nothing that was there before is changed but floating IPs that led nowhere.
"""

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.new_server import floating_ips, handover, names, networks, routers, server, volumes
from opencbr.jobs.new_server.flow import Flow
from opencbr.jobs.new_server.parts import Parts
from opencbr.model.operation_log import OperationLog

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_new_server(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Make the server that the plan in the operation's parameters describes."""
    flow = Flow(job, ctx, operation)
    flow.begin()
    make_all(flow)
    flow.close(lambda parts: {"target_resource_id": parts.ids("server")[parts.server.key]})


def make_all(flow: Flow) -> None:
    """Make all that a plan says: what servers need, their disks, the servers side by side, and in the end the names."""
    flow.part("groups", 5, _make_groups)
    flow.part("networks", 8, _make_networks)
    flow.part("ports", 14, networks.make_ports)
    flow.part("trunks", 16, networks.make_trunks)
    flow.part("volumes", volumes.BEGIN, volumes.make_volumes)
    flow.part("restore", volumes.END, volumes.write_backups)
    flow.part("transfer", 81, handover.hand_volumes_over)
    flow.part("describe", 82, volumes.describe_volumes)
    flow.part("key", 84, server.import_keys)
    flow.part("server", 86, server.create_servers)
    flow.part("forget", 87, server.forget_keys)
    flow.part("boot", 94, server.await_servers)
    flow.part("addresses", 96, floating_ips.lead_floating_ips)
    flow.part("names", 98, names.give_names)


def _make_groups(parts: Parts) -> None:
    networks.make_groups(parts)
    server.make_server_groups(parts)


def _make_networks(parts: Parts) -> None:
    networks.make_networks(parts)
    routers.make_routers(parts)
