"""Every id that a request can name, naming what is not the caller's or not in a state for it: one table walks them all.

What belongs to another project is answered as what is nowhere, and nothing of it changes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from msgspec import inspect as types
from sqlalchemy import select

from opencbr.api.route import Route
from opencbr.api.routes import ROUTES
from opencbr.democloud.network.networks import make_network
from opencbr.model.ids import new_id
from opencbr.model.policy import Policy
from opencbr.model.vault import SERVER
from opencbr.store import policies, resources, tables, vault_policies, vaults

from .api_server import ApiServer
from .bad_values import places
from .protected_cloud import (
    children_of,
    new_disk,
    new_server,
    new_vault,
    restorable,
    restored,
    server_ref,
    vault_body,
)
from .test_bad_input import fill, one_shape

Make = Callable[[ApiServer], str]
"""Makes a thing and gives its id."""

Send = Callable[[ApiServer, str], requests.Response]
"""Sends a request that is right but for this id."""


@dataclass
class Place:
    """A place for an id: `foreign` makes another project's thing, `code` says that it is nowhere.

    `states` are things of the caller's in a state that the operation refuses, with the code that says so.
    """

    send: Send
    foreign: Make
    code: str
    states: dict[str, tuple[Make, str]] = field(default_factory=dict)


def vault(account: str = "demo", **changes: Any) -> Make:
    return lambda cbr: cbr.vault(account, **changes).id


def backup(account: str = "demo", **changes: Any) -> Make:
    return lambda cbr: cbr.backup(cbr.vault(account), **changes).id


def child(cbr: ApiServer) -> str:
    shown = cbr.call("GET", f"backups/{cbr.backup(cbr.vault()).id}").json()
    return str(shown["backup"]["children"][0]["id"])


def server(account: str = "demo", **changes: Any) -> Make:
    return lambda cbr: str(new_server(cbr, account, **changes)["id"])


def disk(account: str = "demo", **changes: Any) -> Make:
    return lambda cbr: str(new_disk(cbr, account, **changes)["id"])


def bound_elsewhere(cbr: ApiServer) -> str:
    one = new_server(cbr)
    new_vault(cbr, server_ref(one))
    return str(one["id"])


def by_path(operation: str, body: Any = None, **others: str) -> Send:
    """The id is the last of the path."""
    route = next(route for route in ROUTES if route.operation.name == operation)
    (*_, name) = re.findall(r"\{(\w+)\}", route.operation.path)
    return lambda cbr, wanted: cbr.call(
        route.operation.method, fill(cbr, route.operation.path, **{**others, name: wanted}), body
    )


def server_of(**choice: Any) -> dict[str, Any]:
    return {"type": SERVER, **choice}


def creating(make: Callable[[ApiServer, str], dict[str, Any]]) -> Send:
    return lambda cbr, wanted: cbr.call("POST", "vaults", vault_body(make(cbr, wanted)))


def adding(make: Callable[[ApiServer, str], dict[str, Any]]) -> Send:
    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        path = f"vaults/{cbr.vault().id}/addresources"
        return cbr.call("POST", path, {"resources": [make(cbr, wanted)]})

    return send


def backing_up(make: Callable[[ApiServer, dict[str, Any], str], dict[str, Any]]) -> Send:
    """Request a checkpoint of a vault with one server in it."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        one = new_server(cbr)
        body = {"vault_id": new_vault(cbr, server_ref(one))["id"], "parameters": make(cbr, one, wanted)}
        return cbr.call("POST", "checkpoints", {"checkpoint": body})

    return send


def resource_in(status: str) -> Make:
    def make(cbr: ApiServer) -> str:
        one = bound_elsewhere(cbr)
        with cbr.database.write() as conn:
            assert resources.set_status(conn, cbr.project(), one, status)
        return one

    return make


def itself(_cbr: ApiServer, wanted: str) -> dict[str, Any]:
    return server_of(id=wanted)


def selecting(choose: Callable[[str], Any]) -> Callable[[ApiServer, str], dict[str, Any]]:
    """A server of the caller's, of whose disks this one is chosen."""
    return lambda cbr, wanted: server_ref(new_server(cbr, sizes=(1, 1)), extra_info=choose(wanted))


def detail(choose: Callable[[str], Any]) -> Callable[[ApiServer, dict[str, Any], str], dict[str, Any]]:
    return lambda _cbr, one, wanted: {"resource_details": [server_ref(one, extra_info=choose(wanted))]}


def removing(cbr: ApiServer, wanted: str) -> requests.Response:
    return cbr.call("POST", f"vaults/{holder(cbr, wanted)}/removeresources", {"resource_ids": [wanted]})


