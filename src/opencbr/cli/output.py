"""What commands write: sentences, tables for people, the same rows as JSON for programs.

Everything on a terminal goes through here, so that no name from elsewhere reaches it raw (`observe.printable`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

import click

from opencbr.observe.printable import printable, printable_json

_PIPE_WIDTH = 400


def plain(value: Any) -> Any:
    """Turn dataclasses, times and tuples into what JSON has."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(member) for member in value]
    return value


def say(*lines: str, mark: str = "") -> None:
    """Write sentences, each on one line whatever names are in it; `mark` stands before the first as it is: it is ours alone."""
    click.echo(mark + "\n".join(printable(line) for line in lines))


def json_text(value: Any, indent: int = 2) -> str:
    """Give one JSON document with a line end, safe on a terminal."""
    return printable_json(json.dumps(plain(value), ensure_ascii=False, indent=indent)) + "\n"


def write_json(value: Any) -> None:
    """Write one JSON document to stdout."""
    click.echo(json_text(value), nl=False)


def write_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """Write a table to stdout, or the sentence `empty` when there is nothing in it."""
    if not rows:
        say(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, not markup: a backup may well be called "[bold]".
        table.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        # A pipe has no width; a table cut to 80 columns would be useless to grep.
        console = Console(width=_PIPE_WIDTH)
    console.print(table)
