"""What bears a name of ours in the cloud, of any tenant: one list for each kind of thing that jobs make.

Cinder and Nova choose by the name themselves. Neutron knows whole names only, so its lists are read with the few members
that tell what is ours. What is odd in a list is left out, and in the log.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from opencbr.cloud.entries import usable
from opencbr.cloud.errors import NotFound
from opencbr.cloud.networks import COLLECTIONS, name_member
from opencbr.cloud.objects import UpstreamObject
from opencbr.cloud.reader import COMPUTE_MICROVERSION, LIKE_MICROVERSION, Reader, pages

Json = dict[str, Any]
Listing = Callable[[Reader, str], list[UpstreamObject]]
"""Lists what begins with a prefix by its name. Raises CloudError."""

_PAGE = 500
_GIB = 1 << 30


def of_cinder(kind: str, project: str) -> Listing:
    """Give the listing of a kind of Cinder's; `project` is the member that names the project of one."""
    path = f"/{kind}s/detail"

    def listing(reader: Reader, prefix: str) -> list[UpstreamObject]:
        query: Json = {"all_tenants": 1, "name~": prefix, "limit": _PAGE}
        rows = _rows(reader, "volume", path, kind, query, microversion=LIKE_MICROVERSION)
        return _ours(kind, rows, prefix, project=project)

    return listing


def of_neutron(kind: str) -> Listing:
    """Give the listing of a kind of Neutron's; nothing where the cloud has no such kind."""
    path, name = f"/{COLLECTIONS[kind]}", name_member(kind)

    def listing(reader: Reader, prefix: str) -> list[UpstreamObject]:
        members = ("id", name, "project_id", "status", "created_at")
        query: Json = {"fields": members, "limit": _PAGE}
        try:
            return _ours(kind, _rows(reader, "network", path, kind, query), prefix, name=name)
        except NotFound:  # a Neutron without this extension
            return []

    return listing


def servers(reader: Reader, prefix: str) -> list[UpstreamObject]:
    """List servers."""
    query: Json = {"all_tenants": 1, "name": f"^{prefix}", "limit": _PAGE}  # a regular expression, to Nova
    rows = _rows(reader, "compute", "/servers/detail", "server", query, microversion=COMPUTE_MICROVERSION)
    return _ours("server", rows, prefix, project="tenant_id", created="created")


def server_groups(reader: Reader, prefix: str) -> list[UpstreamObject]:
    """List server groups, which Nova gives in pages by number."""
    query: Json = {"all_projects": True, "limit": _PAGE}
    found: list[Json] = []
    while True:
        behind = query | {"offset": len(found)}
        answer = reader.ask("compute", "/os-server-groups", behind, microversion=COMPUTE_MICROVERSION)
        rows = answer.entries("server_group", limit=_PAGE)
        found += rows
        if len(rows) < _PAGE:
            return _ours("server_group", found, prefix)


def of_glance(properties: Callable[[str], Mapping[str, str]]) -> Listing:
    """Give the listing of images; those under a prefix have the `properties` of it.

    Glance finds no beginnings of names, so that without the properties all images of the cloud would be read.
    """

    def listing(reader: Reader, prefix: str) -> list[UpstreamObject]:
        query: Json = {**properties(prefix), "limit": _PAGE}
        rows = _rows(reader, "image", "/images", "image", query)
        in_gib = [row | {"size": -(-int(row.get("size") or 0) // _GIB)} for row in rows]
        return _ours("image", in_gib, prefix, project="owner")

    return listing


def key_pairs(reader: Reader, prefix: str) -> list[UpstreamObject]:
    """List the key pairs of the service user, who is the one that jobs make them for; they are of no project."""
    answer = reader.ask("compute", "/os-keypairs", microversion=COMPUTE_MICROVERSION)
    names = [str((row.get("keypair") or {}).get("name")) for row in answer.rows("keypair")]
    ours = [name for name in names if name.startswith(prefix)]
    home = reader.home_project() if ours else ""
    return _ours("keypair", [{"id": name, "name": name, "project_id": home} for name in ours], prefix)


def _rows(
    reader: Reader, service: str, path: str, kind: str, query: Json, *, microversion: str | None = None
) -> list[Json]:
    """Read a list over all its pages at once: what is deleted meanwhile could be the mark of the next page."""
    envelope = path.split("/")[1].replace("-", "_")

    def page(marker: str | None) -> list[Json]:
        behind = query if marker is None else query | {"marker": marker}
        answer = reader.ask(service, path, behind, microversion=microversion)
        return answer.entries(kind, envelope, limit=_PAGE)

    return list(chain.from_iterable(pages(page, service, path)))


def _ours(
    kind: str,
    rows: Iterable[Mapping[str, Any]],
    prefix: str,
    *,
    name: str = "name",
    project: str = "project_id",
    created: str = "created_at",
) -> list[UpstreamObject]:
    return [
        UpstreamObject(
            kind=kind,
            id=row["id"],
            name=row[name],
            project_id=row.get(project) or "",
            status=row.get("status") or "",
            created_at=row.get(created) or "",
            size_gb=int(row.get("size") or 0),
            has_dependents=bool(row.get("has_dependent_backups")),
        )
        for row in rows
        if str(row.get(name)).startswith(prefix) and usable(kind, dict(row))[1] is None
    ]


snapshots = of_cinder("snapshot", "os-extended-snapshot-attributes:project_id")
backups = of_cinder("backup", "os-backup-project-attr:project_id")
volumes = of_cinder("volume", "os-vol-tenant-attr:tenant_id")