def setting(cbr: ApiServer, wanted: str) -> requests.Response:
    body = {"resource_ids": [wanted], "action": "suspend"}
    return cbr.call("PUT", f"vaults/{holder(cbr, wanted)}/set-resources", body)


def migrating(cbr: ApiServer, wanted: str) -> requests.Response:
    body = {"destination_vault_id": cbr.vault().id, "resource_ids": [wanted]}
    return cbr.call("POST", f"vaults/{holder(cbr, wanted)}/migrateresources", body)


def migrating_from(cbr: ApiServer, wanted: str) -> requests.Response:
    body = {"destination_vault_id": cbr.vault().id, "resource_ids": ["any"]}
    return cbr.call("POST", f"vaults/{wanted}/migrateresources", body)


def migrating_to(cbr: ApiServer, wanted: str) -> requests.Response:
    one = bound_elsewhere(cbr)
    body = {"destination_vault_id": wanted, "resource_ids": [one]}
    return cbr.call("POST", f"vaults/{holder(cbr, one)}/migrateresources", body)


def holder(cbr: ApiServer, resource_id: str) -> str:
    """The vault that holds a resource; one that holds nothing where none does."""
    with cbr.database.read() as conn:
        found = resources.get(conn, cbr.project(), resource_id)
    return found.vault_id if found else cbr.vault().id


def backing_up_one(cbr: ApiServer, wanted: str) -> requests.Response:
    with cbr.database.read() as conn:
        found = resources.get(conn, cbr.project(), wanted)
    vault_id = found.vault_id if found else new_vault(cbr, server_ref(new_server(cbr)))["id"]
    body = {"vault_id": vault_id, "parameters": {"resources": [wanted]}}
    return cbr.call("POST", "checkpoints", {"checkpoint": body})


def vault_in_deletion(cbr: ApiServer) -> str:
    """A vault with a server in it."""
    found = new_vault(cbr, server_ref(new_server(cbr)))
    with cbr.database.write() as conn:
        vaults.update(conn, cbr.project(), found["id"], status="deleting", updated_at=cbr.clock.now())
    return str(found["id"])


def attached_disk(cbr: ApiServer) -> str:
    return str(new_server(cbr)["disks"][0])


def restoring(member: str) -> Send:
    """Restore the backup of a server of the caller's; the id is this member of the request."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        made = restorable(cbr, new_server(cbr))
        return cbr.call("POST", f"backups/{made.id}/restore", {"restore": {member: wanted}})

    return send


def restoring_a_disk(cbr: ApiServer, wanted: str) -> requests.Response:
    made = restorable(cbr, new_disk(cbr))
    return cbr.call("POST", f"backups/{made.id}/restore", {"restore": {"volume_id": wanted}})


def mapping(choose: Callable[[str, str, str], tuple[str, str]]) -> Send:
    """Restore one disk of a server's backup; `choose` gives backup and volume of the mapping from those of the disk."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        made = restorable(cbr, new_server(cbr))
        ((volume, disk),) = children_of(cbr, made).items()
        backup_id, volume_id = choose(disk, volume, wanted)
        body = {"restore": {"mappings": [{"backup_id": backup_id, "volume_id": volume_id}]}}
        return cbr.call("POST", f"backups/{made.id}/restore", body)

    return send


def restore_without_way_back(cbr: ApiServer, **changes: Any) -> str:
    return cbr.log(operation_type="restore", **{"status": "failed"} | changes).id


def plan_of(account: str = "demo", name: str = "db1") -> Make:
    def make(cbr: ApiServer) -> str:
        made = cbr.protected(name, account)
        body = {"restore_plan": {"as": "new_server"}}
        answer = cbr.call("POST", f"backups/{made.id}/restore-plans", body, account=account)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["restore_plan"]["id"])

    return make


def drill_of(account: str = "demo", name: str = "db1") -> Make:
    def make(cbr: ApiServer) -> str:
        body = {"drill": {"backup_id": cbr.protected(name, account).id}}
        answer = cbr.call("POST", "drills", body, account=account)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["drill"]["id"])

    return make


def policy(account: str = "demo") -> Make:
    def make(cbr: ApiServer) -> str:
        with cbr.database.write() as conn:
            made = Policy(
                id=new_id(cbr.clock.now()),
                project_id=cbr.project(account),
                name="nightly",
                patterns=("FREQ=DAILY;BYHOUR=2;BYMINUTE=0",),
                trigger_id=new_id(cbr.clock.now()),
                created_at=cbr.clock.now(),
                updated_at=cbr.clock.now(),
            )
            policies.insert(conn, made)
        return made.id

    return make


