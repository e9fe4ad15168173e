"""What a restore as a new server makes: each object in the ledger before it exists, known by its id in the record."""

from collections.abc import Callable, Mapping
from typing import Any

from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.objects import make, planned
from opencbr.model.errors import BACKUP_UNRESTORABLE
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.blueprint import Blueprint, NewServer, Ref
from opencbr.records.kept_plans import KeptPlan, OfAnotherRelease, open_plan
from opencbr.store import ledger, operation_logs, restore_plans
from opencbr.store.ledger import Entry

PLAN = "plan_id"
"""Key in the parameters of an operation of the plan that it carries out."""


class Parts:
    """The objects of one job, and the plan that names them. Each process that goes on with the job makes its own."""

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        self.ctx = ctx
        self.operation = operation
        self.kept = plan_of(ctx, operation)
        if self.kept.blueprint is None:
            raise JobError(BACKUP_UNRESTORABLE, "the plan says of nothing how it is to be made")
        self.blueprint: Blueprint = self.kept.blueprint
        self.home = ctx.cloud.project(operation.project_id)
        """The backup's project, in which Cinder writes the disks."""
        self.project = ctx.cloud.project(self.blueprint.project_id or operation.project_id)
        """The project that all is made for."""

    def at(self, progress: int, what: str) -> None:
        """Tell how far the work is, in per cent, and at what."""
        with self.ctx.database.write() as conn:
            operation_logs.advance(conn, self.operation.id, progress, what, now=self.ctx.clock.now())

    @property
    def is_elsewhere(self) -> bool:
        """Whether these are two: the disks are handed over then."""
        return self.blueprint.project_id is not None

    def make(
        self, kind: str, key: str, create: Callable[[str], str], size_gb: int = 0, *, at_home: bool = False
    ) -> str:
        """Return the id of the object that takes the place of `key`; `create` makes it under a name that nothing else has.

        `at_home` is one that is made in the backup's project. Raises CloudError, JobError 8300.
        """
        where = None if at_home else self.blueprint.project_id
        entry = planned(self.ctx, self.operation, kind, key, cloud_project_id=where)
        return make(self.ctx, entry, lambda: create(entry.name), size_gb)

    def of_neutron(self, kind: str, key: str, fields: Mapping[str, Any]) -> str:
        """Make a thing of Neutron's."""
        return self.make(kind, key, lambda name: str(self.project.networks.create(kind, name, fields)["id"]))

    @property
    def server(self) -> NewServer:
        """The server of a plan that makes one."""
        (server,) = self.blueprint.servers
        return server

    def entries(self) -> list[Entry]:
        """Read what this job has in the ledger."""
        with self.ctx.database.read() as conn:
            return ledger.of_log(conn, self.operation.id)

    def ids(self, kind: str) -> dict[str, str]:
        """Say which objects of a kind were made: id in the record -> id in the cloud."""
        return {
            entry.key: entry.upstream_id
            for entry in self.entries()
            if entry.kind == kind and entry.upstream_id is not None
        }

    def resolve(self, kind: str, ref: Ref) -> str:
        """Give the id of what is named. An object that is to be made was made in a step before."""
        if ref.id is not None:
            return ref.id
        return self.ids(kind)[ref.made or ""]


def plan_of(ctx: JobContext, operation: OperationLog) -> KeptPlan:
    """Open the plan that a job carries out. Raises JobError 2005, RecordDamaged."""
    plan_id = str(operation.parameters[PLAN])
    with ctx.database.read() as conn:
        stored = restore_plans.get(conn, operation.project_id, plan_id)
    if stored is None:
        raise JobError(BACKUP_UNRESTORABLE, f"restore plan {plan_id} does not exist any more")
    try:
        return open_plan(ctx.records, stored)
    except OfAnotherRelease as error:
        raise JobError(BACKUP_UNRESTORABLE, str(error)) from error
