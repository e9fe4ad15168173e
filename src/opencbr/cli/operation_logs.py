"""`opencbr operation-logs`: what was requested, how far it is, and stopping it."""

from datetime import UTC, datetime

import click

from opencbr import wiring
from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.clock import SystemClock
from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.lists import OperationLogFilter, Page
from opencbr.model.operation_log import TERMINAL
from opencbr.store import operation_logs as logs

_TIMES = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")
_project = click.option("--project", required=True, metavar="ID", help="The project whose logs these are.")


@click.group("operation-logs")
def operation_logs() -> None:
    """Look at jobs, and cancel one."""


@operation_logs.command("list")
@click.option("--project", metavar="ID", help="Only this project's. Without it those of all projects.")
@click.option("--status", multiple=True, help="Only these, for instance failed. Can be repeated.")
@click.option("--type", "types", multiple=True, help="Only these, for instance backup. Can be repeated.")
@click.option("--resource", "resources", multiple=True, metavar="ID", help="Only this server's or disk's.")
@click.option("--vault", "vaults", multiple=True, metavar="ID", help="Only this vault's.")
@click.option("--since", type=click.DateTime(_TIMES), help="Only those requested at or after this time, UTC.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Newest so many.")
@click.option("--marker", metavar="ID", help="Begin after this log, the last one of the page before.")
@as_json
@pass_session
def list_(
    session: Session,
    *,
    project: str | None,
    status: tuple[str, ...],
    types: tuple[str, ...],
    resources: tuple[str, ...],
    vaults: tuple[str, ...],
    since: datetime | None,
    limit: int,
    marker: str | None,
    json_: bool,
) -> None:
    """List operation logs, newest first: all projects' or one's.

    A log's sentence says why it failed: step, upstream call, its status and request id.
    """
    wanted = OperationLogFilter(
        statuses=status,
        operation_types=types,
        resource_ids=resources,
        vault_ids=vaults,
        created_from=since and since.replace(tzinfo=UTC),
    )
    page = Page(limit=limit, marker=marker)
    with wiring.open_database(session.config).read() as conn:
        found = (
            logs.list_all(conn, wanted, page) if project is None else logs.list(conn, project, wanted, page)
        )
    if json_:
        write_json({"operation_logs": found.items, "count": found.count})
        return
    write_table(
        ("id", "project", "type", "status", "%", "step", "resource", "created", "what went wrong"),
        [
            (
                log.id,
                log.project_id,
                log.operation_type,
                log.status,
                log.progress,
                log.step,
                log.resource_name or log.vault_name,
                f"{log.created_at:%Y-%m-%d %H:%M:%S}",
                log.error_message,
            )
            for log in found.items
        ],
        empty="no operation logs",
    )
    if found.count > len(found.items):
        last = f" and --marker {found.items[-1].id}" if found.items else ""
        say(f"{found.count} in all; --limit{last} show more")


@operation_logs.command()
@_project
@click.argument("log_id")
@pass_session
def cancel(session: Session, project: str, log_id: str) -> None:
    """Ask for a job to be stopped.

    The worker sees this at its next look at the cloud and ends the log as failed. A backup removes what it made; a restore in
    place takes back what it has written over, and gives the server back as it was (one that cannot stop any more goes to its
    end, and is undone then, as its notes tell); a vault or a resource that was being deleted keeps the backups that are still
    there.
    """
    database = wiring.open_database(session.config)
    with database.write() as conn:
        log = logs.get(conn, project, log_id)
        if log is None:
            raise Failure(f"project {project} has no operation log {log_id}")
        if log.status in TERMINAL:
            raise Failure(f"operation log {log_id} has ended: {log.status}")
        cancellable = sorted(kind for kind, job in JOB_TYPES.items() if job.cancellable)
        if log.operation_type not in cancellable:  # a newer release's, too
            only = ", ".join(cancellable)
            raise Failure(f"a job of type {log.operation_type} cannot be cancelled, only one of {only}")
        logs.request_cancel(conn, project, log_id, now=SystemClock().now())
    say("cancel requested")
