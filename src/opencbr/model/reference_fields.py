"""What documents name, and where: one table, followed by the capture and read by whoever needs the named ids.

A row says that in documents of one kind the values at a path are ids (or names) of documents of another kind. A path
begins at the body's envelope; `*` stands for every element of a list. Kinds are those of `opencbr.model.document`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """The values at `path` in documents of kind `source` name documents of kind `target`."""

    source: str
    path: tuple[str, ...]
    target: str


def _row(source: str, path: str, target: str) -> Reference:
    return Reference(source, tuple(path.split("/")), target)


REFERENCES: tuple[Reference, ...] = (
    _row("server", "server/flavor/id", "flavor"),
    _row("server", "server/image/id", "image"),
    _row("server", "server/key_name", "keypair"),
    _row("server", "server/os-extended-volumes:volumes_attached/*/id", "volume"),
    _row("server@newest", "server/server_groups/*", "server_group"),
    _row("attachments", "volumeAttachments/*/volumeId", "volume"),
    _row("interface", "interfaceAttachments/*/port_id", "port"),
    _row("interface", "interfaceAttachments/*/net_id", "network"),
    _row("interface", "interfaceAttachments/*/fixed_ips/*/subnet_id", "subnet"),
    _row("ports", "ports/*/id", "port"),
    _row("ports", "ports/*/network_id", "network"),
    _row("ports", "ports/*/fixed_ips/*/subnet_id", "subnet"),
    _row("ports", "ports/*/security_groups/*", "security_group"),
    _row("port", "port/network_id", "network"),
    _row("port", "port/fixed_ips/*/subnet_id", "subnet"),
    _row("port", "port/security_groups/*", "security_group"),
    _row("subnet", "subnet/network_id", "network"),
    _row("volume", "volume/volume_image_metadata/image_id", "image"),
    _row("volume@newest", "volume/volume_type_id", "volume_type"),
)


def references(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a document of `kind` names, in the table's order: kind of document and id (or name)."""
    for row in REFERENCES:
        if row.source == kind:
            for value in _values(body, row.path):
                yield row.target, value


def named(kind: str, body: Mapping[str, Any], target: str) -> list[str]:
    """List what a document of `kind` names of kind `target`, in its order, each once."""
    return list(dict.fromkeys(value for of, value in references(kind, body) if of == target))


def _values(value: Any, path: Sequence[str]) -> Iterator[str]:
    """Yield the texts at a path; what is null, empty or of another shape names nothing."""
    if not path:
        if isinstance(value, str) and value:
            yield value
    elif path[0] == "*":
        for one in value if isinstance(value, list) else ():
            yield from _values(one, path[1:])
    elif isinstance(value, Mapping):
        yield from _values(value.get(path[0]), path[1:])
