"""`opencbr record`: take a record out, and prove it without this installation."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import TextIO

import click

from opencbr import wiring
from opencbr.cli.frame import FAILED, Failure, Session, as_json, pass_session
from opencbr.cli.output import write_json

_CLASSES = ("secrets", "infrastructure")


@click.group()
def record() -> None:
    """Export and verify the signed record of a backup."""


@record.command()
@click.option("--project", required=True, metavar="ID", help="The project that the backup belongs to.")
@click.option(
    "--reveal", type=click.Choice(_CLASSES), multiple=True, help="Show these in clear. Can be repeated."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file (mode 0600) instead of stdout.",
)
@click.argument("backup_id")
@pass_session
def export(
    session: Session, project: str, reveal: tuple[str, ...], output: Path | None, backup_id: str
) -> None:
    """Write a backup's record as one JSON document: manifest, signature and all documents.

    Sealed values stay sealed unless --reveal names their class. Whoever may run this can read everything: it uses the
    key folder, not a sign-in.
    """
    records = wiring.build(session.config).standing_records()
    text = (
        json.dumps(records.export(project, backup_id, frozenset(reveal)), ensure_ascii=False, indent=1) + "\n"
    )
    if output is None:
        click.echo(text, nl=False)
        return
    with os.fdopen(
        os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fchmod(file.fileno(), 0o600)  # a file that was there has kept its own mode
        file.write(text)
    click.echo(f"wrote {output}")


@record.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option(
    "--key", required=True, metavar="PUBLIC", help="The public key: 64 hex digits, or a file that has them."
)
@as_json
def verify(file: TextIO, key: str, *, json_: bool) -> None:
    """Check an exported record (FILE, or - for stdin) with nothing but the file and the public key.

    Needs no configuration, database or network. Take the key from somewhere you trust (`opencbr record public-key`
    on the installation), never from the file. Exit code 1 when anything is wrong.
    """
    from opencbr.store.verify import verify_export

    try:
        exported = json.load(file)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{file.name} is not an exported record: it is no JSON") from error
    place = Path(key)
    problems = verify_export(exported, place.read_text("ascii") if place.is_file() else key)
    if json_:
        write_json({"ok": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            click.echo(f"NOT GENUINE: {problem}")
    else:
        manifest = exported["manifest"]
        click.echo(
            f"genuine: the record of backup {manifest['backup_id']}, "
            f"{len(exported['documents'])} documents, verdict {manifest['verdict']}"
        )
    if problems:
        sys.exit(FAILED)


@record.command("public-key")
@pass_session
def public_key(session: Session) -> None:
    """Print the key that this installation's records are verified with."""
    click.echo(wiring.build(session.config).standing_records().public_key)
