"""Who asks, for which project, when, and what they may do: handed to every use case."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opencbr.model.ids import new_id

Can = Callable[[str], bool]
"""Answers whether somebody has a right, by its name (`cbr:backups:getMetadataSecrets`)."""


class Actor(Struct, frozen=True):
    """Who is behind what is done: a user who sent a request, or the service by itself.

    `user_id` is empty when no user asked; `policy_id` names the policy when one did.
    """

    user_id: str = ""
    policy_id: str | None = None


class Context(Struct, frozen=True):
    """One call of a use case.

    `project_id` is the project in which it acts; for a request the credential's, already compared with the
    path's. `now` is read once from the clock, so that everything a call writes bears one time. `can` answers what the
    actor may do there; `rights_in` gives the same of another project, None for one that is none for the actor, and asks
    Keystone each time (CloudError).
    """

    actor: Actor
    project_id: str
    request_id: str
    now: datetime
    can: Can
    rights_in: Callable[[str], Can | None] = lambda _: None


def automatic(duty: str, project_id: str, now: datetime, *, policy_id: str | None = None) -> Context:
    """Give the context of what the service does by itself, in a `duty` of its workers (`scheduler`, say).

    It needs no sign-in, and has no right beyond what the use cases themselves do. Its request id begins with
    the duty's name, which is how operation logs tell what began them.
    """
    return Context(
        actor=Actor(policy_id=policy_id),
        project_id=project_id,
        request_id=f"{duty}-{new_id(now)}",
        now=now,
        can=lambda _: False,
    )


def operator(project_id: str, now: datetime) -> Context:
    """Give the context of what the operator asks for on the command line, in the name of a project: all is allowed."""
    return Context(
        actor=Actor(),
        project_id=project_id,
        request_id=f"command-line-{new_id(now)}",
        now=now,
        can=lambda _: True,
        rights_in=lambda _: lambda _: True,
    )
