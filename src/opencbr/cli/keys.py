"""`opencbr keys`: which keys there are, and making another one the current one."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opencbr.cli.app import Failure, Session, as_json, pass_session
from opencbr.cli.output import say, write_json

if TYPE_CHECKING:
    from opencbr.keys.rotation import Rotated
    from opencbr.store.database import Database

_KINDS = click.Choice(("master", "signing"))


@click.group()
def keys() -> None:
    """List and rotate the master key and the signing key.

    They stand in the key folder. The database remembers which ones are current; a retired key stays live for what it
    wrapped or signed, and no record is written anew.

    \b
    One machine:       opencbr keys rotate master
    Several machines:  opencbr keys new master       makes the file and changes nothing else
                       (copy it to the key folder of every machine)
                       opencbr keys rotate master    on one of them

    Servers and workers need no restart: each reads its key folder again when it meets a key it does not know.
    """  # noqa: D301 -- \b keeps click from joining the lines


@keys.command("list")
@as_json
@pass_session
def list_keys(session: Session, *, json_: bool) -> None:
    """Show the key files: current, retired, or new (made for a rotation that is to come)."""
    from opencbr.keys.rotation import listed

    found = list(listed(*_place(session)))
    if json_:
        write_json([asdict(one) for one in found])
        return
    for one in found:
        say(f"{one.kind:8} {one.state:8} {one.check[:16]:17} {one.file}")


@keys.command("new")
@click.argument("kind", type=_KINDS)
@pass_session
def new_key(session: Session, kind: str) -> None:
    """Make a key for a later `rotate`; needed only where several machines have a key folder each."""
    from opencbr.keys.rotation import KINDS, add_key

    made = add_key(*_place(session), KINDS[kind])
    say(f"made {made.path}: copy it to the key folder of every machine, then: opencbr keys rotate {kind}")


@keys.command("rotate")
@click.argument("kind", type=_KINDS)
@pass_session
def rotate_key(session: Session, kind: str) -> None:
    """Make the new key the current one; it is made when there is none.

    master: the keys of all projects are wrapped with it, one by one, while the service runs; both keys are live
    meanwhile. signing: new records are signed with it; the old public key stays in the folder (`signing-….pub`), and
    older records are verified with it. An interrupted rotation goes on when it is called again.
    """
    from opencbr.keys.rotation import KINDS, rotate

    done = rotate(*_place(session), KINDS[kind])
    _tell(done, kind)
    if done.damaged:
        projects = ", ".join(done.damaged)
        raise Failure(f"no master key here opens the key of project {projects}: it was left as it is")


def _tell(done: "Rotated", kind: str) -> None:
    if done.old == done.new:
        say(
            f"an interrupted rotation to {done.new} is complete now: {done.wrapped} project key(s) wrapped anew"
        )
        return
    say(f"the {kind} key is {done.new} now; back it up apart from the database")
    if kind == "master":
        say(f"{done.wrapped} project key(s) wrapped anew")
        say(
            f"{done.old} is needed for older backups of the database alone: move it out of the key folder, to those"
        )
    else:
        say(f"{done.old} signs nothing any more and can be removed; its public key stays in the folder")


def _place(session: Session) -> "tuple[Database, Path]":
    from opencbr import wiring

    wiring.refuse_unready(session.config)
    return wiring.build(session.config).database, Path(session.config.keys.folder)
