"""`opencbr policy`: when the vaults of a project are backed up by themselves, and what is kept."""

from typing import TYPE_CHECKING, Any

import click

from opencbr.cli.app import Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.cli.policy_preview import preview
from opencbr.cli.policy_runs import run, runs
from opencbr.cli.use_cases import use_cases

if TYPE_CHECKING:
    from opencbr.model.policy import Policy

_project = click.option(
    "--project", required=True, metavar="ID", help="The project whose policies these are."
)


@click.group()
def policy() -> None:
    """Look at a project's policies and their runs, or run one now; clients of CBR make and change them."""


policy.add_command(run)
policy.add_command(runs)
policy.add_command(preview)


@policy.command("list")
@_project
@click.option("--vault", "vaults", multiple=True, metavar="ID", help="Only this vault's. Can be repeated.")
@as_json
@pass_session
def list_(session: Session, *, project: str, vaults: tuple[str, ...], json_: bool) -> None:
    """List the policies of a project, for backups and for drills, newest first."""
    from opencbr.model.lists import Page, PolicyFilter
    from opencbr.model.policy_words import schedule_in_words

    services, ctx = use_cases(session, project)
    found = services.policies.list(ctx, PolicyFilter(vault_ids=vaults), Page(limit=1000))
    if json_:
        write_json({"policies": [_plain(one) for one in found.items], "count": found.count})
        return
    rows = [
        (
            one.policy.id,
            one.policy.name,
            "; ".join(schedule_in_words(one.policy.patterns, one.policy.time_zone)),
            _does(one.policy),
            len(one.vault_ids),
            one.next_runs[0].isoformat() if one.next_runs else "never: disabled",
        )
        for one in found.items
    ]
    columns = ("id", "name", "when", "does", "vaults", "next")
    write_table(columns, rows, empty="there is no policy: CreatePolicy makes one")


@policy.command("show")
@_project
@as_json
@click.argument("policy_id")
@pass_session
def show(session: Session, *, project: str, json_: bool, policy_id: str) -> None:
    """Show a policy in words, the vaults that have it, and the next times at which it fires."""
    from opencbr.model.policy import BACKUP
    from opencbr.model.policy_words import full_in_words, kept_in_words, schedule_in_words

    services, ctx = use_cases(session, project)
    found = services.policies.show(ctx, policy_id)
    if json_:
        write_json({"policy": _plain(found)})
        return
    policy = found.policy
    say(f"{policy.name}: {'enabled' if policy.enabled else 'disabled'}")
    for words in schedule_in_words(policy.patterns, policy.time_zone):
        say(f"when: {words}")
    if policy.operation_type == BACKUP:
        say(f"keeps: {kept_in_words(policy.definition)}", f"full: {full_in_words(policy.definition)}")
    else:
        say(f"does: {_does(policy)}")
    write_table(("next runs",), [(run.isoformat(),) for run in found.next_runs], empty="it does not fire")
    write_table(("vaults",), [(one,) for one in found.vault_ids], empty="no vault has it")


def _does(policy: "Policy") -> str:
    from opencbr.model.policy import DRILL
    from opencbr.model.policy_words import drills_in_words, kept_in_words

    if policy.operation_type == DRILL:
        return drills_in_words(policy.definition)
    return f"backs up, keeps {kept_in_words(policy.definition)}"


def _plain(found: Any) -> Any:
    import msgspec

    from opencbr.api.cbr.policies.body import policy_body

    return msgspec.to_builtins(policy_body(found))
