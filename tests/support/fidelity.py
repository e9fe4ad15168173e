"""The semantic difference of two captures: what a new server is like, compared with the one that was backed up.

Fields that the plan's table knows as given back or as names of other things are compared, and the order of the interfaces;
what identifies a thing is put in words first, so that the root disk of one is the root disk of the other.
"""

import json
from collections.abc import Mapping
from typing import Any

from opencbr.model.document import Reading
from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.captured import fields, kind_of
from opencbr.model.restore_plan.treatment import GIVEN, NAMES, treatment_of

Json = dict[str, Any]
Told = dict[tuple[str, str], Any]

_BY_NAME = ("network", "subnet", "security_group", "server_group", "flavor", "volume_type", "router")
_OWN = frozenset({"id", "created_at", "updated_at", "standard_attr_id", "bdm_uuid", "attachment_id"})
_UNORDERED = {"security_groups", "tags", "subnets", "members", "server_groups", "interfaceAttachments"}
_ORDER = ("server", "addresses")
"""The server's addresses are said elsewhere too; here they stand in the order of its interfaces."""


def told(reading: Reading) -> Told:
    """Say what a capture says of the server, by document and field, without identities."""
    bodies = {one.name: json.loads(one.body) for one in reading.documents}
    return told_of(bodies, reading.resource_id, {disk.volume_id: disk.position for disk in reading.disks})


def told_by(record: Json) -> Told:
    """The same of a record as it is exported."""
    manifest = record["manifest"]
    bodies = {one["name"]: json.loads(one["body"]) for one in record["documents"]}
    disks = {one["volume_id"]: one["position"] for one in manifest["disk_backups"]}
    return told_of(bodies, manifest["resource"]["id"], disks)


def told_of(bodies: Mapping[str, Json], server_id: str, disks: Mapping[str, int]) -> Told:
    """The same of documents by their names."""
    words = _words(bodies, server_id, disks)
    found: Told = {}
    for name, body in bodies.items():
        kind = kind_of(name)
        if kind == "export":
            continue
        label = _labelled(name, words)
        for path, value in fields(_sorted(body, words)):
            if treatment_of(kind, path) in (GIVEN, NAMES) or path[:2] == _ORDER:
                found[
                    label, ".".join(step if step.isdecimal() else words.get(step, step) for step in path)
                ] = value
    return found


def difference(before: Told, after: Told) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Name what is not the same, with both values."""
    return {
        key: (before.get(key, "nothing"), after.get(key, "nothing"))
        for key in {**before, **after}
        if before.get(key, "nothing") != after.get(key, "nothing")
    }


def _words(bodies: Mapping[str, Json], server_id: str, disks: Mapping[str, int]) -> dict[str, str]:
    words = {server_id: "the server"} | {volume: f"disk {position}" for volume, position in disks.items()}
    for kind in _BY_NAME:
        for name, body in bodies.items():
            if kind_of(name) == kind:
                thing = body.get(kind) or {}
                words[str(thing.get("id"))] = f"{kind} {thing.get('name')}"
    ports = named("interface", bodies.get("interface", {}), "port")
    words |= {
        port: f"port {bodies[f'port/{port}']['port']['mac_address']}"
        for port in ports
        if f"port/{port}" in bodies
    }
    for name, body in bodies.items():
        if kind_of(name) == "subport":
            words[body["port"]["id"]] = f"subport {body['port']['mac_address']}"
        if kind_of(name) == "trunk":
            words[body["trunk"]["id"]] = f"trunk {body['trunk']['name']}"
    return words


def _labelled(name: str, words: Mapping[str, str]) -> str:
    kind, _, id_ = name.partition("/")
    return f"{kind}/{words.get(id_, id_)}" if id_ else name


def _sorted(value: Any, words: Mapping[str, str], inside: str = "") -> Any:
    """Put ids in words, and lists whose order means nothing in an order."""
    if isinstance(value, dict):
        return {key: _sorted(inner, words, key) for key, inner in value.items()}
    if isinstance(value, list):
        inner = [_sorted(one, words, inside) for one in value]
        if inside in _UNORDERED or inside == "volumeAttachments" or inside.endswith(("rules", "attached")):
            return sorted(inner, key=_key)
        return inner
    return words.get(value, value) if isinstance(value, str) else value


def _key(value: Any) -> str:
    if isinstance(value, dict):
        value = {name: inner for name, inner in value.items() if name not in _OWN}
    return json.dumps(value, sort_keys=True)
