"""The cloud as a restore plan needs it: what the record names, read again as the project sees it, and what could replace it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opencbr.cloud.address_holders import asked_floating, asked_holders
from opencbr.cloud.errors import NotFound
from opencbr.cloud.microversions import at_least
from opencbr.cloud.quotas import Quota, network_quotas, quotas_of
from opencbr.cloud.reader import Reader
from opencbr.cloud.strict_json import read_object
from opencbr.model.document import Document
from opencbr.model.field_classes import ADMIN_DOCUMENTS
from opencbr.model.ids import is_uuid
from opencbr.model.restore_plan.captured import Captured, Json, kind_of, rows
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.view import CloudView, Room
from opencbr.model.secrets import Fingerprint, mask

_STANDING: frozenset[str] = frozenset(
    {
        *("flavor", "image", "root_image", "server_group", "volume_type", "encryption", "qos_specs"),
        *("network", "subnet", "router", "security_group", "address_group", "qos_policy"),
    }
)
"""Kinds of documents whose things may still be there for a new server to use."""

SERVER_LISTS = frozenset(
    {
        *("flavors", "server_groups", "networks", "subnets", "routers", "security_groups", "volume_types"),
        *("roles", "compute_zones", "volume_zones", "rooms/compute", "rooms/volume", "rooms/network"),
    }
)
"""What the plan of a new server is made from besides what the record names."""
VOLUME_LISTS = frozenset({"volume_types", "volume_zones", "rooms/volume", "servers", "roles"})
"""The same for a new volume."""
IN_PLACE_LISTS = frozenset({"rooms/volume", "roles"})
"""The same for a restore in place."""
_OF_A_SERVER = frozenset({"server", "keypair"})
_LISTED = {name for name in SERVER_LISTS if "/" not in name} - {"volume_types"} | {"servers"}
"""Answers that are members of a view as they are."""

TOUCHED = _STANDING | {
    *("server", "interface", "attachments", "keypair", "volume", "port", "subport", "trunk"),
    *("floatingips", "floatingip", "port_forwardings"),
}
"""Kinds of documents that a restore in place is held against."""

_LIMITS = {
    "instances": ("maxTotalInstances", "totalInstancesUsed"),
    "cores": ("maxTotalCores", "totalCoresUsed"),
    "ram": ("maxTotalRAMSize", "totalRAMUsed"),
    "server_groups": ("maxServerGroups", "totalServerGroupsUsed"),
}
"""Quota of Nova -> its limit and its use in `/limits`."""
_HOSTNAMES = "2.90"
"""From here on Nova takes a hostname."""
_LOCKS = "2.9"
"""From here on Nova says whether a server is locked."""

Ask = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A record that a plan is made of: its `documents` with their calls, and what was chosen.

    `fingerprint` marks what is not for everybody as the record does.
    """

    captured: Captured
    documents: Iterable[Document]
    choices: Choices
    fingerprint: Fingerprint


def read_view(
    reader: Reader,
    recorded: Recorded,
    *,
    lists: Collection[str] = SERVER_LISTS,
    kinds: Collection[str] = _STANDING,
) -> CloudView:
    """Read all that a plan is made from, as `read_views` does for several. Raises CloudError."""
    (view,) = read_views(reader, [recorded], lists=lists, kinds=kinds)
    return view


