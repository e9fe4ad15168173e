"""`opencbr freshness`: how old the newest backups of all that is bound to vaults are."""

from typing import TYPE_CHECKING, Any

import click

from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.cli.use_cases import use_cases

if TYPE_CHECKING:
    from opencbr.api.plus.freshness.body import FreshnessRow
    from opencbr.api.plus.freshness.summary import VaultFreshnessRow
    from opencbr.service.context import Context
    from opencbr.service.services import Services

_VAULTS = 1000


@click.command()
@click.option("--project", required=True, metavar="ID", help="The project whose backups these are.")
@click.option("--vault", "vaults", multiple=True, metavar="ID", help="Only this vault. Can be repeated.")
@click.option("--without-backup", is_flag=True, help="Of the resources only those that have no backup.")
@click.option(
    "--last-run",
    "last_runs",
    multiple=True,
    metavar="WORD",
    help="Only those whose last run has ended so: success, failed, missed or skipped. Can be repeated.",
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="So many resources."
)
@click.option("--marker", metavar="ID", help="Begin after this resource, the last one of the page before.")
@as_json
@pass_session
def freshness(
    session: Session,
    *,
    project: str,
    vaults: tuple[str, ...],
    without_backup: bool,
    last_runs: tuple[str, ...],
    limit: int,
    marker: str | None,
    json_: bool,
) -> None:
    """Say how old the newest backups are: of each vault, and of each server and disk that is bound, the oldest first.

    The age that counts is that of the newest complete backup: finished, and its record lacks nothing. A resource that has none
    counts from when it was bound. `tested` is the newest backup that a drill has brought up. Runs that were missed or late are
    those that `policy runs` lists, of the policy that the vault has now.

    \b
    What has no backup at all:   opencbr freshness --project ID --without-backup
    Whose last run failed:       opencbr freshness --project ID --last-run failed
    """  # noqa: D301 -- \b keeps click from joining the lines
    from opencbr.api.plus.freshness.body import freshness_row
    from opencbr.model.lists import FreshnessFilter, Page

    services, ctx = use_cases(session, project)
    told = _vaults(services, ctx, vaults)
    wanted = FreshnessFilter(
        vault_ids=vaults, last_runs=last_runs, has_backup=False if without_backup else None
    )
    page = Page(limit=limit, marker=marker, sort=(("unprotected_since", "asc"),))
    found = services.freshness.resources(ctx, wanted, page)
    rows = [freshness_row(one, ctx.now) for one in found.items]
    if json_:
        _write_json(services, ctx, told, rows, found.count)
        return
    write_table(("vault", "id", "freshness"), [_vault(one) for one in told], empty="there is no vault")
    columns = ("resource", "id", "vault", "newest complete", "tested", "runs", "last run")
    write_table(columns, [_resource(row) for row in rows], empty=_nothing(without_backup or bool(last_runs)))
    if found.count > len(rows) and len(rows) == limit:
        say(f"{found.count} in all; the next page: --marker {rows[-1].id}")


def _vaults(services: "Services", ctx: "Context", ids: tuple[str, ...]) -> "list[VaultFreshnessRow]":
    """Give the numbers of the vaults, all of them where none is named; one that is not there is an error."""
    from opencbr.api.plus.freshness.summary import vault_row
    from opencbr.model.lists import Page, VaultFilter

    found = services.freshness.vaults(ctx, VaultFilter(ids=ids), Page(limit=_VAULTS)).items
    missing = set(ids) - {one.vault_id for one in found}
    if missing:
        raise Failure(f"the project has no vault {', '.join(sorted(missing))}")
    return [vault_row(one, ctx.now) for one in found]


def _vault(row: "VaultFreshnessRow") -> tuple[str, ...]:
    from opencbr.model.freshness_words import summary_in_words

    words = summary_in_words(
        resources=row.resources,
        without_backup=row.without_backup,
        last_run_failed=row.last_run_failed,
        oldest_unprotected_seconds=row.oldest_unprotected_seconds,
    )
    return row.name, row.id, "; ".join(words)


def _resource(row: "FreshnessRow") -> tuple[str, ...]:
    from opencbr.model.freshness_words import (
        ago_in_words,
        complete_in_words,
        finished_in_words,
        runs_in_words,
    )

    complete, finished, tested, run = (
        row.newest_complete,
        row.newest_finished,
        row.newest_restore_tested,
        row.last_run,
    )
    words = [complete_in_words(row.unprotected_seconds, has_complete=complete is not None)]
    if finished is not None and finished != complete:
        words.append(finished_in_words(finished.verdict, finished.age_seconds))
    return (
        row.name,
        row.id,
        row.vault_name,
        "; ".join(words),
        "never" if tested is None else ago_in_words(tested.age_seconds),
        runs_in_words(row.missed_runs, row.late_runs),
        "" if run is None else f"{run.status}: {run.reason}" if run.reason else run.status,
    )


def _nothing(is_filtered: bool) -> str:  # noqa: FBT001 -- its one argument
    return "nothing that is bound fits" if is_filtered else "nothing is bound to a vault"


def _write_json(
    services: "Services",
    ctx: "Context",
    vaults: "list[VaultFreshnessRow]",
    rows: "list[FreshnessRow]",
    count: int,
) -> None:
    import msgspec

    from opencbr.api.plus.freshness.summary import freshness_body

    told: dict[str, Any] = msgspec.to_builtins(freshness_body(services.freshness.show(ctx), ctx.now))
    write_json(
        told | {"vaults": msgspec.to_builtins(vaults), "resources": msgspec.to_builtins(rows), "count": count}
    )
