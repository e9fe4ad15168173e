"""`opencbr record`: take a record out, prove it without this installation, and walk the chains of all."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from opencbr.cli.app import FAILED, Failure, Session, as_json, pass_session
from opencbr.cli.output import json_text, say, write_json

if TYPE_CHECKING:
    from opencbr.records.archive import Records
    from opencbr.records.hash_chain import Chain, Head

_CLASSES = ("secrets", "infrastructure")


@click.group()
def record() -> None:
    """Export and verify the signed record of a backup; walk the chains of them all."""


@record.command()
@click.option("--project", required=True, metavar="ID", help="The project that the backup belongs to.")
@click.option(
    "--reveal", type=click.Choice(_CLASSES), multiple=True, help="Show these in clear. Can be repeated."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this new file (mode 0600) instead of stdout.",
)
@click.argument("backup_id")
@pass_session
def export(
    session: Session, project: str, reveal: tuple[str, ...], output: Path | None, backup_id: str
) -> None:
    """Write a backup's record as one JSON document: manifest, signature and all documents.

    Masked values stay masked unless --reveal names their class. Whoever may run this can read everything: it uses the
    key folder, not a sign-in.
    """
    records = _records(session)
    text = json_text(records.export(project, backup_id, frozenset(reveal)), indent=1)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        # A file that is there may be somebody else's, or a link to it: what is secret goes into a new one.
        opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Failure(f"{output} is there already: name a file that is not") from error
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(text)
    say(f"wrote {output}")


@record.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option(
    "--key",
    required=True,
    metavar="PUBLIC",
    help="The public key: 64 hex digits, or a file that has them, one key a line.",
)
@as_json
def verify(file: TextIO, key: str, *, json_: bool) -> None:
    """Check an exported record (FILE, or - for stdin) with nothing but the file and the public key.

    Needs no configuration, database or network. Take the key from somewhere you trust (`opencbr record public-key`
    on the installation, with --all also those before it), never from the file. Exit code 1 when anything is wrong.
    """
    from opencbr.records.offline_verification import read_export, signed_with, verify_export

    try:
        exported = read_export(file.read())
    except (ValueError, RecursionError) as error:
        raise Failure(
            f"{file.name} is not an exported record: it is no JSON object that has each member once"
        ) from error
    place = Path(key)
    try:
        trusted = (place.read_text("ascii") if place.is_file() else key).split()
    except UnicodeDecodeError as error:
        raise Failure(f"{place.name} holds no public key: that is text, 64 hex digits") from error
    problems = verify_export(exported, signed_with(exported, trusted))
    if json_:
        write_json({"ok": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            say(f"NOT GENUINE: {problem}")
    else:
        manifest = exported["manifest"]
        say(
            f"genuine: the record of backup {manifest['backup_id']}, "
            f"{len(exported['documents'])} documents, verdict {manifest['verdict']}"
        )
    if problems:
        sys.exit(FAILED)


@record.command()
@click.option("--project", default="", metavar="ID", help="Only the chains of this project.")
@click.option("--resource", default="", metavar="ID", help="Only the chain of this server or disk.")
@click.option(
    "--head",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="What --json wrote at an earlier time: each head noted there must still be in its chain.",
)
@as_json
@pass_session
def chain(session: Session, project: str, resource: str, head: TextIO | None, *, json_: bool) -> None:
    """Walk the records of each resource, link by link, and prove every record that stands.

    Says what became of each link's record: it stands, is damaged, a tombstone (its backup was deleted) or missing; and
    for every fault a sentence: gaps, a link that does not name the one before it, a record that is gone or was changed,
    a backup without the record that it must have. Changes nothing. Exit code 1 when anything is wrong.

    No chain shows by itself that its newest links were cut off together with their backups. So keep what --json writes
    out of reach of whoever may write to the database, and hand it to a later run with --head.
    """
    noted = {} if head is None else _noted(head)
    found = _records(session).chains(project, resource, noted)
    chains = []
    for one in found:
        chains.append(one)
        if not json_:
            _tell(one)
    broken = any(one.problems for one in chains)
    if json_:
        write_json({"ok": not broken, "chains": chains})
    elif not broken:
        there = sum((one.project_id, one.resource_id) in noted for one in chains)
        words = f"; {there} noted head(s) found again" if head else ""
        say(f"whole: {len(chains)} chain(s) with {sum(len(one.links) for one in chains)} link(s){words}")
    if broken:
        sys.exit(FAILED)


def _records(session: Session) -> "Records":
    from opencbr import wiring  # only here: verifying needs no database, and loads no library for one

    return wiring.build(session.config).standing_records()


def _noted(file: TextIO) -> "dict[tuple[str, str], Head]":
    """Read the heads that an earlier run has noted."""
    from opencbr.records.hash_chain import Head

    try:
        chains: list[dict[str, Any]] = json.load(file)["chains"]
        return {
            (str(one["project_id"]), str(one["resource_id"])): Head(**one["head"])
            for one in chains
            if one["head"] is not None
        }
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Failure(f"{file.name} is not what `opencbr record chain --json` writes") from error


def _tell(chain: "Chain") -> None:
    head = f"head {chain.head.sequence} {chain.head.digest}" if chain.head else "no link"
    say(f"resource {chain.resource_id} of project {chain.project_id}: {head}")
    for link in chain.links:
        buried = f", buried {link.buried_at:%Y-%m-%d %H:%M:%S}" if link.buried_at else ""
        say(
            f"{link.sequence:6}  {link.record:9}  backup {link.backup_id}, closed {link.closed_at:%Y-%m-%d %H:%M:%S}{buried}"
        )
    for problem in chain.problems:
        say(f"BROKEN: {problem}")


@record.command("public-key")
@click.option("--all", "all_", is_flag=True, help="Also the keys before it, for older records; one a line.")
@pass_session
def public_key(session: Session, *, all_: bool) -> None:
    """Print the key that this installation's records are verified with."""
    keys = _records(session).public_keys
    say(*(keys if all_ else keys[:1]))
