"""What was captured, as a plan reads it: the documents of a record by their names, and every field in them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opencbr.model.document import Disk
from opencbr.model.reference_fields import named
from opencbr.model.root_image import KIND

Json = Mapping[str, Any]
Path = tuple[str, ...]

_MEMBERS = {"qos_policy": "policy", "subport": "port"}
_BARE = frozenset({"image", "root_image", "encryption"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A record's documents, in clear and as everybody may see them, both by name; `digest` is the record's, in hex.

    `disk_backups` has our id of the backup of each volume that was backed up.
    """

    digest: str
    project_id: str
    documents: Mapping[str, Json]
    masked: Mapping[str, Json]
    disks: Sequence[Disk]
    disk_backups: Mapping[str, str]

    def of(self, kind: str) -> dict[str, Json]:
        """Give the things of one kind by their ids, in the order of the record."""
        return {
            name.partition("/")[2]: thing(kind, body)
            for name, body in self.documents.items()
            if kind_of(name) == kind and "@" not in name
        }

    @property
    def root_image(self) -> str | None:
        """The id of the image that the backup made of a root disk that is no volume."""
        return next(iter(self.of(KIND)), None)

    def groups(self) -> list[str]:
        """Name the security groups of the ports, those of the record, and those that rules of these name."""
        ports = [("port", {"port": port}) for kind in ("port", "subport") for port in self.of(kind).values()]
        own = self.of("security_group")
        bodies = [*ports, *(("security_group", {"security_group": one}) for one in own.values())]
        found = [group for kind, body in bodies for group in named(kind, body, "security_group")]
        return list(dict.fromkeys([*found, *own]))

    def about_disks(self, volume_ids: Collection[str]) -> "Captured":
        """Give what was captured of these disks alone: the volumes, and what is said of their types."""
        names = set()
        for one in volume_ids:
            newest = f"volume@newest/{one}"
            names |= {f"volume/{one}", newest}
            for type_id in named("volume@newest", self.documents.get(newest, {}), "volume_type"):
                kind = f"volume_type/{type_id}"
                names |= {kind, f"encryption/{type_id}"}
                specs = named("volume_type", self.documents.get(kind, {}), "qos_specs")
                names |= {f"qos_specs/{specs_id}" for specs_id in specs}
        return replace(
            self,
            documents={name: body for name, body in self.documents.items() if name in names},
            masked={name: body for name, body in self.masked.items() if name in names},
            disks=[disk for disk in self.disks if disk.volume_id in volume_ids],
        )

    def thing(self, name: str) -> Json | None:
        """Give what is in a document; None where there is no such document."""
        body = self.documents.get(name)
        return None if body is None else thing(kind_of(name), body)

    @property
    def server_id(self) -> str:
        """The server's id, "" in the record of a disk."""
        return str(self.server.get("id") or "")

    @property
    def server(self) -> Json:
        """The server, with all that its newest microversion tells besides."""
        return {**(self.thing("server@newest") or {}), **(self.thing("server") or {})}


def kind_of(name: str) -> str:
    """Give the kind of a document by its name, without `@newest`."""
    return name.partition("/")[0].partition("@")[0]


def thing(kind: str, body: Json) -> Json:
    """Take a thing out of the envelope of its kind."""
    inner = body if kind in _BARE else body.get(_MEMBERS.get(kind, kind))
    return inner if isinstance(inner, Mapping) else {}


def rows(body: Json | None, envelope: str) -> list[Json]:
    """List the rows of a document that is a list; what is no object is left out."""
    found = body.get(envelope) if body is not None else None
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def fields(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every field with its path: what holds nothing else, empty lists and objects among them."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from fields(inner, (*path, str(name)))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from fields(inner, (*path, str(number)))
    else:
        yield path, value


def at(value: Any, path: Path) -> Any:
    """Give what stands at a path; MISSING where nothing does."""
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value


MISSING: Any = object()
"""Not the same as null."""
