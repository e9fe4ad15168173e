"""The kinds of objects that jobs make in the cloud: a new one takes a row in `KINDS` and a place in `REMOVAL_ORDER`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from opencbr.cloud import made_things
from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import NotFound
from opencbr.cloud.networks import COLLECTIONS
from opencbr.cloud.statuses import CINDER_DELETING, CINDER_MOVING, CINDER_OFFERED, VOLUME_MOVING
from opencbr.jobs.upstream.names import properties
from opencbr.store.ledger import Entry


@dataclass(frozen=True, slots=True)
class State:
    """An object as the cloud has it; `needed` when others depend on it, so that it cannot be deleted yet."""

    status: str
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the jobs do with objects of one kind. All calls raise CloudError.

    `find` gives the id of the object with the entry's name, None when there is none (a server group, which Nova never renames,
    has from the beginning the name that is the entry's key); `look` and `delete` take the id
    and raise NotFound when it is gone; `list` gives the objects of all projects whose names begin with a prefix, and
    `in_status` those of one project in a status: id, and a text that changes when one moves on. One that takes no time is in
    no status. `loosen` takes away by what an object holds others, before any of them is removed.
    In a status of `moving` the cloud refuses a deletion, and it is worth waiting. `lasting` objects are what a
    finished backup consists of; the others are removed before their job ends.
    """

    find: Callable[[ProjectCloud, Entry], str | None]
    look: Callable[[ProjectCloud, str], State]
    delete: Callable[[ProjectCloud, str], None]
    list: made_things.Listing
    in_status: Callable[[ProjectCloud, str], Mapping[str, str]] = lambda _project, _status: {}
    loosen: Callable[[ProjectCloud, str], None] = lambda _project, _id: None
    moving: frozenset[str] = frozenset()
    lasting: bool = False


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


def _of_neutron(kind: str) -> Kind:
    """Give the kind of a thing of Neutron's."""
    return Kind(
        find=lambda project, entry: _id_of(project.networks.find(kind, entry.name)),
        look=lambda project, id_: State(str(project.networks.get(kind, id_).get("status") or "")),
        delete=lambda project, id_: project.networks.delete(kind, id_),
        list=made_things.of_neutron(kind),
    )


def _id_of(thing: Mapping[str, Any] | None) -> str | None:
    return None if thing is None else str(thing["id"])


def _find_volume(project: ProjectCloud, entry: Entry) -> str | None:
    found = project.find_volume(entry.name)
    return None if found is None else found.id


def _delete_volume(project: ProjectCloud, volume_id: str) -> None:
    """Delete a volume; what Cinder refuses for an offer to another project, or for a server, is taken back first.

    A volume that is being detached is deleted when it is asked again.
    """
    volume = project.get_volume(volume_id)
    for server_id in volume.server_ids:
        project.servers.detach(server_id, volume_id)
    if volume.server_ids:
        return
    if volume.status == CINDER_OFFERED:
        project.transfers.take_back(volume_id)
    project.delete_volume(volume_id)


def _look_at_server(project: ProjectCloud, server_id: str) -> State:
    server = project.servers.get(server_id)
    return State(CINDER_DELETING if server.task_state == CINDER_DELETING else server.status)


def _look_at_key(project: ProjectCloud, name: str) -> State:
    if project.servers.find_key(name) is None:
        raise NotFound(service="compute", method="GET", path="/os-keypairs", status=404)
    return State("")


def _look_at_group(project: ProjectCloud, group_id: str) -> State:
    project.servers.look_at_group(group_id)
    return State("")


def _find_key(project: ProjectCloud, entry: Entry) -> str | None:
    return None if project.servers.find_key(entry.name) is None else entry.name


KINDS: dict[str, Kind] = {
    "snapshot": Kind(
        find=_find_snapshot,
        look=lambda project, snapshot_id: State(project.get_snapshot(snapshot_id).status),
        delete=ProjectCloud.delete_snapshot,
        list=made_things.snapshots,
        in_status=ProjectCloud.snapshots_in,
        moving=CINDER_MOVING,
    ),
    "backup": Kind(
        find=_find_backup,
        look=_look_at_backup,
        delete=ProjectCloud.delete_backup,
        list=made_things.backups,
        in_status=ProjectCloud.backups_in,
        moving=CINDER_MOVING,
        lasting=True,
    ),
    "volume": Kind(
        find=_find_volume,
        look=lambda project, volume_id: State(project.get_volume(volume_id).status),
        delete=_delete_volume,
        list=made_things.volumes,
        in_status=ProjectCloud.volumes_in,
        moving=VOLUME_MOVING,
    ),
    "image": Kind(
        find=lambda project, entry: project.images.find(entry.name),
        look=lambda project, image_id: State(project.images.get(image_id).status),
        delete=lambda project, image_id: project.images.delete(image_id),
        list=made_things.of_glance(properties),
        lasting=True,
    ),
    "server": Kind(
        find=lambda project, entry: project.servers.find(entry.name),
        look=_look_at_server,
        delete=lambda project, server_id: project.servers.delete(server_id),
        list=made_things.servers,
    ),
    "keypair": Kind(
        find=_find_key,
        look=_look_at_key,
        delete=lambda project, name: project.servers.delete_key(name),
        list=made_things.key_pairs,
    ),
    "server_group": Kind(
        find=lambda project, entry: project.servers.find_group(entry.key),
        look=_look_at_group,
        delete=lambda project, group_id: project.servers.delete_group(group_id),
        list=made_things.server_groups,
    ),
    **{kind: _of_neutron(kind) for kind in COLLECTIONS},
    # Through the subnets that its routes lead through a router keeps its interfaces.
    "router": replace(
        _of_neutron("router"), loosen=lambda project, router_id: project.networks.set_routes(router_id, ())
    ),
}
"""Kind, as the ledger names it -> what the jobs do with it."""

REMOVAL_ORDER = (
    ("server",),
    ("keypair", "server_group", "floatingip", "trunk"),
    ("port", "snapshot", "backup"),
    ("router", "subnet", "security_group", "volume"),
    ("network", "image"),
)
"""What is removed together, and before what: the cloud refuses to delete what another thing stands on.

A server has its ports and volumes, and a trunk is in use while a server is on its port; a router keeps its interface while a
floating IP leads through it, and a trunk its ports; ports have groups, and stand in subnets; a volume stays while it has
snapshots, and an image may be what a disk was cloned from.
"""


def removal_rank(kind: str) -> int:
    """Say when a kind's turn is, from 0; what this version of the worker does not know comes last."""
    return next((rank for rank, kinds in enumerate(REMOVAL_ORDER) if kind in kinds), len(REMOVAL_ORDER))