def with_policy(**changes: Any) -> Make:
    """A vault that has a policy, and the policy's id."""

    def make(cbr: ApiServer) -> str:
        made, home = policy()(cbr), cbr.vault(**changes)
        with cbr.database.write() as conn:
            found = policies.get(conn, cbr.project(), made)
            assert found
            vault_policies.bind(conn, home.id, found)
        return made

    return make


def binding(operation: str, member: str = "policy_id") -> Send:
    """Give a vault a policy or take it away; the policy is this member of the request."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        body = {member: [wanted] if member == "add_policy_ids" else wanted}
        return cbr.call("POST", f"vaults/{cbr.vault().id}/{operation}", body)

    return send


def making_a_policy(method: str, path: Make, member: str) -> Send:
    """Make or change a policy; the id is this member of its definition."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        properties = {"pattern": ["FREQ=DAILY;BYHOUR=2;BYMINUTE=0"]}
        body = {"name": "p", "operation_type": "backup", "trigger": {"properties": properties}}
        return cbr.call(method, path(cbr), {"policy": body | {"operation_definition": {member: wanted}}})

    return send


def previewing(member: str) -> Send:
    """Preview what is no policy yet; the id is the vault's, or a member of the definition."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        vault_id = wanted if member == "vault_id" else cbr.vault().id
        definition = {} if member == "vault_id" else {member: wanted}
        asked = {"vault_id": vault_id, "operation_definition": definition}
        return cbr.call("POST", "retention-previews", {"retention_preview": asked})

    return send


def drilling(member: str) -> Send:
    return lambda cbr, wanted: cbr.call("POST", "drills", {"drill": {member: wanted}})


def planning(choose: Callable[[dict[str, Any], str], dict[str, Any]]) -> Send:
    """Plan the restore of a server; `choose` gives the mapping from the one that a plan without choices has filled in."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        path = f"backups/{cbr.protected().id}/restore-plans"
        first = cbr.call("POST", path, {"restore_plan": {"as": "new_server"}}).json()["restore_plan"]
        mapping = choose(first["mapping"], wanted)
        return cbr.call("POST", path, {"restore_plan": {"as": "new_server", "mapping": mapping}})

    return send


def planning_a_disk(choose: Callable[[str, str], dict[str, Any]]) -> Send:
    """Plan the restore of a disk as a new volume; `choose` gives the mapping from the disk's volume and the id."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        path = f"backups/{cbr.protected().id}/restore-plans"
        first = cbr.call("POST", path, {"restore_plan": {"as": "new_volume"}}).json()["restore_plan"]
        mapping = choose(first["choices"][0]["options"][0], wanted)
        return cbr.call("POST", path, {"restore_plan": {"as": "new_volume", "mapping": mapping}})

    return send


def planning_in_place(choose: Callable[[str, str], dict[str, Any]]) -> Send:
    """Plan the restore of a server in place; `choose` gives the mapping from a disk's volume and the id."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        backup = cbr.protected()
        volume = next(iter(children_of(cbr, backup)))
        body = {"restore_plan": {"as": "in_place", "mapping": choose(volume, wanted)}}
        return cbr.call("POST", f"backups/{backup.id}/restore-plans", body)

    return send


OF_A_CHECKPOINT = {"server_id": "9900", "backups.0.flavor_id": "6302"}
"""Members of a mapping whose wrong ids a checkpoint refuses otherwise than a backup."""


def planning_a_checkpoint(member: str) -> Send:
    """Plan the restore of a checkpoint with an id in this place of the mapping."""

    def send(cbr: ApiServer, wanted: str) -> requests.Response:
        made = cbr.protected()
        path = f"checkpoints/{made.checkpoint_id}/restore-plans"
        mapping = cbr.call("POST", path, {"restore_plan": {}}).json()["restore_plan"]["mapping"]
        *lists, last = member.split(".")
        if not lists:
            return cbr.call("POST", path, {"restore_plan": {"mapping": mapping | {last: wanted}}})
        entry = (mapping[lists[0]] or [{}])[0] | {last: wanted}
        entry |= MORE.get(lists[0], {}) | ({"network": "map"} if member == "ports.0.network_id" else {})
        return cbr.call("POST", path, {"restore_plan": {"mapping": mapping | {lists[0]: [entry]}}})

    return send


MORE = {
    "networks": {"target": "new"},
    "security_groups": {"target": "drop"},
    "routers": {"target": "drop"},
    "floating_ips": {"address": "drop"},
    "disks": {"target": "drop"},
}
"""What an entry of a list in a mapping needs besides."""


