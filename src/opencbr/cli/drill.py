"""`opencbr drill`: whether backups can be restored, tried in networks of their own, and what came of it."""

from typing import TYPE_CHECKING, Any

import click

from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.cli.use_cases import use_cases

if TYPE_CHECKING:
    from opencbr.model.drill import Drill
    from opencbr.service.context import Context
    from opencbr.service.services import Services

_project = click.option("--project", required=True, metavar="ID", help="The project whose backups these are.")
_LOOK_SECONDS = 1.0


@click.group()
def drill() -> None:
    """Try whether backups can be restored, and look at what came of it.

    A drill makes a server of a backup in networks of its own, which nothing leads to, looks whether it comes up with all disks
    and addresses, runs the checks of the configuration ([[drill.checks]]), and removes all of it.
    """


@drill.command("run")
@_project
@click.option("--backup", "backups", multiple=True, metavar="ID", help="Try this backup. Can be repeated.")
@click.option("--no-wait", "no_wait", is_flag=True, help="Return at once; `drill list` tells the rest.")
@as_json
@click.argument("server_ids", metavar="[SERVER_ID]...", nargs=-1)
@pass_session
def run(
    session: Session,
    *,
    project: str,
    backups: tuple[str, ...],
    no_wait: bool,
    json_: bool,
    server_ids: tuple[str, ...],
) -> None:
    """Try the newest backup of each server, and the backups that are named, and follow them to their end.

    Exit code 1 when one of them has not come up, or had to be skipped. Ctrl-C ends the following, not the drills:
    `operation-logs cancel` stops one, under the drill's id.
    """
    from opencbr.model.drill import PASSED, UNCHECKED

    if not server_ids and not backups:
        raise Failure("name the servers whose newest backups are to be tried, or backups with --backup")
    services, ctx = use_cases(session, project)
    drills = [services.drills.create(ctx, resource_id=one) for one in server_ids]
    drills += [services.drills.create(ctx, backup_id=one) for one in backups]
    for one in () if json_ else drills:
        say(f"drill {one.id} of {one.resource_name}")
    if not no_wait:
        drills = [_followed(services, ctx, one.id, quiet=json_) for one in drills]
    if json_:
        write_json({"drills": [_plain(one) for one in drills]})
    if not no_wait and any(one.verdict not in (PASSED, UNCHECKED) for one in drills):
        raise Failure("not every backup has come up")


@drill.command("list")
@_project
@click.option("--server", "servers", multiple=True, metavar="ID", help="Only this server's. Can be repeated.")
@click.option("--backup", "backups", multiple=True, metavar="ID", help="Only this backup's. Can be repeated.")
@click.option(
    "--policy", "policies", multiple=True, metavar="ID", help="Only what it fired. Can be repeated."
)
@click.option(
    "--verdict", "verdicts", multiple=True, metavar="WORD", help="Only with this verdict. Can be repeated."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Newest so many.")
@click.option("--marker", metavar="ID", help="Begin after this drill, the last one of the page before.")
@as_json
@pass_session
def list_(
    session: Session,
    *,
    project: str,
    servers: tuple[str, ...],
    backups: tuple[str, ...],
    policies: tuple[str, ...],
    verdicts: tuple[str, ...],
    limit: int,
    marker: str | None,
    json_: bool,
) -> None:
    """List the drills of a project, newest first; `drill show` tells what was found."""
    import msgspec

    from opencbr.api.plus.drills.body import row_of
    from opencbr.model.lists import DrillFilter, Page

    services, ctx = use_cases(session, project)
    wanted = DrillFilter(backup_ids=backups, resource_ids=servers, policy_ids=policies, verdicts=verdicts)
    found = services.drills.list(ctx, wanted, Page(limit=limit, marker=marker))
    rows = [row_of(one) for one in found.items]
    if json_:
        write_json({"drills": msgspec.to_builtins(rows), "count": found.count})
        return
    columns = ("id", "server", "backup", "requested", "verdict", "seconds", "why")
    write_table(
        columns,
        [
            (
                r.id,
                r.resource_name,
                r.backup_name,
                r.created_at,
                r.verdict or "under way",
                r.duration_seconds,
                r.reason,
            )
            for r in rows
        ],
        empty="nobody has drilled yet: `opencbr drill run` does",
    )


@drill.command("show")
@_project
@as_json
@click.argument("drill_id")
@pass_session
def show(session: Session, *, project: str, json_: bool, drill_id: str) -> None:
    """Show a drill with all that was looked at."""
    services, ctx = use_cases(session, project)
    found = services.drills.show(ctx, drill_id)
    if json_:
        write_json({"drill": _plain(found)})
        return
    rows = [(one.kind, one.name, "ok" if one.held else "not ok", one.said) for one in found.findings]
    write_table(("what", "name", "", "seen"), rows, empty="nothing was looked at")
    say(_told(found))


def _followed(services: "Services", ctx: "Context", drill_id: str, *, quiet: bool) -> "Drill":
    """Wait for a verdict, and say it."""
    from opencbr.clock import SystemClock

    clock = SystemClock()
    while True:
        found = services.drills.show(ctx, drill_id)
        if found.verdict is not None:
            if not quiet:
                say(_told(found))
            return found
        clock.sleep(_LOOK_SECONDS)


def _told(found: "Drill") -> str:
    if found.verdict is None:
        return f"{found.resource_name}: under way"
    seconds = found.duration_seconds
    took = "" if seconds is None else f"; it took {seconds:.1f} seconds"
    return f"{found.resource_name}: {found.verdict}: {found.reason}{took}"


def _plain(found: "Drill") -> Any:
    import msgspec

    from opencbr.api.plus.drills.body import drill_body

    return msgspec.to_builtins(drill_body(found).drill)
