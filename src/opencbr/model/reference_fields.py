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


def _of_a_port(source: str, port: str) -> tuple[Reference, ...]:
    return (
        _row(source, f"{port}/network_id", "network"),
        _row(source, f"{port}/fixed_ips/*/subnet_id", "subnet"),
        _row(source, f"{port}/security_groups/*", "security_group"),
        _row(source, f"{port}/qos_policy_id", "qos_policy"),
        _row(source, f"{port}/trunk_details/trunk_id", "trunk"),
        _row(source, f"{port}/trunk_details/sub_ports/*/port_id", "subport"),
    )


def _of_a_floating_ip(source: str, floating_ip: str) -> tuple[Reference, ...]:
    return (
        _row(source, f"{floating_ip}/floating_network_id", "network"),
        _row(source, f"{floating_ip}/qos_policy_id", "qos_policy"),
    )


REFERENCES: tuple[Reference, ...] = (
    _row("server", "server/flavor/id", "flavor"),
    _row("server", "server/image/id", "image"),
    _row("server", "server/OS-EXT-SRV-ATTR:kernel_id", "image"),
    _row("server", "server/OS-EXT-SRV-ATTR:ramdisk_id", "image"),
    _row("server", "server/key_name", "keypair"),
    _row("server", "server/os-extended-volumes:volumes_attached/*/id", "volume"),
    _row("server@newest", "server/server_groups/*", "server_group"),
    _row("attachments", "volumeAttachments/*/volumeId", "volume"),
    _row("interface", "interfaceAttachments/*/port_id", "port"),
    _row("interface", "interfaceAttachments/*/net_id", "network"),
    _row("interface", "interfaceAttachments/*/fixed_ips/*/subnet_id", "subnet"),
    _row("ports", "ports/*/id", "port"),
    *_of_a_port("ports", "ports/*"),
    *_of_a_port("port", "port"),
    *_of_a_port("subport", "port"),
    _row("trunk", "trunk/sub_ports/*/port_id", "subport"),
    _row("network", "network/subnets/*", "subnet"),
    _row("network", "network/qos_policy_id", "qos_policy"),
    _row("subnet", "subnet/network_id", "network"),
    _row("router", "router/external_gateway_info/network_id", "network"),
    _row("router", "router/external_gateway_info/qos_policy_id", "qos_policy"),
    *_of_a_floating_ip("floatingips", "floatingips/*"),
    *_of_a_floating_ip("floatingip", "floatingip"),
    _row("security_group", "security_group/security_group_rules/*/remote_group_id", "security_group"),
    _row("security_group", "security_group/security_group_rules/*/remote_address_group_id", "address_group"),
    _row("volume", "volume/volume_image_metadata/image_id", "image"),
    _row("volume", "volume/consistencygroup_id", "volume_group"),
    _row("volume@newest", "volume/volume_type_id", "volume_type"),
    _row("volume@newest", "volume/group_id", "volume_group"),
    _row("volume_type", "volume_type/qos_specs_id", "qos_specs"),
    _row("image", "kernel_id", "image"),
    _row("image", "ramdisk_id", "image"),
)

_NEVER_EMPTY = frozenset({("server", "flavor")})
"""Where every document of the kind names another: when it names none, the other is missing."""


def references(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a document of `kind` names, in the table's order: kind of document and id (or name)."""
    for row in REFERENCES:
        if row.source == kind:
            for value in _values(body, row.path):
                yield row.target, value


def target_at(kind: str, path: Sequence[str]) -> str | None:
    """Return the kind of what the value at a path of a document of `kind` names; None when it names nothing."""
    return next(
        (
            row.target
            for row in REFERENCES
            if row.source.partition("@")[0] == kind and len(row.path) == len(path)
            if all(step in ("*", found) for step, found in zip(row.path, path, strict=True))
        ),
        None,
    )


def named(kind: str, body: Mapping[str, Any], target: str) -> list[str]:
    """List what a document of `kind` names of kind `target`, in its order, each once."""
    return list(dict.fromkeys(value for of, value in references(kind, body) if of == target))


def never_empty(kind: str, body: Mapping[str, Any]) -> list[str]:
    """List the kinds of which a document of `kind` must name one and names none."""
    return [target for of, target in sorted(_NEVER_EMPTY) if of == kind and not named(kind, body, target)]


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
