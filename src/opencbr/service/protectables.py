"""Protectables: the servers and disks a project has, and whether each can be protected (contract 3.10)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.errors import NotFound, Refused
from opencbr.cloud.reader import Json, Reader, pages
from opencbr.model.errors import BAD_PARAMETER, BOUND_ELSEWHERE, UNSUPPORTED_TYPE, CbrError
from opencbr.model.ids import is_uuid
from opencbr.model.lists import Page, VaultFilter
from opencbr.model.vault import RESOURCE_TYPE, VOLUME
from opencbr.service.context import Context
from opencbr.service.instances import (
    Source,
    Trouble,
    attached_ids,
    disk_source,
    find_source,
    own_object,
    server_source,
)
from opencbr.service.vault_views import VaultView, views
from opencbr.store import vaults
from opencbr.store.database import Database

_UPSTREAM_PAGE = 200
"""Rows in one upstream answer, which is read whole: many callers may wait for one at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectableFilter:
    """Which instances; several values mean any of them, none is no filter. `server_id` keeps its disks."""

    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    server_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protectable:
    """A server or disk, the reason why it cannot be bound (None when it can), and the vault that has it."""

    source: Source
    trouble: Trouble | None
    vault: VaultView | None


class Protectables:
    """The use cases of the chapter; every one touches the context's project alone."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        self._database = database
        self._cloud = cloud

    def list(
        self, ctx: Context, object_type: str, wanted: ProtectableFilter, page: Page
    ) -> Sequence[Protectable]:
        """Return a page of the project's servers or disks, newest first.

        Raises CbrError 6116 (type not offered), 9900 (unknown marker), CloudError.
        """
        kind = _kind(object_type)
        reader = self._cloud.reader()
        found = _found(reader, ctx.project_id, kind, wanted, page.marker)
        rows = list(islice((r for r in found if _fits(r, wanted)), page.offset, page.offset + page.limit))
        if kind == VOLUME:
            sources = [disk_source(row) for row in rows]
        else:
            volumes = _volumes(reader, ctx.project_id, {v for row in rows for v in attached_ids(row)})
            sources = [server_source(row, volumes) for row in rows]
        return self._judged(ctx, sources)

    def show(self, ctx: Context, object_type: str, instance_id: str) -> Protectable:
        """Return one server or disk.

        Raises CbrError 6116, 7100 or 7000 (not there, or in another project), CloudError.
        """
        source = find_source(
            self._cloud.reader(), project_id=ctx.project_id, kind=_kind(object_type), source_id=instance_id
        )
        return self._judged(ctx, [source])[0]

    def _judged(self, ctx: Context, sources: Sequence[Source]) -> Sequence[Protectable]:
        holders = self._holders(ctx, [s.id for s in sources])
        return [
            Protectable(
                source=s, trouble=_bound(s, holders.get(s.id)) or s.trouble(), vault=holders.get(s.id)
            )
            for s in sources
        ]

    def _holders(self, ctx: Context, ids: Sequence[str]) -> dict[str, VaultView]:
        if not ids:
            return {}
        with self._database.read() as conn:
            wanted = VaultFilter(resource_ids=tuple(ids))
            found = vaults.list(conn, ctx.project_id, wanted, Page(limit=len(ids))).items
            return {r.resource.id: v for v in views(conn, ctx.project_id, found) for r in v.resources}


def _kind(object_type: str) -> str:
    if object_type not in RESOURCE_TYPE:
        raise CbrError(
            UNSUPPORTED_TYPE, f"Protectables of type {object_type[:64]} are not offered: use server or disk."
        )
    return RESOURCE_TYPE[object_type]


def _bound(source: Source, holder: VaultView | None) -> Trouble | None:
    if holder is None:
        return None
    return Trouble(
        code=BOUND_ELSEWHERE,
        message=f"{source.id} is bound to vault {holder.vault.id}: remove it there first.",
    )


def _fits(row: Json, wanted: ProtectableFilter) -> bool:
    """Say whether an upstream row is asked for: names exact (contract 2, rule 10), statuses in any case."""
    return (
        (not wanted.names or row.get("name") in wanted.names)
        and (not wanted.ids or row["id"] in wanted.ids)
        and (not wanted.statuses or str(row.get("status")).lower() in {s.lower() for s in wanted.statuses})
    )


def _found(
    reader: Reader, project_id: str, kind: str, wanted: ProtectableFilter, marker: str | None
) -> Iterator[Json]:
    """Yield upstream's rows behind `marker`, a superset of what is wanted."""
    if wanted.server_id is not None and kind == VOLUME:
        # Few, and upstream reads them one by one: the marker is looked for here.
        yield from _behind(_disks_of(reader, project_id, wanted.server_id), marker)
        return
    if marker is not None and own_object(reader, project_id=project_id, kind=kind, object_id=marker) is None:
        # Asked as administrator, Nova and Cinder begin behind a server or volume of any project.
        raise _unknown_marker(marker)
    name = wanted.names[0] if len(wanted.names) == 1 else None
    service, path = ("volume", "/volumes/detail") if kind == VOLUME else ("compute", "/servers/detail")

    def page(marker: str | None) -> list[Json]:
        rows_of = reader.list_volumes if kind == VOLUME else reader.list_servers
        try:
            return rows_of(project_id, name=name, limit=_UPSTREAM_PAGE, marker=marker)
        except (NotFound, Refused) as error:
            if marker is None:
                raise
            raise _unknown_marker(marker) from error  # gone since it was looked at

    yield from chain.from_iterable(pages(page, service, path, marker))


def _disks_of(reader: Reader, project_id: str, server_id: str) -> list[Json]:
    if not is_uuid(server_id):
        return []
    try:
        return reader.list_volumes(project_id, server_id=server_id)
    except NotFound:
        return []


def _behind(rows: list[Json], marker: str | None) -> list[Json]:
    if marker is None:
        return rows
    ids = [row["id"] for row in rows]
    if marker not in ids:
        raise _unknown_marker(marker)
    return rows[ids.index(marker) + 1 :]


def _unknown_marker(marker: str) -> CbrError:
    return CbrError(
        BAD_PARAMETER,
        f"marker {marker[:64]} is not the id of an entry of this list: use the id of the last entry read.",
    )


def _volumes(reader: Reader, project_id: str, wanted: set[str]) -> list[Json]:
    """Read the volumes of a page of servers with a few list calls in most projects, instead of one call each."""
    found: list[Json] = []
    missing = set(wanted)
    if not missing:
        return found

    def page(marker: str | None) -> list[Json]:
        return reader.list_volumes(project_id, limit=_UPSTREAM_PAGE, marker=marker)

    for rows in pages(page, "volume", "/volumes/detail"):
        found += [row for row in rows if row["id"] in missing]
        missing -= {row["id"] for row in rows}
        if not missing:
            break
    return found
