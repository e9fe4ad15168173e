"""Everything that can stand against a restore in place, provoked: the plan names it alone, and nothing is made or changed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from opencbr.model.ids import new_id
from support.conflicts import IN_PLACE, names, provoking, sentences

from .api_server import ApiServer
from .protected_cloud import new_server
from .test_conflicts import changes, refused_when_applied
from .test_in_place_plans import only_reading, room
from .test_restore_plans import change, disk_of, hide, of_the_cloud, planned, restore_doc

Json = dict[str, Any]
Provoke = Callable[[ApiServer, ExitStack], Json | None]
"""Brings a conflict about until the stack is closed, and gives the mapping."""
PROVOKED: dict[str, Provoke] = {}
provokes = provoking(PROVOKED)


def changed(cbr: ApiServer, stack: ExitStack, kind: str, name: str, **fields: Any) -> None:
    """Change fields of a thing of db1 for a while."""
    was = of_the_cloud(cbr, kind, name)
    change(cbr, kind, was["id"], **fields)
    stack.callback(restore_doc, cbr, kind, was)


def without(cbr: ApiServer, stack: ExitStack, kind: str, id_: str) -> Json:
    """Take a thing out of the cloud for a while."""
    doc: Json = hide(cbr, kind, id_)
    stack.callback(restore_doc, cbr, kind, doc)
    return doc


def attachment(cbr: ApiServer) -> Json:
    with cbr.cloud.backend.state.change():
        (found,) = cbr.cloud.backend.state.all("attachment", volume_id=disk_of(cbr))
    return dict(found)


@contextmanager
def attached(cbr: ApiServer) -> Iterator[None]:
    """Let db1-data be on another server too, for a while."""
    second = attachment(cbr) | {"id": new_id(cbr.clock.now()), "server_id": new_server(cbr)["id"]}
    restore_doc(cbr, "attachment", second)
    try:
        yield
    finally:
        hide(cbr, "attachment", second["id"])


def drops(cbr: ApiServer, *names_: str) -> list[Json]:
    return [{"volume_id": disk_of(cbr, f"db1-{name}"), "target": "drop"} for name in names_]


@provokes("a disk is smaller than its backup (2001)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    changed(cbr, stack, "volume", "db1-data", size=0)


@provokes("a disk is encrypted otherwise (2009)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    changed(cbr, stack, "volume", "db1-data", encryption_key_id="any")


@provokes("a disk is not at rest (2011)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    changed(cbr, stack, "volume", "db1-data", status="error")


@provokes("a disk is on several servers (2011)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    stack.enter_context(attached(cbr))


@provokes("a disk is on no server (7201)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    without(cbr, stack, "attachment", attachment(cbr)["id"])


@provokes("a disk is on another server (7201)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    own = attachment(cbr)["id"]
    stack.enter_context(attached(cbr))
    without(cbr, stack, "attachment", own)


@provokes("a disk is gone (7201)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    without(cbr, stack, "attachment", attachment(cbr)["id"])
    without(cbr, stack, "volume", disk_of(cbr))


@provokes("a data disk is to be written over a system disk (2013)")
def _(cbr: ApiServer, stack: ExitStack) -> Json:
    swapped = {"volume_id": disk_of(cbr), "target": disk_of(cbr, "db1-root")}
    changed(cbr, stack, "volume", "db1-root", size=9)  # large enough
    return {"disks": [*drops(cbr, "root", "archive"), swapped]}


@provokes("the mapping does without every disk")
def _(cbr: ApiServer, stack: ExitStack) -> Json:
    return {"disks": drops(cbr, "root", "data", "archive")}


@provokes("the server is neither running nor shut off (2008)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    changed(cbr, stack, "server", "db1", status="PAUSED")


@provokes("the server is on the move (2008)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    changed(cbr, stack, "server", "db1", task_state="migrating")


@provokes("Cinder's quota has no room for the way back (8300)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    stack.enter_context(room(cbr, snapshots=2))


@provokes("the service user may only read")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    stack.enter_context(only_reading(cbr))


@provokes("the server is gone (2007)")
def _(cbr: ApiServer, stack: ExitStack) -> None:
    without(cbr, stack, "server", of_the_cloud(cbr, "server", "db1")["id"])


def test_every_conflict_of_the_table_is_provoked_here():
    assert PROVOKED.keys() == IN_PLACE.keys()


@pytest.mark.parametrize("conflict", IN_PLACE)
def test_a_plan_names_what_stands_against_it_alone_and_nothing_is_made(cbr: ApiServer, conflict: str):
    backup, disk = cbr.protected(), disk_of(cbr)
    with ExitStack() as stack:
        mapping = PROVOKED[conflict](cbr, stack) or {}
        cbr.cloud.calls.clear()
        plan = planned(cbr, backup.id, as_="in_place", **mapping)
        assert names(plan, IN_PLACE[conflict]), list(sentences(plan))
        assert plan["status"] == IN_PLACE[conflict].status
        (problem,) = plan["problems"]
        if conflict.startswith("a "):
            assert problem["document"] == f"volume/{disk}"
        refused_when_applied(cbr, plan)
        assert changes(cbr) == []
