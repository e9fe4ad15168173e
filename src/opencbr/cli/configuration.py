"""`opencbr config`: what is set, and whether it would work."""

import sys
from dataclasses import asdict
from typing import Any

import click

from opencbr import wiring
from opencbr.cli.app import FAILED, UNUSABLE, Session, as_json, pass_session
from opencbr.cli.output import say, write_json
from opencbr.config import shown

_STYLES: dict[str, dict[str, Any]] = {
    "ok": {"fg": "green"},
    "warning": {"fg": "yellow"},
    "missing": {"fg": "red", "bold": True},
    "unusable": {"fg": "red", "bold": True},
}


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
        say(f"[{section}]")
        for key, value in keys.items():
            say(f"{key} = {value!r}" if not isinstance(value, str) else f'{key} = "{value}"')
        say("")


@config.command()
@click.option(
    "--project", metavar="ID", default="", help="Look at this tenant's project: access and Cinder quotas."
)
@as_json
@pass_session
def check(session: Session, *, project: str, json_: bool) -> None:
    """Say in plain words what is missing: database, keys, roles, catalogue, backup service, quotas.

    Changes nothing. Exit code 1 when something is missing, 3 when the settings cannot be used.
    """
    findings = wiring.check(session.config, project)
    ok = all(finding.ok for finding in findings)
    if json_:
        write_json({"ok": ok, "findings": [{**asdict(finding), "ok": finding.ok} for finding in findings]})
    else:
        for finding in findings:
            word = finding.state if finding.state == "ok" else finding.state.upper()
            mark = click.style(f"{word:<8}", **_STYLES[finding.state])
            say(f" {finding.name:<9} {finding.message}", mark=mark)
    if any(finding.state == "unusable" for finding in findings):
        sys.exit(UNUSABLE)
    if not ok:
        sys.exit(FAILED)