def network(cbr: ApiServer) -> str:
    with cbr.cloud.backend.state.change():
        return str(make_network(cbr.cloud.backend, cbr.project("other"), "somebody's")["id"])


CHOICES: dict[str, Callable[[str], Any]] = {
    "exclude_volumes.0": lambda wanted: {"exclude_volumes": [wanted]},
    "include_volumes.0": lambda wanted: {"include_volumes": [wanted]},
    "include_volumes.0.id": lambda wanted: {"include_volumes": [{"id": wanted, "os_version": "x"}]},
}
HELD: dict[str, tuple[Make, str]] = {
    "held": (lambda cbr: cbr.backup(cbr.vault(), held_at=cbr.clock.now()).id, "6200")
}
UNREADY = {
    status: (backup(status=status), "6206")
    for status in ("waiting_protect", "protecting", "error", "deleting")
}
BINDING = {
    "ERROR": (server(status="ERROR"), "7101"),
    "without disks": (server(sizes=(), image_id=""), "7108"),
    "in another vault": (bound_elsewhere, "6103"),
}
DELETING: dict[str, tuple[Make, str]] = {"deleting": (vault_in_deletion, "6110")}
PLACES: dict[tuple[str, str], Place] = {
    ("ShowVault", "vault_id"): Place(by_path("ShowVault"), vault("other"), "6105"),
    ("UpdateVault", "vault_id"): Place(
        by_path("UpdateVault", {"vault": {"name": "mine"}}),
        vault("other"),
        "6105",
        DELETING,
    ),
    ("DeleteVault", "vault_id"): Place(
        by_path("DeleteVault"), vault("other"), "6105", {"deleting": (vault_in_deletion, "6112")}
    ),
    ("AddVaultResource", "vault_id"): Place(
        lambda cbr, wanted: cbr.call(
            "POST", f"vaults/{wanted}/addresources", {"resources": [server_ref(new_server(cbr))]}
        ),
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6108")},
    ),
    ("RemoveVaultResource", "vault_id"): Place(
        by_path("RemoveVaultResource", {"resource_ids": ["any"]}),
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6112")},
    ),
    ("RemoveVaultResource", "resource_ids.0"): Place(
        removing,
        server("other"),
        "6135",
        {"protecting": (resource_in("protecting"), "6125"), "removing": (resource_in("removing"), "6134")},
    ),
    **{
        (operation, "vault_id"): Place(send, vault("other", tags=(("stage", "theirs"),)), "6105", states)
        for operation, send, states in (
            ("ShowVaultTag", by_path("ShowVaultTag"), {}),
            ("CreateVaultTags", by_path("CreateVaultTags", {"tag": {"key": "stage"}}), DELETING),
            (
                "BatchCreateAndDeleteVaultTags",
                by_path("BatchCreateAndDeleteVaultTags", {"action": "delete", "tags": [{"key": "stage"}]}),
                DELETING,
            ),
            (
                "DeleteVaultTag",
                lambda cbr, wanted: cbr.call("DELETE", f"vault/{wanted}/tags/stage"),
                DELETING,
            ),
        )
    },
    ("SetVaultResource", "vault_id"): Place(
        by_path("SetVaultResource", {"resource_ids": ["any"], "action": "suspend"}),
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6112")},
    ),
    ("SetVaultResource", "resource_ids.0"): Place(
        setting, server("other"), "6135", {"removing": (resource_in("removing"), "6134")}
    ),
    ("MigrateVaultResource", "vault_id"): Place(
        migrating_from,
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6112"), "locked": (vault(locked=True), "6110")},
    ),
    ("MigrateVaultResource", "destination_vault_id"): Place(
        migrating_to,
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6112"), "of disks": (vault(object_type="disk"), "6102")},
    ),
    ("MigrateVaultResource", "resource_ids.0"): Place(
        migrating,
        server("other"),
        "6135",
        {"protecting": (resource_in("protecting"), "6125"), "removing": (resource_in("removing"), "6134")},
    ),
    ("UpdateExpirationTime", "vault_id"): Place(
        by_path("UpdateExpirationTime", {"expect_expiration_date": "2099-01-31", "time_zone": "UTC"}),
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6112")},
    ),
    ("ShowProtectable", "instance_id"): Place(by_path("ShowProtectable"), server("other"), "7100"),
    ("CreateCheckpoint", "checkpoint.vault_id"): Place(
        lambda cbr, wanted: cbr.call("POST", "checkpoints", {"checkpoint": {"vault_id": wanted}}),
        vault("other"),
        "6105",
        {"deleting": (vault_in_deletion, "6113"), "empty": (vault(), "0001")},
    ),
    ("CreateCheckpoint", "checkpoint.parameters.resources.0"): Place(
        backing_up_one,
        server("other"),
        "6135",
        {"protecting": (resource_in("protecting"), "1001"), "removing": (resource_in("removing"), "0001")},
    ),
    ("CreateCheckpoint", "checkpoint.parameters.resource_details.0.id"): Place(
        backing_up(lambda _cbr, _one, wanted: {"resource_details": [server_of(id=wanted)]}),
        server("other"),
        "6135",
    ),
    ("ShowCheckpoint", "checkpoint_id"): Place(
        by_path("ShowCheckpoint"),
        lambda cbr: cbr.backup(cbr.vault("other")).checkpoint_id,
        "6217",
        {
            "without backups": (
                lambda cbr: cbr.backup(cbr.vault(), held_at=cbr.clock.now()).checkpoint_id,
                "6217",
            )
        },
    ),
    ("ShowBackup", "backup_id"): Place(by_path("ShowBackup"), backup("other"), "6200", HELD),
    ("UpdateBackup", "backup_id"): Place(
        by_path("UpdateBackup", {"backup": {"name": "mine"}}), backup("other"), "6200", HELD
    ),
    ("ShowRetentionPreview", "policy_id"): Place(by_path("ShowRetentionPreview"), policy("other"), "6000"),
    ("PreviewRetention", "retention_preview.vault_id"): Place(previewing("vault_id"), vault("other"), "6105"),
    ("PreviewRetention", "retention_preview.operation_definition.destination_project_id"): Place(
        previewing("destination_project_id"), lambda cbr: cbr.project("other"), "9900"
    ),
    ("PinBackup", "backup_id"): Place(
        by_path("PinBackup"), backup("other"), "6200", HELD | {"a disk of a server": (child, "6201")}
    ),
    ("UnpinBackup", "backup_id"): Place(
        by_path("UnpinBackup"), backup("other"), "6200", HELD | {"a disk of a server": (child, "6201")}
    ),
    ("DeleteBackup", "backup_id"): Place(
        by_path("DeleteBackup"),
        backup("other"),
        "6200",
        HELD
        | {"a disk of a server": (child, "6201")}
        | {
            status: (backup(status=status), code)
            for status, code in {
                "waiting_protect": "6203",
                "protecting": "6203",
                "restoring": "6216",
                "waiting_restore": "6216",
                "waiting_delete": "6201",
                "deleting": "6201",
            }.items()
        },
    ),
    **{
        (operation, "backup_id"): Place(by_path(operation), backup("other"), "6200", HELD | UNREADY)
        for operation in ("ShowMetadata", "ShowRecord", "ShowReport")
    },
    ("ShowMaskedValue", "backup_id"): Place(
        lambda cbr, wanted: cbr.call("GET", f"backups/{wanted}/record/value?document=server&offset=1"),
        backup("other"),
        "6200",
        HELD | UNREADY,
    ),
    ("RestoreBackup", "backup_id"): Place(
        by_path("RestoreBackup", {"restore": {}}),
        backup("other"),
        "6200",
        HELD
        | {"a disk of a server": (child, "9900")}
        | {
            status: (backup(status=status), "2010" if "restor" in status else "2005")
            for status in (
                *("waiting_protect", "protecting", "error", "waiting_restore", "restoring"),
                *("waiting_delete", "deleting"),
            )
        }
        | {"of a server that is gone": (backup(), "2007")},
    ),
    **{
        ("RestoreBackup", f"restore.{member}"): Place(
            restoring(member),
            server("other"),
            "7100",
            {
                "PAUSED": (server(status="PAUSED"), "2008"),
                "being moved": (server(task_state="migrating"), "2008"),
                "of other disks": (server(), "7201"),
            },
        )
        for member in ("server_id", "resource_id")
    },
    ("RestoreBackup", "restore.volume_id"): Place(
        restoring_a_disk,
        disk("other"),
        "7000",
        {"on a server": (attached_disk, "2011"), "encrypted": (disk(encryption_key_id="any"), "2009")},
    ),
    ("RestoreBackup", "restore.mappings.0.backup_id"): Place(
        mapping(lambda _disk, volume, wanted: (wanted, volume)),
        lambda cbr: next(iter(children_of(cbr, cbr.backup(cbr.vault("other")), account="other").values())),
        "6200",
        {"of another backup": (child, "9900")},
    ),
    ("RestoreBackup", "restore.mappings.0.volume_id"): Place(
        mapping(lambda disk, _volume, wanted: (disk, wanted)),
        disk("other"),
        "7000",
        {"on no server": (disk(), "7201"), "on another server": (attached_disk, "7201")},
    ),
    **{
        (operation, "plan_id"): Place(by_path(operation), plan_of("other", "foreign1"), "6302", states)
        for operation, states in {
            "ShowRestorePlan": {},
            "ApplyRestorePlan": {"incomplete": (plan_of(), "9900")},
        }.items()
    },
    ("CreateRestorePlan", "restore_plan.mapping.disks.0.volume_id"): Place(
        planning_in_place(
            lambda volume, wanted: {"disks": [{"volume_id": wanted, "target": volume}]},
        ),
        disk("other"),
        "9900",
    ),
    ("CreateRestorePlan", "restore_plan.mapping.volume_id"): Place(
        planning_a_disk(lambda _disk, wanted: {"volume_id": wanted}), disk("other"), "9900"
    ),
    ("CreateRestorePlan", "restore_plan.mapping.server_id"): Place(
        planning_a_disk(lambda disk, wanted: {"volume_id": disk, "server_id": wanted}),
        server("other"),
        "6302",
    ),
    ("CreateRestorePlan", "backup_id"): Place(
        by_path("CreateRestorePlan", {"restore_plan": {"as": "new_server"}}),
        backup("other"),
        "6200",
        HELD
        | {"a disk of a server": (child, "9900")}
        | {
            status: (backup(status=status), "2005")
            for status in ("protecting", "error", "restoring", "deleting")
        },
    ),
    **{
        (operation, "restore_job_id"): Place(
            by_path(operation),
            lambda cbr: restored(cbr, new_server(cbr, "other"), "other").id,
            "6500",
            {"another operation's": (lambda cbr: cbr.log().id, "6500")} | states,
        )
        for operation, states in {
            "ShowRestoreWayBack": {},
            "UndoRestore": {
                "running": (lambda cbr: restore_without_way_back(cbr, status="running"), "2010"),
                "of nothing": (restore_without_way_back, "7202"),
            },
            "ConfirmRestore": {
                "running": (lambda cbr: restore_without_way_back(cbr, status="running"), "2010"),
                "of nothing": (restore_without_way_back, "7202"),
            },
        }.items()
    },
    ("CreateDrill", "drill.backup_id"): Place(
        drilling("backup_id"),
        backup("other"),
        "6200",
        HELD
        | {
            "a disk of a server": (child, "9900"),
            "a disk": (backup(disks=0), "9900"),
            "restoring": (backup(status="restoring"), "2010"),
        }
        | {status: (backup(status=status), "2005") for status in ("protecting", "error", "deleting")},
    ),
    ("CreateDrill", "drill.resource_id"): Place(
        drilling("resource_id"),
        lambda cbr: cbr.backup(cbr.vault("other")).resource_id,
        "6200",
        {
            "without a backup": (server(), "6200"),
            "with one that failed": (lambda cbr: cbr.backup(cbr.vault(), status="error").resource_id, "6200"),
            "being restored": (lambda cbr: cbr.backup(cbr.vault(), status="restoring").resource_id, "2010"),
        },
    ),
    ("ShowDrill", "drill_id"): Place(by_path("ShowDrill"), drill_of("other", "foreign1"), "6302"),
    ("RunPolicy", "policy_id"): Place(
        by_path("RunPolicy"), policy("other"), "6000", {"of no vault": (policy(), "0001")}
    ),
    ("ListPolicyRuns", "policy_id"): Place(by_path("ListPolicyRuns"), policy("other"), "6000"),
    ("ShowPolicy", "policy_id"): Place(by_path("ShowPolicy"), policy("other"), "6000"),
    ("UpdatePolicy", "policy_id"): Place(
        by_path("UpdatePolicy", {"policy": {"name": "mine"}}), policy("other"), "6000"
    ),
    ("DeletePolicy", "policy_id"): Place(
        by_path("DeletePolicy"),
        policy("other"),
        "6000",
        {"of a locked vault": (with_policy(locked=True), "6110")},
    ),
    ("CreatePolicy", "policy.operation_definition.destination_project_id"): Place(
        making_a_policy("POST", lambda _cbr: "policies", "destination_project_id"),
        lambda cbr: cbr.project("other"),
        "9900",
    ),
    ("UpdatePolicy", "policy.operation_definition.destination_project_id"): Place(
        making_a_policy("PUT", lambda cbr: f"policies/{policy()(cbr)}", "destination_project_id"),
        lambda cbr: cbr.project("other"),
        "9900",
    ),
    **{
        (operation, "vault_id"): Place(
            by_path(operation, {"policy_id": "any"}),
            vault("other"),
            "6105",
            {"deleting": (vault_in_deletion, "6110")},
        )
        for operation in ("AssociateVaultPolicy", "DisassociateVaultPolicy")
    },
    ("AssociateVaultPolicy", "policy_id"): Place(binding("associatepolicy"), policy("other"), "6000"),
    ("AssociateVaultPolicy", "add_policy_ids.0"): Place(
        binding("associatepolicy", "add_policy_ids"), policy("other"), "6000"
    ),
    ("AssociateVaultPolicy", "destination_vault_id"): Place(
        binding("associatepolicy", "destination_vault_id"), vault("other"), "9900"
    ),
    ("DisassociateVaultPolicy", "policy_id"): Place(
        binding("dissociatepolicy"), policy("other"), "6000", {"of no vault": (policy(), "6002")}
    ),
    ("CreateVault", "vault.backup_policy_id"): Place(
        lambda cbr, wanted: cbr.call("POST", "vaults", vault_body(backup_policy_id=wanted)),
        policy("other"),
        "6000",
    ),
    ("CreateCheckpoint", "checkpoint.parameters.policy_id"): Place(
        backing_up(lambda _cbr, _one, wanted: {"policy_id": wanted}), policy("other"), "6000"
    ),
    ("ShowOpLog", "operation_log_id"): Place(by_path("ShowOpLog"), lambda cbr: cbr.log("other").id, "6500"),
}
for _member, _choose_one in {
    "flavor_id": (lambda _plan, wanted: {"flavor_id": wanted}, "6302"),
    "ports.0.network_id": (
        lambda plan, wanted: {"ports": [{**plan["ports"][0], "network": "map", "network_id": wanted}]},
        "6302",
    ),
    "volumes.0.volume_type_id": (
        lambda plan, wanted: {"volumes": [{**plan["volumes"][0], "volume_type_id": wanted}]},
        "6302",
    ),
    "ports.0.port_id": (lambda _plan, wanted: {"ports": [{"port_id": wanted, "network": "keep"}]}, "9900"),
    "security_groups.0.security_group_id": (
        lambda _plan, wanted: {"security_groups": [{"security_group_id": wanted, "target": "drop"}]},
        "9900",
    ),
    "volumes.0.volume_id": (
        lambda plan, wanted: {"volumes": [{**plan["volumes"][0], "volume_id": wanted}]},
        "9900",
    ),
    "routers.0.router_id": (
        lambda _plan, wanted: {"routers": [{"router_id": wanted, "target": "drop"}]},
        "9900",
    ),
    "floating_ips.0.floating_ip_id": (
        lambda _plan, wanted: {"floating_ips": [{"floating_ip_id": wanted, "address": "drop"}]},
        "9900",
    ),
}.items():
    PLACES["CreateRestorePlan", f"restore_plan.mapping.{_member}"] = Place(
        planning(_choose_one[0]), network if "network" in _member else server("other"), _choose_one[1]
    )
