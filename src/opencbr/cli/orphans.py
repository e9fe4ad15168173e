"""`opencbr orphans`: whether the ledger agrees with the cloud."""

import sys
from typing import TYPE_CHECKING

import click

from opencbr import wiring
from opencbr.cli.app import FAILED, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table

if TYPE_CHECKING:
    from opencbr.jobs.upstream.inventory import Inventory


@click.group()
def orphans() -> None:
    """Compare what was made in the cloud with what should be there."""


@orphans.command("list")
@as_json
@pass_session
def list_(session: Session, *, json_: bool) -> None:
    """List upstream objects of this installation that nothing answers for, and those that are missing.

    Backups too that their users deleted, that were kept for later ones, and that nothing needs any more.
    Changes nothing. Jobs under way are not touched: what they made is in the ledger. Exit code 1 when there are any.
    """
    from opencbr.jobs.upstream.inventory import take_stock

    stock = take_stock(wiring.open_database(session.config), wiring.open_cloud(session.config))
    if json_:
        write_json(stock)
    else:
        _show(stock)
    if stock.orphans or stock.missing or stock.unneeded:
        sys.exit(FAILED)


@orphans.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_session
def clean(session: Session, *, yes: bool, json_: bool) -> None:
    """Delete the orphans, newest backups first, and the kept backups that nothing needs any more.

    Asks before it does so, and looks again after the answer: what is no orphan by then is left alone. Exit
    code 1 when something could not be removed.
    """
    from opencbr.jobs.upstream import janitor
    from opencbr.jobs.upstream.inventory import take_stock

    ctx = wiring.cloud_context(session.config)
    stock = take_stock(ctx.database, ctx.cloud)
    number = len(stock.orphans) + len(stock.unneeded)
    if number and not json_:
        _show(stock)
    if number and not yes:
        click.confirm(f"Delete {number} object(s) from the cloud?", abort=True, err=True)
    cleaned = janitor.clean(ctx, stock.orphans)
    kept = janitor.settle_unneeded(ctx)
    struck = janitor.forget_unmade(ctx)
    if json_:
        write_json({"cleaned": cleaned, "kept": kept, "struck": struck})
    else:
        for one in cleaned:
            result = f"still there: {one.problem}" if one.problem else "removed"
            say(f"{one.orphan.kind} {one.orphan.id} {result}")
        for words in kept:
            say(f"still there: {words}")
        if not number:
            say("nothing to clean")
        if struck:
            say(f"struck {struck} ledger entr{'y' if struck == 1 else 'ies'} of objects never made")
    if kept or any(one.problem for one in cleaned):
        sys.exit(FAILED)


def _show(stock: "Inventory") -> None:
    write_table(
        ("kind", "id", "name", "project", "GiB", "created", "why"),
        [
            (
                o.kind,
                o.id,
                o.name,
                o.project_id,
                o.size_gb,
                o.created_at and f"{o.created_at:%Y-%m-%d %H:%M}",
                o.why,
            )
            for o in stock.orphans
        ],
        empty="no orphans: everything in the cloud under this installation's name has its backup or its job",
    )
    if stock.missing:
        say("Missing in the cloud, though a finished backup needs them:")
        write_table(
            ("kind", "id", "name", "project", "backup"),
            [(m.kind, m.id, m.name, m.project_id, m.backup_id) for m in stock.missing],
            empty="",
        )
    if stock.unneeded:
        say("Kept for later backups that are gone, and needed no more:")
        write_table(
            ("backup", "id", "volume", "project"),
            [(u.backup_id, u.id or "", u.volume_id, u.project_id) for u in stock.unneeded],
            empty="",
        )
