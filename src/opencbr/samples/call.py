"""What samples are made from, and what they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Scalar = str | int | float | bool

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as it stands on the screen.

    `operation` is the operation's name (`ListVault`), `path` its template (`/v3/{project_id}/vaults`), `endpoint` the
    service's address without a path (`https://cbr.example:8080`). `path_values` has the template's other parameters by
    name; one without a value is shown by its name in braces, for the reader to fill in. A repeated key stands several
    times in `query`; its values are typed (`10`, `True`). `body` is JSON, None where nothing is sent.
    """

    operation: str
    method: str
    path: str
    endpoint: str
    project_id: str
    path_values: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, Scalar], ...] = ()
    body: dict[str, Any] | None = None

    @property
    def in_project(self) -> bool:
        """Whether the path names the project."""
        return "{project_id}" in self.path

    def path_arguments(self) -> dict[str, str]:
        """Return the path's parameters but for the project, in the path's order."""
        names = [name for name in _PARAMETER.findall(self.path) if name != "project_id"]
        return {name: self.path_values.get(name, f"{{{name}}}") for name in names}


@dataclass(frozen=True, slots=True)
class Sample:
    """A program that sends the call.

    `language` is our id, `title` for people, `lexer` Pygments' name of the language, `needs` what must be there to run it (a
    phrase), `variables` what it reads from the environment, `in_shell` its text as one pastes it into a shell: with what it
    needs installed into a folder of its own, "" for a program that wants more than that.
    """

    language: str
    title: str
    lexer: str
    text: str
    needs: str
    variables: tuple[str, ...]
    in_shell: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A language that has no way to send the call, and why: a sentence."""

    language: str
    title: str
    reason: str


class NotAvailable(Exception):
    """This language has no way to send the call; the message is the reason, a sentence."""