for _member, _choose_all in {
    "networks.0.network_id": lambda wanted: {"networks": [{"network_id": wanted, "target": "new"}]},
    "backups.0.backup_id": lambda wanted: {"backups": [{"backup_id": wanted}]},
    "backups.0.flavor_id": lambda wanted: {"backups": [{"backup_id": "any", "flavor_id": wanted}]},
}.items():
    PLACES["CreateRestorePlan", f"restore_plan.mapping.{_member}"] = Place(
        planning(lambda _plan, wanted, choose=_choose_all: choose(wanted)), server("other"), "9900"
    )
PLACES["CreateRestorePlan", "restore_plan.mapping.project_id"] = Place(
    planning(lambda _plan, wanted: {"project_id": wanted}), lambda cbr: cbr.project("other"), "6302"
)
for _operation, _place in [one for one in PLACES if one[0] == "CreateRestorePlan" and ".mapping." in one[1]]:
    PLACES["CreateCheckpointRestorePlan", _place] = Place(
        planning_a_checkpoint(_place.removeprefix("restore_plan.mapping.")),
        backup("other") if _place.endswith("backup_id") else PLACES[_operation, _place].foreign,
        OF_A_CHECKPOINT.get(_place.removeprefix("restore_plan.mapping."), PLACES[_operation, _place].code),
    )
