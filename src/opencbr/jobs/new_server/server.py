"""The servers themselves: key pairs for the time in which Nova takes servers on, the servers, and their boot."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from opencbr.cloud.errors import Refused
from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import NOVA_ACTIVE
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server import volumes
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.limits import Progress
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.polling import rest, stop_if_cancelled
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.jobs.upstream.removal import Outcome, remove
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import NOTES
from opencbr.model.restore_plan.blueprint import NewServer, NewServerGroup, NewVolume
from opencbr.model.restore_plan.draft import MAPPED
from opencbr.model.restore_plan.rows import Row
from opencbr.store import ledger, operation_logs
from opencbr.store.ledger import Entry

_CONFLICT = 409
_OURS, _UNIQUE = "key", "unique key"
_GROUP = "server_group"
_KEY_FIELDS = frozenset({"server.key_name", "keypair.name"})


def import_keys(parts: Parts) -> None:
    """Import the public keys, each under its name. Nova keeps name and key with the server, and needs the pair no longer then.

    Key pairs belong to the service user, for all projects: where two restores want one name, the second waits, and where the
    service user has another key under that name, the server shows a name of ours.
    """
    made = parts.ids("server")
    named = {one.key_name: one for one in parts.blueprint.servers if one.public_key and one.key not in made}
    # In one order for all jobs, so that no two wait for each other.
    for name, server in sorted((name, server) for name, server in named.items() if name):
        _import_key(parts, name, server)


def _import_key(parts: Parts, name: str, server: NewServer) -> None:
    ctx = parts.ctx
    entry = planned(ctx, parts.operation, "keypair", f"{_OURS} {name}", name=name)
    is_new = _claim(parts, entry)
    found = parts.project.servers.find_key(name)
    if found is not None and (is_new or not _same(found, server.public_key)):
        with ctx.database.write() as conn:
            ledger.gone(conn, entry.id)  # it is the service user's own: nothing of it is ours
        if not _same(found, server.public_key):
            _import_uniquely(parts, name, server)
        return
    if found is None:
        _import(parts, name, server)
    with ctx.database.write() as conn:
        ledger.made(conn, entry.id, name, now=ctx.clock.now())


def _claim(parts: Parts, entry: Entry) -> bool:
    """Write the pair down once no other restore has its name; say whether this job had not done so before.

    Raises Cancelled; JobError 9910 when one has it for longer than anything may stand still.
    """
    ctx = parts.ctx
    held = Progress(f"key pair {entry.name}", ctx.clock.now(), state="another restore's")
    while True:
        try:
            with ctx.database.write() as conn:
                return ledger.plan(conn, entry) is entry
        except ValueError:
            why = f"another restore boots a server with a key pair called {entry.name}"
            note(ctx, parts.operation, f"{why}: waiting for it")
            held.check(ctx, parts.operation)
            rest(ctx, ctx.settings.poll_seconds, parts.operation.id)


def _import(parts: Parts, name: str, server: NewServer) -> None:
    parts.ctx.guard()
    try:
        parts.project.servers.import_key(name, server.public_key or "", server.key_type)
    except Refused as error:
        if error.status != _CONFLICT:  # it is there: the answer to an earlier request was lost
            raise


def _import_uniquely(parts: Parts, name: str, server: NewServer) -> None:
    """Import it under a name of ours, which the server then shows."""
    entry = planned(parts.ctx, parts.operation, "keypair", f"{_UNIQUE} {name}")

    def create() -> str:
        _import(parts, entry.name, server)
        return entry.name

    make(parts.ctx, entry, create)
    note(parts.ctx, parts.operation, _told_key(name, entry.name))


def _told_key(name: str, shown: str) -> str:
    return f"the service user has another key pair called {name}: the server shows {shown} in its place"


def with_shown_keys(parts: Parts, rows: Iterable[Row]) -> list[Row]:
    """Say of rows of the plan, once the servers are there, that a key pair's name is mapped where they show one of ours."""
    with parts.ctx.database.read() as conn:
        log = operation_logs.get(conn, parts.operation.project_id, parts.operation.id)
    notes = (log or parts.operation).details.get(NOTES, [])
    shown: dict[str, tuple[str, str]] = {}
    for name in {one.key_name for one in parts.blueprint.servers if one.key_name}:
        ours = planned(parts.ctx, parts.operation, "keypair", f"{_UNIQUE} {name}").name
        if (told := _told_key(name, ours)) in notes:
            shown[name] = ours, told
    return [
        replace(row, fate=MAPPED, target=shown[row.value][0], reason=shown[row.value][1])
        if row.field in _KEY_FIELDS and row.value in shown
        else row
        for row in rows
    ]


def _same(one: str, other: str | None) -> bool:
    return one.split()[:2] == (other or "").split()[:2]


def make_server_groups(parts: Parts) -> None:
    """Make the server groups again, under the names of the records: Nova renames none."""
    for group in parts.blueprint.server_groups:
        parts.make(_GROUP, group.name, partial(_make_group, parts, group))