def read_views(
    reader: Reader,
    records: Sequence[Recorded],
    *,
    lists: Collection[str] = SERVER_LISTS,
    kinds: Collection[str] = _STANDING,
) -> list[CloudView]:
    """Read all that plans are made from which go into one project, as that project sees it; give the view for each record.

    Of the documents those of these `kinds` that `captured` has are read again, and these `lists`. Each is read once, however
    many records name it. Raises CloudError.
    """
    first = records[0]
    project_id = first.choices.project_id or first.captured.project_id
    own = reader.within(project_id)
    compute = own.newest("compute")
    known: dict[str, Ask] = {
        "roles": own.roles,
        "flavors": lambda: _list(own, "compute", "/flavors/detail", "flavors", compute),
        "server_groups": lambda: _list(own, "compute", "/os-server-groups", "server_groups", compute),
        "networks": lambda: _list(own, "network", "/networks", "networks"),
        "subnets": lambda: _list(own, "network", "/subnets", "subnets"),
        "routers": lambda: _list(own, "network", "/routers", "routers"),
        "security_groups": lambda: _list(own, "network", "/security-groups", "security_groups"),
        "volume_types": lambda: _types(own),
        "compute_zones": lambda: _zones(own, "compute"),
        "volume_zones": lambda: _zones(own, "volume"),
        "rooms/compute": lambda: _compute_rooms(own, compute),
        "rooms/volume": lambda: _rooms("volume", quotas_of(reader, project_id)),
        "rooms/network": lambda: _rooms("network", network_quotas(own, project_id)),
    }
    if first.choices.server_id is not None:
        known["servers"] = _server(own, first.choices.server_id, project_id)
    asked = {name: known[name] for name in sorted(lists) if name in known}
    again = [_named_again(one, kinds) for one in records]
    for one, names in zip(records, again, strict=True):
        asked |= {
            call: _again(reader, own, name, document, one.fingerprint)
            for name, (call, document) in names.items()
            if call not in asked
        }
        asked |= asked_holders(reader, one.captured, one.choices, project_id)
        asked |= asked_floating(reader, one.captured, project_id)
    if project_id != first.captured.project_id:
        asked["lending"] = lambda: _rooms("volume", quotas_of(reader, first.captured.project_id))
        asked["lent types"] = lambda: _types(reader.within(first.captured.project_id))
    answers = dict(zip(asked, reader.at_once(lambda ask: ask(), asked.values()), strict=True))

    def below(prefix: str) -> list[Any]:
        return [found for name, found in answers.items() if name.startswith(prefix)]

    shared = CloudView(
        **{name: found for name, found in answers.items() if name in _LISTED},
        volume_types=_in_both(answers.get("volume_types", []), answers.get("lent types")),
        holders=[one for found in below("holders/") for one in found],
        floating=[one for found in below("floating/") for one in found],
        rooms={name: room for found in below("rooms/") for name, room in found.items()},
        lending=answers.get("lending", {}),
        sets_hostnames=at_least(compute, _HOSTNAMES),
    )
    return [
        replace(shared, standing={name: answers[call] for name, (call, _) in names.items()})
        for names in again
    ]


def _named_again(one: Recorded, kinds: Collection[str]) -> dict[str, tuple[str, Document]]:
    """Give the documents that are read again, by their names, each with what tells its call from the others."""
    return {
        (name := document.name.replace("@newest", "")): (f"standing/{name} {document.path}", document)
        for document in one.documents
        if document.name in one.captured.documents and kind_of(document.name) in kinds
    }


def _again(reader: Reader, own: Reader, name: str, before: Document, fingerprint: Fingerprint) -> Ask:
    """Read a document of the record again, by its own call."""
    # What only administrators see of a server was captured too; it cannot have become another project's.
    by = reader if kind_of(name) in ADMIN_DOCUMENTS or kind_of(name) in _OF_A_SERVER else own

    def ask() -> Json | None:
        now = by.document(name, before.service, before.path, before.microversion)
        if not isinstance(now, Document):
            return None
        body = read_object(mask(name, now.body, fingerprint).body)
        return body or None

    return ask


def _server(own: Reader, server_id: str, project_id: str) -> Ask:
    """Read the server that the mapping names, as the project is shown it."""

    def ask() -> list[Json]:
        if not is_uuid(server_id):
            return []  # it cannot be an id, and must not become a piece of an upstream path
        try:
            found = own.ask("compute", f"/servers/{server_id}", microversion=_LOCKS).json().get("server")
        except NotFound:
            return []
        return [found] if isinstance(found, Mapping) and found.get("tenant_id") == project_id else []

    return ask


def _list(own: Reader, service: str, path: str, envelope: str, microversion: str | None = None) -> list[Json]:
    found = own.ask(service, path, microversion=microversion or None).json()
    return [row for row in rows(found, envelope) if isinstance(row.get("id"), str)]


def _types(own: Reader) -> list[Json]:
    return _list(own, "volume", "/types", "volume_types", own.newest("volume"))


def _in_both(rows: list[Json], others: list[Json] | None) -> list[Json]:
    """Give the types that both projects may use: the disks are made in the one and handed over to the other."""
    ids = {row["id"] for row in rows if others is None} | {row["id"] for row in others or ()}
    return [row for row in rows if row["id"] in ids]


def _zones(own: Reader, service: str) -> frozenset[str]:
    found = own.ask(service, "/os-availability-zone").json()
    return frozenset(
        str(row.get("zoneName"))
        for row in rows(found, "availabilityZoneInfo")
        if (row.get("zoneState") or {}).get("available")
    )


def _compute_rooms(own: Reader, microversion: str) -> dict[str, Room]:
    limits = own.ask("compute", "/limits", microversion=microversion or None).json().get("limits")
    absolute: Mapping[str, Any] = (limits or {}).get("absolute") or {}
    numbers = {name: (absolute.get(limit), absolute.get(used)) for name, (limit, used) in _LIMITS.items()}
    return {
        f"compute/{name}": Room(limit, used)
        for name, (limit, used) in numbers.items()
        if isinstance(limit, int) and isinstance(used, int)
    }


def _rooms(service: str, quotas: Mapping[str, Quota]) -> dict[str, Room]:
    return {f"{service}/{name}": Room(one.limit, one.used) for name, one in quotas.items()}