PLACES["CreateCheckpointRestorePlan", "checkpoint_id"] = Place(
    by_path("CreateCheckpointRestorePlan", {"restore_plan": {}}),
    lambda cbr: cbr.backup(cbr.vault("other")).checkpoint_id,
    "6217",
    {
        "without backups": (
            lambda cbr: cbr.backup(cbr.vault(), held_at=cbr.clock.now()).checkpoint_id,
            "6217",
        ),
        **{
            status: (lambda cbr, status=status: cbr.backup(cbr.vault(), status=status).checkpoint_id, "2005")
            for status in ("protecting", "error", "restoring", "deleting")
        },
    },
)
for _operation, _send, _before in (
    ("CreateVault", creating, "vault.resources.0"),
    ("AddVaultResource", adding, "resources.0"),
):
    PLACES[_operation, f"{_before}.id"] = Place(_send(itself), server("other"), "7100", BINDING)
    for _name, _choose in CHOICES.items():
        PLACES[_operation, f"{_before}.extra_info.{_name}"] = Place(
            _send(selecting(_choose)), disk("other"), "7201"
        )
for _name, _choose in CHOICES.items():
    PLACES["CreateCheckpoint", f"checkpoint.parameters.resource_details.0.extra_info.{_name}"] = Place(
        backing_up(detail(_choose)),
        disk("other"),
        "7201",
    )

