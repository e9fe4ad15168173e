"""Use cases in the name of a project, as the operator: what every command needs that works in one."""

from typing import TYPE_CHECKING

import click

from opencbr.cli.app import Session

if TYPE_CHECKING:
    from opencbr.service.context import Context
    from opencbr.service.services import Services

project_option = click.option(
    "--project", required=True, metavar="ID", help="The project that the backup belongs to."
)


def asking(session: Session, project: str) -> "tuple[Services, Context]":
    """Give the use cases, and the context in which all is allowed. Raises ConfigError."""
    from opencbr import wiring
    from opencbr.clock import SystemClock
    from opencbr.service.context import operator

    parts = wiring.build(session.config)
    parts.standing_records()
    return parts.services, operator(project, SystemClock().now())
