"""`opencbr config`: what is set, and whether it would work."""

import sys

import click

from opencbr import wiring
from opencbr.cli.app import FAILED, Session, as_json, pass_session
from opencbr.cli.output import write_json
from opencbr.config import shown


@click.group()
def config() -> None:
    """Show and check the configuration."""


@config.command()
@as_json
@pass_session
def show(session: Session, *, json_: bool) -> None:
    """Write the configuration in force: file, overrides and defaults together, secrets hidden."""
    values = shown(session.config)
    if json_:
        write_json(values)
        return
    for section, keys in values.items():
        click.echo(f"[{section}]")
        for key, value in keys.items():
            click.echo(f"{key} = {value!r}" if not isinstance(value, str) else f'{key} = "{value}"')
        click.echo()


@config.command()
@as_json
@pass_session
def check(session: Session, *, json_: bool) -> None:
    """Say in plain words what is missing: database, keys, role, endpoint, backup service.

    Changes nothing. Exit code 1 when something is missing.
    """
    findings = wiring.check(session.config)
    if json_:
        write_json({"ok": all(finding.ok for finding in findings), "findings": findings})
    else:
        for finding in findings:
            mark = (
                click.style("ok     ", fg="green")
                if finding.ok
                else click.style("MISSING", fg="red", bold=True)
            )
            click.echo(f"{mark}  {finding.name:<9} {finding.message}")
    if not all(finding.ok for finding in findings):
        sys.exit(FAILED)
