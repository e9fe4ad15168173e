"""`opencbr policy preview`: what the retention of a policy would do."""

from typing import TYPE_CHECKING, Any

import click

from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.cli.use_cases import use_cases

if TYPE_CHECKING:
    from opencbr.service.retention_previews import Preview

_project = click.option("--project", required=True, metavar="ID", help="The project of the policy.")


@click.command("preview")
@_project
@click.option("--vault", metavar="ID", help="Only this vault; needed without a policy.")
@click.option("--resource", metavar="ID", help="Only this server or disk.")
@click.option(
    "--definition",
    metavar="JSON",
    help="Instead of a policy: how long backups would be kept, as '{\"max_backups\": 7}'.",
)
@click.option(
    "--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="So many resources."
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out so many resources.")
@as_json
@click.argument("policy_id", required=False)
@pass_session
def preview(
    session: Session,
    *,
    project: str,
    vault: str | None,
    resource: str | None,
    definition: str | None,
    limit: int,
    offset: int,
    json_: bool,
    policy_id: str | None,
) -> None:
    """Say of each backup whether a policy keeps it, why, and when it goes; nothing is deleted.

    A policy cleans up after an automatic backup that has succeeded, and never takes the last good backup, the last complete
    one, a pinned or manual one, or one that is being restored.
    """
    from opencbr.service.retention_previews import Wanted

    if (policy_id is None) == (definition is None):
        raise Failure("name a policy, or say with --definition how long backups would be kept")
    services, ctx = use_cases(session, project)
    wanted = Wanted(vault_id=vault, resource_id=resource, limit=limit, offset=offset)
    if policy_id is not None:
        found = services.retention_previews.of_policy(ctx, policy_id, wanted)
    elif vault is None:
        raise Failure("name the vault whose backups are to be looked at with --vault")
    else:
        found = services.retention_previews.of_definition(ctx, _definition(definition or ""), wanted)
    _write(found, limit, offset, json_=json_)


def _definition(text: str) -> dict[str, Any]:
    """Read what HTTP would take as `operation_definition`."""
    import msgspec

    from opencbr.api.cbr.policies.definition import WantedDefinition

    try:
        return msgspec.json.decode(text, type=WantedDefinition).wanted()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Failure(f"--definition cannot be used: {error}") from error


def _write(found: "Preview", limit: int, offset: int, *, json_: bool) -> None:
    import msgspec

    from opencbr.api.plus.retention_previews.body import preview_body

    body = preview_body(found, limit, offset).retention_preview
    if json_:
        write_json({"retention_preview": msgspec.to_builtins(body)})
        return
    rows = [
        (
            one.resource_name or one.resource_id,
            b.backup_id,
            b.created_at,
            b.outcome,
            b.goes_at,
            b.reasons[0].text,
        )
        for one in body.resources
        for b in one.backups
    ]
    columns = ("of", "backup", "made", "", "goes", "why")
    write_table(columns, rows, empty="there are no backups that it could decide of")
    for warning in body.warnings:
        say(f"warning: {warning}")
    left = body.count - offset - len(body.resources)
    if left > 0:
        say(f"{left} more resources: --offset {offset + len(body.resources)}")