def _make_group(parts: Parts, group: NewServerGroup, _: str) -> str:
    return parts.project.servers.create_group(group.name, group.policy, group.rules)


def create_servers(parts: Parts) -> None:
    """Ask Nova for the servers, one after the other."""
    for server in parts.blueprint.servers:
        if len(parts.blueprint.servers) > 1:
            parts.at(volumes.END, f"server: {server.name}")
        _create(parts, server)


def _create(parts: Parts, server: NewServer) -> None:
    servers = parts.project.servers
    fields: dict[str, Any] = {
        "flavorRef": server.flavor_id,
        "metadata": dict(server.metadata),
        "tags": list(server.tags),
        "description": server.description,
        "config_drive": server.config_drive,
        "networks": _nics(parts, server) or "none",
        "block_device_mapping_v2": _disks(parts, server),
    }
    more = {
        "imageRef": server.image_id,
        "availability_zone": server.availability_zone,
        "user_data": server.user_data,
        "key_name": _key_name(parts, server),
        "OS-DCF:diskConfig": server.disk_config,
        "accessIPv4": server.access_ipv4,
        "accessIPv6": server.access_ipv6,
    }
    fields |= {name: value for name, value in more.items() if value}
    hints = dict(server.hints) | _group_hint(parts, server)
    parts.make(
        "server", server.key, lambda name: servers.create(name, fields, hints, hostname=server.hostname)
    )


def _group_hint(parts: Parts, server: NewServer) -> dict[str, str]:
    """Name the server group, which is a scheduler hint for Nova."""
    ref = server.group
    if ref is None:
        return {}
    names = {one.key: one.name for one in parts.blueprint.server_groups}
    return {"group": ref.id or parts.ids(_GROUP)[names[ref.made or ""]]}


def _key_name(parts: Parts, server: NewServer) -> str | None:
    unique = parts.ids("keypair").get(f"{_UNIQUE} {server.key_name}")
    return unique or (server.key_name if server.public_key else None)


def _nics(parts: Parts, server: NewServer) -> list[dict[str, str]]:
    ids = parts.ids("port")
    return [
        {"port": ids[port.key]} | ({"tag": port.nic_tag} if port.nic_tag else {})
        for port in parts.blueprint.ports
        if port.server == server.key
    ]


def _disks(parts: Parts, server: NewServer) -> list[dict[str, Any]]:
    ids, image_id = parts.ids("volume"), server.image_id
    own = [one for one in parts.blueprint.volumes if one.server == server.key]
    disks = [_disk(one, ids[one.key]) for one in sorted(own, key=lambda one: one.position)]
    # Beside other disks Nova wants to be told that the image is what to boot from.
    return [_root(image_id), *disks] if image_id and disks else disks


def _root(image_id: str) -> dict[str, Any]:
    return {
        "uuid": image_id,
        "source_type": "image",
        "destination_type": "local",
        "boot_index": 0,
        "delete_on_termination": True,
    }


def _disk(volume: NewVolume, volume_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": volume_id,
        "source_type": "volume",
        "destination_type": "volume",
        "boot_index": 0 if volume.position == 0 else -1,
        "delete_on_termination": volume.delete_on_termination,
    }
    found |= {"device_name": volume.device} if volume.device else {}
    return found | ({"tag": volume.tag} if volume.tag else {})


def forget_keys(parts: Parts) -> None:
    """Delete the key pairs: Nova has taken name and key into the servers. What stays goes at the end, or by the janitor."""
    pairs = [entry for entry in parts.entries() if entry.kind == "keypair"]
    for done in remove(parts.ctx, pairs):
        if done.outcome is not Outcome.GONE:
            raise JobError(UNEXPECTED, f"key pair {done.entry.name} could not be deleted: {done.reason}")


def await_servers(parts: Parts) -> None:
    """Wait until the servers run, and lock those that were locked.

    Raises Cancelled; JobError 9910 when Nova ends one in an error.
    """
    ids = parts.ids("server")
    looks = {
        f"server {ids[one.key]} ({one.name})": partial(_look, parts, one, ids[one.key])
        for one in parts.blueprint.servers
    }

    def told(waiting: Sequence[str]) -> None:
        stop_if_cancelled(parts.ctx, parts.operation.id)
        if waiting and len(looks) > 1:
            parts.at(volumes.END, f"boot: {', '.join(waiting)}")

    reconcile(parts.ctx, parts.operation, looks, told=told)


def _look(parts: Parts, server: NewServer, server_id: str) -> Act | Server | None:
    servers = parts.project.servers
    found = servers.get(server_id)
    if found.status == "ERROR":
        raise JobError(
            UNEXPECTED,
            f"server {server_id} ended in ERROR ({found.request_id}): {found.fault or 'no reason given'}",
        )
    if found.status != NOVA_ACTIVE or found.task_state:
        return found
    return (
        partial(servers.lock, server_id, server.locked_reason) if server.locked and not found.locked else None
    )
