"""`opencbr policy run` and `runs`: run a policy now, and see what has come of the times that it was due."""

from typing import TYPE_CHECKING

import click

from opencbr.cli.app import Session, as_json, pass_session
from opencbr.cli.output import write_json, write_table
from opencbr.cli.use_cases import use_cases

if TYPE_CHECKING:
    from opencbr.model.policy_run import PolicyRun

_project = click.option("--project", required=True, metavar="ID", help="The project that has the policy.")


@click.command("run")
@_project
@as_json
@click.argument("policy_id")
@pass_session
def run(session: Session, *, project: str, json_: bool, policy_id: str) -> None:
    """Run a policy now: an automatic backup of each resource of its vaults, or its drills. A worker starts them."""
    services, ctx = use_cases(session, project)
    _write(services.policy_runs.create(ctx, policy_id), json_=json_)


@click.command("runs")
@_project
@click.option(
    "--status", "statuses", multiple=True, metavar="WORD", help="Only with this status. Can be repeated."
)
@click.option(
    "--resource", "resources", multiple=True, metavar="ID", help="Only of this one. Can be repeated."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Newest so many.")
@click.option("--marker", metavar="ID", help="Begin after this run, the last one of the page before.")
@as_json
@click.argument("policy_id")
@pass_session
def runs(
    session: Session,
    *,
    project: str,
    statuses: tuple[str, ...],
    resources: tuple[str, ...],
    limit: int,
    marker: str | None,
    json_: bool,
    policy_id: str,
) -> None:
    """List the runs of a policy, newest first, the missed and late ones too."""
    from opencbr.model.lists import Page, PolicyRunFilter

    services, ctx = use_cases(session, project)
    wanted = PolicyRunFilter(statuses=statuses, resource_ids=resources)
    found = services.policy_runs.list(ctx, policy_id, wanted, Page(limit=limit, marker=marker))
    _write(found.items, json_=json_, count=found.count)


def _write(found: "list[PolicyRun]", *, json_: bool, count: int | None = None) -> None:
    import msgspec

    from opencbr.api.plus.policy_runs.body import run_row

    rows = [run_row(one) for one in found]
    if json_:
        write_json({"runs": msgspec.to_builtins(rows)} | ({} if count is None else {"count": count}))
        return
    write_table(
        ("id", "type", "resource", "due", "status", "began", "why"),
        [
            (
                row.id,
                row.operation_type,
                row.resource_name,
                row.due_at,
                f"{row.status}, late" if row.late else row.status,
                row.started_at or "",
                row.reason,
            )
            for row in rows
        ],
        empty="the policy was not due yet",
    )
