"""Binding servers and disks to a vault, and taking them out again (contract 3.1, 5.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from opencbr.cloud.reader import Reader
from opencbr.model import statuses
from opencbr.model.errors import (
    BAD_PARAMETER,
    BEING_REMOVED,
    BOUND_ELSEWHERE,
    NOT_ATTACHED,
    TWO_VAULTS,
    CbrError,
)
from opencbr.model.vault import MAX_RESOURCES, RESOURCE_TYPE, SERVER, VOLUME, Resource, Vault
from opencbr.parallel import parallel
from opencbr.service.instances import Source, find_source
from opencbr.store import bind_exclusions, resources, vaults
from opencbr.store.errors import AlreadyBound

LOOKS_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A resource that a client names, with the volumes of a server to leave out, or the only ones to take."""

    id: str
    type: str
    name: str | None = None
    exclude_volumes: tuple[str, ...] = ()
    include_volumes: tuple[str, ...] = ()


def check_wanted(object_type: str, wanted: Sequence[Wanted]) -> None:
    """Refuse what needs no look at the cloud.

    Raises CbrError 6102 (type does not fit), 6104 (repeated), 9900 (selection of volumes makes no sense).
    """
    fitting = RESOURCE_TYPE[object_type]
    for one in wanted:
        if one.type != fitting:
            raise CbrError(
                "6102",
                f"A vault of object_type {object_type} takes {fitting}; {one.id[:64]} is {one.type[:64]}.",
            )
        if one.exclude_volumes and one.include_volumes:
            raise CbrError(
                BAD_PARAMETER,
                f"Resource {one.id[:64]} has exclude_volumes and include_volumes: give one of them.",
            )
        if one.type != SERVER and (one.exclude_volumes or one.include_volumes):
            raise CbrError(
                BAD_PARAMETER,
                f"Resource {one.id[:64]} is a disk: exclude_volumes and include_volumes are for servers.",
            )
    refuse_repeats(one.id for one in wanted)


def refuse_repeats(ids: Iterable[str]) -> None:
    """Refuse a list that names the same resource twice (6104)."""
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise CbrError("6104", f"Resource {one[:64]} is named twice: name each resource once.")
        seen.add(one)


def look_up(reader: Reader, project_id: str, wanted: Sequence[Wanted]) -> dict[str, Source]:
    """Read all wanted resources from the cloud, several at once.

    Raises as `find_source` does, for the first that fails.
    """
    found = parallel(
        lambda one: find_source(reader, project_id=project_id, kind=one.type, source_id=one.id),
        wanted,
        at_once=LOOKS_AT_ONCE,
    )
    return {source.id: source for source in found}


def bind(
    conn: Connection,
    vault: Vault,
    wanted: Sequence[Wanted],
    found: Mapping[str, Source],
    now: datetime,
    *,
    by_rules: bool = False,
) -> list[str]:
    """Bind the resources, or change the volumes of those that this vault holds already (trap T12).

    A repeated request states the whole selection of volumes: one without any takes an older one back.
    `by_rules` says that the vault's bind rules ask for it; what a person binds, bind rules may have again later.
    Returns the ids. Raises CbrError 6100 (too many), 6103 (in another vault), 6134 (being removed), 7003,
    7101, 7108 (cannot be protected), 7201 (a named volume is not attached), 6137 (a disk is reached twice).
    """
    held = {r.id: r for r in resources.of_vaults(conn, vault.project_id, [vault.id]).get(vault.id, [])}
    if len(held.keys() | {one.id for one in wanted}) > MAX_RESOURCES:
        raise CbrError(
            "6100", f"A vault holds at most {MAX_RESOURCES} resources: use another vault for the rest."
        )
    for one in wanted:
        source, old = found[one.id], held.get(one.id)
        if old is not None and old.protect_status == statuses.REMOVING:
            raise CbrError(
                BEING_REMOVED, f"Resource {one.id} is being removed from this vault: wait for that to end."
            )
        exclude, include = one.exclude_volumes, one.include_volumes
        check_volumes(
            source, {*exclude, *include} - {*(old.exclude_volumes + old.include_volumes if old else ())}
        )
        if (trouble := source.trouble(exclude, include)) is not None:
            raise CbrError(trouble.code, trouble.message)
        fresh = Resource(
            vault_id=vault.id,
            project_id=vault.project_id,
            id=one.id,
            type=one.type,
            name=one.name or (source.name if old is None else old.name),
            size_gb=source.chosen_gb(exclude, include),
            exclude_volumes=exclude,
            include_volumes=include,
            created_at=now,
            bound_by_rules=by_rules,
        )
        _refuse_second_way(conn, fresh, source)
        if old is None:
            _bind_one(conn, fresh)
        else:
            resources.update(
                conn,
                vault.project_id,
                one.id,
                name=fresh.name,
                size_gb=fresh.size_gb,
                exclude_volumes=exclude,
                include_volumes=include,
            )
    if not by_rules:
        bind_exclusions.lift(conn, vault.project_id, [one.id for one in wanted])
    return [one.id for one in wanted]


def _bind_one(conn: Connection, fresh: Resource) -> None:
    held = resources.get(conn, fresh.project_id, fresh.id)
    # Who replaces a vault orders the end of the old one and binds at once (contract 10.1): a vault that is going has
    # lost its resources already, its backups go without them.
    if held is not None and vaults.is_deleting(conn, fresh.project_id, held.vault_id):
        resources.unbind(conn, fresh.project_id, fresh.id, held.vault_id)
    try:
        resources.bind(conn, fresh)
    except AlreadyBound as error:
        raise CbrError(
            BOUND_ELSEWHERE,
            f"Resource {fresh.id} is bound to vault {error.vault_id}: remove it there first.",
        ) from error


def _refuse_second_way(conn: Connection, fresh: Resource, source: Source) -> None:
    """Refuse what would reach one disk through two vaults (contract 5.1): as a disk, and with its server."""
    if fresh.type == VOLUME:
        servers = [resources.get(conn, fresh.project_id, one) for one in source.server_ids]
        ways = [(fresh.id, server) for server in servers if server is not None and server.takes(fresh.id)]
    else:
        disks = [(disk.id, resources.get(conn, fresh.project_id, disk.id)) for disk in source.disks]
        ways = [(disk_id, disk) for disk_id, disk in disks if disk is not None and fresh.takes(disk_id)]
    for disk_id, other in ways:
        if not vaults.is_deleting(conn, fresh.project_id, other.vault_id):
            raise CbrError(
                TWO_VAULTS,
                f"Disk {disk_id} is backed up through vault {other.vault_id} already, as {other.type} {other.id}: "
                "remove it there, or exclude it (exclude_volumes) from its server.",
            )


def check_volumes(source: Source, named: set[str]) -> None:
    """Refuse volume ids that are not of this server: a slip of the pen would leave a disk unprotected."""
    if foreign := sorted(named - {d.id for d in source.disks}):
        raise CbrError(
            NOT_ATTACHED,
            f"Volume {foreign[0][:64]} is not attached to server {source.id}: name volumes of this server.",
        )