NOT_OF_A_PROJECT = {"protectable_type", "enterprise_project_id", "key"}
"""A word of the interface's own, and what this server has none of."""


def ids_of(route: Route) -> Iterator[str]:
    """Name the places of a request where an id stands: in the path, in the body."""
    yield from re.findall(r"\{(\w+)\}", route.operation.path)[1:]
    for place, _, _ in places(types.type_info(route.types.body)) if route.types.body else ():
        *_, list_of, last = ("", *map(str, place))
        if re.fullmatch(r"(\w+_)?id", last) or (
            last == "0"
            and list_of in {"resource_ids", "exclude_volumes", "include_volumes", "add_policy_ids"}
        ):
            yield ".".join(map(str, place))
        elif last == "0" and list_of == "resources" and route.operation.name == "CreateCheckpoint":
            yield ".".join(map(str, place))  # ids there, and objects elsewhere


def test_no_id_is_forgotten_here():
    taken = {(route.operation.name, place) for route in ROUTES for place in ids_of(route)}
    taken = {(operation, place) for operation, place in taken if place.split(".")[-1] not in NOT_OF_A_PROJECT}
    missing, gone = sorted(taken - PLACES.keys()), sorted(PLACES.keys() - taken)
    assert not missing, (
        f"requests name these ids, and PLACES does not say how to make a foreign one: {missing}"
    )
    assert not gone, f"PLACES has ids that no request names: {gone}"


