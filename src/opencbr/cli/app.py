"""What every command shares: the configuration, errors as one sentence, exit codes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from opencbr.config import Config, ConfigError, load
from opencbr.observe.printable import printable
from opencbr.observe.redact import redact

FAILED = 1
"""It did not succeed, or a check found something."""
UNUSABLE = 3
"""The configuration cannot be used (2 is a wrong command line, click's own)."""
INTERRUPTED = 130
"""Ctrl-C before the work was done."""

F = TypeVar("F", bound=Callable[..., Any])


class Failure(click.ClickException):
    """Ends a command with one sentence on stderr."""

    exit_code = FAILED

    def __init__(self, sentence: str) -> None:
        super().__init__(redact(sentence))

    def show(self, file: Any = None) -> None:
        """Write the sentence."""
        click.echo(f"opencbr: {printable(self.message)}", file=file or sys.stderr)


@dataclass
class Session:
    """One run of the program: where its configuration is, and whether tracebacks are wanted."""

    file: Path | None
    environ: dict[str, str]
    debug: bool

    @cached_property
    def config(self) -> Config:
        """The configuration, read when a command first asks for it; raises ConfigError."""
        return load(self.file, self.environ)


class Unusable(Failure):
    """The same for a configuration that cannot be used."""

    exit_code = UNUSABLE


pass_session = click.make_pass_decorator(Session)


def as_json(function: F) -> F:
    """Add --json to a command."""
    return click.option("--json", "json_", is_flag=True, help="Write one JSON document instead of a table.")(
        function
    )


class Program(click.Group):
    """The root: loads commands when they are asked for, and turns what goes wrong into a sentence."""

    def __init__(self, *args: Any, places: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of a first day: set up, run, look."""
        del ctx
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        del ctx
        if cmd_name not in self._places:
            return None
        from importlib import import_module

        module, _, name = self._places[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; anything it raises becomes a sentence unless --debug wants the traceback."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            _explain(error)


def _explain(error: Exception) -> NoReturn:
    """Raise the Failure that says what happened in one sentence."""
    from opencbr.store.damage import DatabaseDamaged

    if isinstance(error, ConfigError | DatabaseDamaged):
        raise Unusable(str(error)) from error
    if isinstance(error, BrokenPipeError):
        raise Failure("the reader of the output went away") from error
    kind = f"{type(error).__module__}.{type(error).__name__}"
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    if kind.startswith("sqlalchemy."):
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise Failure(f"the database did not do it: {cause[0] if cause else kind}") from error
    if kind.startswith("opencbr.") or isinstance(error, OSError):
        raise Failure(first) from error
    raise Failure(f"something unexpected happened ({kind}: {first}); --debug shows where") from error
