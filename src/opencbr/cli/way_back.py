"""`opencbr restore way-back`, `undo`, `confirm`: what a restore in place has written over, taken back or let go."""

from typing import TYPE_CHECKING, Any

import click

from opencbr.cli.app import Session, as_json, pass_session
from opencbr.cli.following import follow
from opencbr.cli.output import say, write_json, write_table
from opencbr.cli.use_cases import use_cases

if TYPE_CHECKING:
    from opencbr.service.disks_since import ShownDisk, ShownImage
    from opencbr.service.ways_back import ShownWayBack

_project = click.option("--project", required=True, metavar="ID", help="The project of the restore.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_restore = click.argument("restore_id", metavar="OPERATION_LOG")


@click.command("way-back")
@_project
@as_json
@_restore
@pass_session
def way_back(session: Session, *, project: str, json_: bool, restore_id: str) -> None:
    """Show whether a restore in place can be undone.

    A restore is named by its operation log. Each disk that it has written over is shown with the snapshot of what it held,
    whether something may have been written since, and what stands against taking it back. Nothing is changed.
    """
    services, ctx = use_cases(session, project)
    shown = services.ways_back.show(ctx, restore_id)
    if json_:
        write_json({"way_back": _plain(shown)})
        return
    _tell(shown)


@click.command("undo")
@_project
@_yes
@click.option(
    "--no-wait", "no_wait", is_flag=True, help="Return at once; `operation-logs list` tells the rest."
)
@_restore
@pass_session
def undo(session: Session, *, project: str, yes: bool, no_wait: bool, restore_id: str) -> None:
    """Undo a restore in place, and follow that to its end.

    Every disk that the restore has written over is taken back to what it held; what was written since is lost, and the disks
    are named before. The server is shut off meanwhile, and runs afterwards if it ran before.
    """
    services, ctx = use_cases(session, project)
    if not yes:
        shown = services.ways_back.show(ctx, restore_id)
        _tell(shown)
        written = sum(one.may_be_written for one in shown.all)
        lost = f", and lose what may have been written since to {written} of them" if written else ""
        if shown.all:
            click.confirm(f"Take {len(shown.all)} disk(s) back{lost}?", abort=True, err=True)
    log = services.ways_back.undo(ctx, restore_id)
    say(f"operation log {log.id}")
    if not no_wait:
        follow(services, ctx, log.id, "the undoing")
        say("the disks hold what they held before the restore")


@click.command("confirm")
@_project
@_yes
@_restore
@pass_session
def confirm(session: Session, *, project: str, yes: bool, restore_id: str) -> None:
    """Let the way back of a restore in place go before its time.

    The snapshots of what it has written over are deleted; it cannot be undone any more.
    """
    services, ctx = use_cases(session, project)
    if not yes:
        click.confirm("Delete the snapshots of what was written over?", abort=True, err=True)
    services.ways_back.confirm(ctx, restore_id)
    say("confirmed: the snapshots are being deleted")


def _plain(shown: "ShownWayBack") -> Any:
    import msgspec

    from opencbr.api.plus.way_back import way_back_body

    return msgspec.to_builtins(way_back_body(shown))


def _of(shown: "ShownDisk | ShownImage") -> tuple[str, str, str]:
    """Name a disk, its size and what holds what it held."""
    from opencbr.service.disks_since import ShownDisk

    if isinstance(shown, ShownDisk):
        return shown.disk.volume_id, str(shown.disk.size_gb), shown.disk.snapshot_id
    return "root disk", "", f"image {shown.image_id}"


def _tell(shown: "ShownWayBack") -> None:
    state = shown.way_back
    until = f" until {state.kept_until:%Y-%m-%d %H:%M:%S} UTC" if state.kept_until else ""
    by = f", by operation log {state.undo_job_id}" if state.undo_job_id else ""
    write_table(
        ("disk", "GiB", "snapshot", "written since", "known", "problem"),
        [
            (
                *_of(one),
                "maybe" if one.may_be_written else "no",
                one.known,
                one.problem.message if one.problem else "",
            )
            for one in shown.all
        ],
        empty="there is no disk to take back",
    )
    say(f"the way back of restore {state.restore.id} is {state.status}{until}{by}")