def rows(cbr: ApiServer, project: str) -> dict[str, list[Any]]:
    """All that is kept of a project."""
    with cbr.database.read() as conn:
        return {
            table.name: conn.execute(
                select(table).where(table.c.project_id == project).order_by(*table.primary_key)
            ).all()
            for table in tables.metadata.sorted_tables
            if "project_id" in table.c
        }


def told(answer: requests.Response, wanted: str) -> tuple[int, str, str]:
    """Status, code and sentence of a refusal, without the id; vaults and servers of the request's own are others."""
    sentence = one_shape(answer).replace(wanted, "(id)")
    sentence = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(other id)", sentence)
    return answer.status_code, answer.json()["error_code"].removeprefix("BackupService."), sentence


def named(place: tuple[str, str]) -> str:
    return " ".join(place)


@pytest.mark.matrix(fast=12)
@pytest.mark.parametrize("place", PLACES, ids=named)
def test_what_is_another_projects_is_nowhere_and_stays_as_it_is(cbr: ApiServer, place: tuple[str, str]):
    walked = PLACES[place]
    foreign, nowhere = walked.foreign(cbr), new_id(cbr.clock.now())
    before = rows(cbr, cbr.project("other"))
    refused = told(walked.send(cbr, foreign), foreign)
    assert refused[1] == walked.code
    assert refused == told(walked.send(cbr, nowhere), nowhere)
    assert rows(cbr, cbr.project("other")) == before


@pytest.mark.matrix(fast=12)
@pytest.mark.parametrize(
    ("place", "state"),
    [(place, state) for place, walked in PLACES.items() for state in walked.states],
    ids=lambda value: value if isinstance(value, str) else named(value),
)
def test_a_wrong_state_is_refused_with_its_code(cbr: ApiServer, place: tuple[str, str], state: str):
    make, code = PLACES[place].states[state]
    wanted = make(cbr)
    before = rows(cbr, cbr.project())
    assert told(PLACES[place].send(cbr, wanted), wanted)[1] == code
    after = rows(cbr, cbr.project())
    # A request may need a vault of its own, which is there afterwards; what was there is as it was.
    assert {name: [row for row in after[name] if row in before[name]] for name in before} == before
