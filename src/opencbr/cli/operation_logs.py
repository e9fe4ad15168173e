"""`opencbr operation-logs`: what was requested, how far it is, and stopping it."""

import click

from opencbr import wiring
from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.clock import SystemClock
from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.lists import OperationLogFilter, Page
from opencbr.model.operation_log import TERMINAL
from opencbr.store import operation_logs as logs

_project = click.option("--project", required=True, metavar="ID", help="The project whose logs these are.")


@click.group("operation-logs")
def operation_logs() -> None:
    """Look at a project's jobs, and cancel one."""


@operation_logs.command("list")
@_project
@click.option("--status", multiple=True, help="Only these, for instance failed. Can be repeated.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Newest so many.")
@as_json
@pass_session
def list_(session: Session, project: str, status: tuple[str, ...], limit: int, *, json_: bool) -> None:
    """List operation logs, newest first."""
    with wiring.open_database(session.config).read() as conn:
        found = logs.list(conn, project, OperationLogFilter(statuses=status), Page(limit=limit))
    if json_:
        write_json({"operation_logs": found.items, "count": found.count})
        return
    write_table(
        ("id", "type", "status", "%", "step", "resource", "created", "what went wrong"),
        [
            (
                log.id,
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
        say(f"{found.count - len(found.items)} older ones are not shown; --limit shows more")


@operation_logs.command()
@_project
@click.argument("log_id")
@pass_session
def cancel(session: Session, project: str, log_id: str) -> None:
    """Ask for a job to be stopped.

    The worker sees this at its next look at the cloud and ends the log as failed. A backup removes what it made; a
    vault or a resource that was being deleted keeps the backups that are still there.
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
