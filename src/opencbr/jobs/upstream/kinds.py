"""The kinds of objects that jobs make in the cloud: entering a new one takes one row in `KINDS`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from opencbr.cloud.cloud import ProjectCloud, Reader, UpstreamObject
from opencbr.cloud.statuses import CINDER_MOVING
from opencbr.store.ledger import Entry


@dataclass(frozen=True, slots=True)
class State:
    """An object as the cloud has it; `needed` when others depend on it, so that it cannot be deleted yet."""

    status: str
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the jobs do with objects of one kind. All calls raise CloudError.

    `find` gives the id of the object with the entry's name, None when there is none; `look` and `delete` take the id
    and raise NotFound when it is gone; `list` gives the objects of all projects whose names begin with a prefix, and
    `in_status` those of one project in a status: id, and a text that changes when one moves on.
    In a status of `moving` the cloud refuses a deletion, and it is worth waiting. `lasting` objects are what a
    finished backup consists of; the others are removed before their job ends.
    """

    find: Callable[[ProjectCloud, Entry], str | None]
    look: Callable[[ProjectCloud, str], State]
    delete: Callable[[ProjectCloud, str], None]
    list: Callable[[Reader, str], Iterable[UpstreamObject]]
    in_status: Callable[[ProjectCloud, str], Mapping[str, str]]
    moving: frozenset[str]
    lasting: bool


def _find_snapshot(project: ProjectCloud, entry: Entry) -> str | None:
    found = project.find_snapshot(entry.name, _volume(entry))
    return None if found is None else found.id


def _find_backup(project: ProjectCloud, entry: Entry) -> str | None:
    found = project.find_backup(entry.name, _volume(entry))
    return None if found is None else found.id


def _volume(entry: Entry) -> str:
    assert entry.volume_id is not None, f"a {entry.kind} is of a volume"
    return entry.volume_id


def _look_at_backup(project: ProjectCloud, backup_id: str) -> State:
    backup = project.get_backup(backup_id)
    return State(backup.status, needed=backup.has_dependents)


KINDS: dict[str, Kind] = {
    "snapshot": Kind(
        find=_find_snapshot,
        look=lambda project, snapshot_id: State(project.get_snapshot(snapshot_id).status),
        delete=ProjectCloud.delete_snapshot,
        list=Reader.list_snapshots,
        in_status=ProjectCloud.snapshots_in,
        moving=CINDER_MOVING,
        lasting=False,
    ),
    "backup": Kind(
        find=_find_backup,
        look=_look_at_backup,
        delete=ProjectCloud.delete_backup,
        list=Reader.list_backups,
        in_status=ProjectCloud.backups_in,
        moving=CINDER_MOVING,
        lasting=True,
    ),
}
"""Kind, as the ledger names it -> what the jobs do with it."""
