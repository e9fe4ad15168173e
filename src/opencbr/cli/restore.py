"""`opencbr restore`: what a restore will do, field by field, and doing it; undoing one in place."""

from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import click

from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.following import follow
from opencbr.cli.output import say, write_json, write_table
from opencbr.cli.restore_output import plain, write_log, write_plan, write_report
from opencbr.cli.use_cases import use_cases
from opencbr.cli.way_back import confirm, undo, way_back

if TYPE_CHECKING:
    from opencbr.model.restore_plan.choices import Choices

_project = click.option(
    "--project", required=True, metavar="ID", help="The project that the backup or checkpoint belongs to."
)


@click.group()
def restore() -> None:
    """Plan the restore of a backup, as a new server, as a new volume or in place, or of a whole checkpoint, and carry it out.

    Undo or confirm a restore in place.
    """


for _command in (way_back, undo, confirm):
    restore.add_command(_command)


@restore.command("plan")
@_project
@click.option(
    "--as",
    "kind",
    type=click.Choice(["new_server", "new_volume", "in_place"]),
    help="What the backup is restored as: new_server of a server's backup (the default), one disk of it (or a disk's) as a "
    "volume, or in_place, over the disks that were backed up.",
)
@click.option(
    "--checkpoint",
    metavar="ID",
    help="In place of a backup: all backups of this checkpoint, as new servers and volumes. What several of them had, such as "
    "a network, is made once.",
)
@click.option("--disk", metavar="VOLUME_ID", help="As new_volume: which disk of a server's backup.")
@click.option("--attach", metavar="SERVER_ID", help="As new_volume: the server that gets the new volume.")
@click.option(
    "--mapping",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="What was chosen, as JSON: the `mapping` of a plan, edited.",
)
@click.option(
    "--into",
    metavar="ID",
    help="Another project that the server is made in, whatever the mapping says; the disks are handed over to it.",
)
@click.option(
    "--all", "all_", is_flag=True, help="Also the fields that are given back or made anew without a word."
)
@as_json
@click.argument("backup_id", required=False)
@pass_session
def plan(
    session: Session,
    *,
    project: str,
    kind: str | None,
    checkpoint: str | None,
    disk: str | None,
    attach: str | None,
    mapping: TextIO | None,
    into: str | None,
    all_: bool,
    json_: bool,
    backup_id: str | None,
) -> None:
    """Hold the record of a backup, or those of a checkpoint, against the cloud as it is now.

    Nothing is made or changed. What is to be chosen is named: write the mapping that --json gives into a file, edit it and
    hand it in with --mapping. The plan is kept for a while, under its id.

    For one file of a lost disk: --as new_volume --disk VOLUME_ID --attach SERVER_ID, then `restore apply`.
    """
    if (backup_id is None) == (checkpoint is None):
        raise click.UsageError("Name a backup, or a checkpoint with --checkpoint.")
    if checkpoint is not None and kind is not None:
        raise click.UsageError("--as is of a backup: a checkpoint is restored as new servers and volumes.")
    services, ctx = use_cases(session, project)
    choices = _choices(mapping)
    choices = replace(
        choices,
        project_id=into or choices.project_id,
        volume_id=disk or choices.volume_id,
        server_id=attach or choices.server_id,
    )
    plans = services.restore_plans
    if checkpoint is not None:
        shown = plans.create_of_checkpoint(ctx, checkpoint, choices)
    else:
        shown = plans.create(ctx, backup_id or "", choices, kind=kind or "new_server")
    if json_:
        write_json(plain(shown))
        return
    write_plan(shown, all_=all_)


@restore.command("show")
@_project
@click.option(
    "--all", "all_", is_flag=True, help="Also the fields that are given back or made anew without a word."
)
@as_json
@click.argument("plan_id")
@pass_session
def show(session: Session, *, project: str, all_: bool, json_: bool, plan_id: str) -> None:
    """Show a plan that was made; the cloud is not asked again."""
    services, ctx = use_cases(session, project)
    shown = services.restore_plans.show(ctx, plan_id)
    if json_:
        write_json(plain(shown))
        return
    write_plan(shown, all_=all_)


@restore.command("list")
@_project
@click.option("--backup", "backups", multiple=True, metavar="ID", help="Only this backup's. Can be repeated.")
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="ID",
    help="Only those of this whole checkpoint. Can be repeated.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Newest so many.")
@click.option("--marker", metavar="ID", help="Begin after this plan, the last one of the page before.")
@as_json
@pass_session
def list_(
    session: Session,
    *,
    project: str,
    backups: tuple[str, ...],
    checkpoints: tuple[str, ...],
    limit: int,
    marker: str | None,
    json_: bool,
) -> None:
    """List the plans that have not expired, newest first; `restore show` tells what one says."""
    import msgspec

    from opencbr.api.plus.restore_plans.listing import summary_of
    from opencbr.model.lists import Page

    services, ctx = use_cases(session, project)
    page = Page(limit=limit, marker=marker)
    found = services.restore_plans.list(ctx, backups, page, checkpoint_ids=checkpoints)
    rows = [summary_of(one) for one in found.items]
    if json_:
        write_json({"restore_plans": msgspec.to_builtins(rows), "count": found.count})
        return
    columns = ("id", "backup or checkpoint", "as", "status", "created", "kept until", "carried out by")
    write_table(
        columns,
        [
            (r.id, r.backup_id or r.checkpoint_id, r.as_, r.status, r.created_at, r.expires_at, r.job_id)
            for r in rows
        ],
        empty="no plan is kept: `opencbr restore plan` makes one",
    )


@restore.command("apply")
@_project
@click.option(
    "--no-wait", "no_wait", is_flag=True, help="Return at once; `operation-logs list` tells the rest."
)
@as_json
@click.argument("plan_id")
@pass_session
def apply(session: Session, *, project: str, no_wait: bool, json_: bool, plan_id: str) -> None:
    """Restore as a plan says, and follow it to its end.

    The cloud is asked again first: when the plan would say something else now, nothing is done. A restore that fails or is
    cancelled removes what it has made; one in place gives the server back, and cancelled once a disk is being written over it
    takes the disks back. Ctrl-C ends the following, not the restore: `operation-logs cancel` does that.
    """
    services, ctx = use_cases(session, project)
    log = services.restore_plans.apply(ctx, plan_id)
    if not json_:
        say(f"operation log {log.id}")
    if not no_wait:
        log = follow(services, ctx, log.id, "the restore", quiet=json_)
    if json_:
        write_log(log)
    elif not no_wait:
        write_report(log)


def _choices(mapping: TextIO | None) -> "Choices":
    import msgspec

    from opencbr.api.plus.restore_plans.mapped_choices import choices_of
    from opencbr.api.plus.restore_plans.mapping import PlanMapping

    if mapping is None:
        return choices_of(None)
    try:
        return choices_of(msgspec.json.decode(mapping.read(), type=PlanMapping))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{mapping.name} is not the mapping of a plan: {error}") from error
