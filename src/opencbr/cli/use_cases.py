"""The use cases, called in the name of a project as the operator who sits here."""

from typing import TYPE_CHECKING

from opencbr.cli.app import Session

if TYPE_CHECKING:
    from opencbr.service.context import Context
    from opencbr.service.services import Services


def use_cases(session: Session, project: str) -> "tuple[Services, Context]":
    """Give the use cases and the context of a call."""
    from opencbr import wiring
    from opencbr.clock import SystemClock
    from opencbr.service.context import operator

    parts = wiring.build(session.config)
    parts.standing_records()
    return parts.services, operator(project, SystemClock().now())
