"""Servers and disks of a test's own in the embedded cloud, so that tests do not get into each other's way."""

from datetime import timedelta
from itertools import count
from typing import Any

from opencbr.democloud.seed.servers import make_disk, make_server, tiny_image
from opencbr.model.backup import Backup
from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import RESTORED, DiskToRestore, RestoreRequest, with_request, with_stage
from opencbr.model.times import wire_time
from opencbr.model.vault import Vault
from opencbr.model.way_back import KEPT_UNTIL, WAY_BACK
from opencbr.store import backups, ledger
from opencbr.store.ledger import Entry

from .api_server import ApiServer

_numbers = count(1)


def new_disk(cbr: ApiServer, account: str = "demo", *, size: int = 1, **changes: Any) -> dict[str, Any]:
    """Make a volume; `changes` overwrite fields of the cloud's document (`status`, `name`)."""
    backend, owner = cbr.cloud.backend, cbr.cloud.account(account)
    with backend.state.change():
        disk = make_disk(backend, owner, f"disk-{next(_numbers)}", size)
        return backend.state.put("volume", disk | changes)


def new_server(
    cbr: ApiServer, account: str = "demo", *, sizes: tuple[int, ...] = (1,), **changes: Any
) -> dict[str, Any]:
    """Make a server with a disk of each size in GB; the ids of its disks are in `disks`."""
    backend, owner = cbr.cloud.backend, cbr.cloud.account(account)
    disks = [new_disk(cbr, account, size=size) for size in sizes]
    with backend.state.change():
        image = None if disks else tiny_image(backend)
        server = make_server(backend, owner, f"server-{next(_numbers)}", image=image, disks=disks)
        server = backend.state.get("server", server["id"]) | changes
        return backend.state.put("server", server) | {"disks": [disk["id"] for disk in disks]}


def restorable(
    cbr: ApiServer, source: dict[str, Any], *, vault: Vault | None = None, **changes: Any
) -> Backup:
    """Put a finished backup of a server (or, without `disks`, of a disk) of the embedded cloud into the database.

    It lies in `vault`, or in one of its own. Its Cinder backups are made up: what is asked of the cloud is not carried out.
    """
    disks = source.get("disks", [])
    vault = vault or cbr.vault(object_type="server" if disks else "disk")
    size = source.get("size", len(disks))
    top = cbr.backup(vault, disks=len(disks), resource_id=source["id"], resource_size=size, **changes)
    with cbr.database.write() as conn:
        for row in backups.children(conn, top.project_id, [top.id])[top.id]:
            volume = disks[row.position]
            backups.update(
                conn, top.project_id, row.id, resource_id=volume, resource_size=1, updated_at=top.updated_at
            )
    return top


def restored(cbr: ApiServer, server: dict[str, Any], account: str = "demo") -> OperationLog:
    """Put a restore of a server that has ended well into the database, and its way back into the cloud too."""
    now, project, log_id = cbr.clock.now(), cbr.project(account), new_id(cbr.clock.now())
    until = now + timedelta(days=1)
    disks = tuple(DiskToRestore(backup_id=new_id(now), volume_id=one, size_gb=1) for one in server["disks"])
    parameters = with_request(RestoreRequest(server_id=server["id"], power_on=True, disks=disks))
    for disk in disks:
        parameters = with_stage(parameters, disk.volume_id, RESTORED)
        made = cbr.adapter.project(project).create_snapshot(disk.volume_id, f"way back {disk.volume_id}")
        entry = Entry(
            id=new_id(now),
            project_id=project,
            operation_log_id=log_id,
            kind="snapshot",
            key=disk.volume_id,
            name=made.name,
            volume_id=disk.volume_id,
            state="made",
            upstream_id=made.id,
            created_at=now,
            updated_at=now,
            kept_until=until,
        )
        with cbr.database.write() as conn:
            ledger.plan(conn, entry)
    cbr.cloud.settle()
    return cbr.log(
        account,
        id=log_id,
        operation_type="restore",
        status="success",
        resource_id=server["id"],
        resource_type="OS::Nova::Server",
        parameters=parameters,
        details={WAY_BACK: {KEPT_UNTIL: wire_time(until)}},
        started_at=now,
        ended_at=now,
    )


def children_of(cbr: ApiServer, backup: Backup, account: str = "demo") -> dict[str, str]:
    """The backups of a server's disks by their volumes, the boot disk first."""
    shown = cbr.call("GET", f"backups/{backup.id}", account=account).json()["backup"]
    return {child["resource_id"]: child["id"] for child in shown["children"]}


def vault_body(*resources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The smallest request for a vault, with changes."""
    billing = {
        "object_type": "server",
        "protect_type": "backup",
        "consistent_level": "crash_consistent",
        "size": 100,
    }
    billing |= changes.pop("billing", {})
    return {"vault": {"name": "vault-1", "billing": billing, "resources": list(resources), **changes}}


def server_ref(server: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": server["id"], "type": "OS::Nova::Server", **more}


def disk_ref(disk: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": disk["id"], "type": "OS::Cinder::Volume", **more}


def new_vault(
    cbr: ApiServer, *resources: dict[str, Any], account: str = "demo", **changes: Any
) -> dict[str, Any]:
    """Create a vault over HTTP and return it as answered."""
    answer = cbr.call("POST", "vaults", vault_body(*resources, **changes), account=account)
    assert answer.status_code == 200, answer.text
    return answer.json()["vault"]


def new_disk_vault(cbr: ApiServer, *disks: dict[str, Any]) -> dict[str, Any]:
    return new_vault(cbr, *(disk_ref(d) for d in disks), billing={"object_type": "disk"})


def refused(answer: Any, status: int, code: str, *words: str) -> None:
    """Check that an answer is this error, in the one shape, with a sentence that has these words."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error_code"] == f"BackupService.{code}", body
    assert body.keys() == {"error_code", "error_msg", "message"}
    assert body["error_msg"].endswith(".")
    for word in words:
        assert word in body["error_msg"], body


def masked_place(
    cbr: ApiServer, backup: Backup, kind: str = "secrets", document: str = "server"
) -> tuple[str, int]:
    """Tell document and offset of the first masked value of a class in a document of the backup's record."""
    report = cbr.call("GET", f"backups/{backup.id}/record/report").json()["report"]
    (page,) = [one for one in report["documents"] if one["name"] == document]
    return document, next(place["offset"] for place in page["places"] if place["class"] == kind)
