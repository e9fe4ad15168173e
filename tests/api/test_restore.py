"""RestoreBackup over HTTP: what it writes down, what becomes busy, and what it refuses before anything is changed."""

from typing import Any

import pytest
import requests
from huaweicloudsdkcbr import v1

from opencbr.model.ids import new_id
from opencbr.store import operation_logs, resources, vaults

from .api_server import ApiServer
from .protected_cloud import (
    children_of,
    new_disk,
    new_disk_vault,
    new_server,
    new_vault,
    refused,
    restorable,
    server_ref,
)
from .test_sdk import client


def restore(cbr: ApiServer, backup: Any, **wanted: Any) -> requests.Response:
    return cbr.call("POST", f"backups/{backup.id}/restore", {"restore": wanted})


def log_of(cbr: ApiServer, answer: requests.Response) -> dict[str, Any]:
    assert (answer.status_code, answer.json().keys()) == (202, {"job_id"}), answer.text
    shown: dict[str, Any] = cbr.call("GET", f"operation-logs/{answer.json()['job_id']}").json()
    return shown["operation_log"]


def test_a_restore_is_written_down_and_its_backup_and_server_are_busy(cbr: ApiServer):
    """The answer is 202 with a job_id, whose operation log can be read at once (trap T3)."""
    server = new_server(cbr, sizes=(1, 1))
    vault = new_vault(cbr, server_ref(server))
    backup = restorable(cbr, server)
    log = log_of(cbr, restore(cbr, backup))
    assert (log["operation_type"], log["status"], log["vault_id"]) == ("restore", "waiting", backup.vault_id)
    assert log["extra_info"]["resource"]["id"] == server["id"]
    assert log["extra_info"]["restore"] == {
        "backup_id": backup.id,
        "backup_name": backup.name,
        "target_resource_id": server["id"],
        "target_resource_name": server["name"],
    }
    shown = cbr.call("GET", f"backups/{backup.id}").json()["backup"]
    assert {shown["status"], *(child["status"] for child in shown["children"])} == {"waiting_restore"}
    (bound,) = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"]
    assert bound["protect_status"] == "restoring"
    refused(restore(cbr, backup), 400, "2010")
    refused(restore(cbr, restorable(cbr, server)), 400, "2010", "restored already")
    refused(cbr.call("DELETE", f"backups/{backup.id}"), 400, "6216")
    asked = {"checkpoint": {"vault_id": vault["id"]}}
    refused(cbr.call("POST", "checkpoints", asked), 400, "0001", server["id"])


def test_a_server_that_is_bound_while_it_is_restored_is_not_backed_up_meanwhile(cbr: ApiServer):
    server = new_server(cbr)
    assert restore(cbr, restorable(cbr, server)).status_code == 202
    asked = {"checkpoint": {"vault_id": new_vault(cbr, server_ref(server))["id"]}}
    refused(cbr.call("POST", "checkpoints", asked), 400, "0001", "restored already")


@pytest.mark.parametrize(
    ("wanted", "power_on"),
    [({}, True), ({"power_on": None}, True), ({"power_on": False}, False), ({"mappings": []}, True)],
)
def test_the_server_is_started_unless_it_is_not_to_be(cbr: ApiServer, wanted: dict[str, Any], power_on: bool):
    backup = restorable(cbr, new_server(cbr))
    log_id = restore(cbr, backup, **wanted).json()["job_id"]
    with cbr.database.read() as conn:
        log = operation_logs.get(conn, backup.project_id, log_id)
    assert log is not None
    assert log.parameters["request"]["power_on"] is power_on


def test_mappings_choose_disks_and_where_they_go(cbr: ApiServer):
    server, other = new_server(cbr, sizes=(1, 1, 1)), new_server(cbr, sizes=(1, 2))
    backup = restorable(cbr, server)
    _, data, _ = children_of(cbr, backup).values()
    to = {"backup_id": data, "volume_id": other["disks"][1]}
    log = log_of(cbr, restore(cbr, backup, mappings=[to], server_id=other["id"]))
    assert log["extra_info"]["restore"]["target_resource_id"] == other["id"]
    with cbr.database.read() as conn:
        found = operation_logs.get(conn, backup.project_id, log["id"])
    assert found is not None
    assert found.parameters["request"]["disks"] == [{**to, "size_gb": 1}]


@pytest.mark.parametrize("member", ["volume_id", "resource_id", "mappings"])
def test_a_disk_goes_to_another_of_the_project(cbr: ApiServer, member: str):
    backup, other = restorable(cbr, new_disk(cbr)), new_disk(cbr)
    wanted: Any = (
        [{"backup_id": backup.id, "volume_id": other["id"]}] if member == "mappings" else other["id"]
    )
    log = log_of(cbr, restore(cbr, backup, **{member: wanted}))
    assert log["extra_info"]["restore"]["target_resource_id"] == other["id"]


SHAPES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a disk for a server": ({"volume_id": "{volume}"}, "9900", "volume_id"),
    "two servers": ({"server_id": "{server}", "resource_id": "{volume}"}, "9900", "resource_id"),
    "a backup twice": (
        {"mappings": [{"backup_id": "{disk}", "volume_id": v} for v in ("{volume}", "{other}")]},
        "6104",
        "twice",
    ),
    "a volume twice": (
        {"mappings": [{"backup_id": d, "volume_id": "{volume}"} for d in ("{disk}", "{data}")]},
        "6104",
        "twice",
    ),
    "the whole backup as a disk": (
        {"mappings": [{"backup_id": "{backup}", "volume_id": "{volume}"}]},
        "9900",
        "children",
    ),
    "a boot disk to a data disk": (
        {"mappings": [{"backup_id": "{disk}", "volume_id": "{other}"}]},
        "2013",
        "system",
    ),
    "a data disk to a boot disk": (
        {"mappings": [{"backup_id": "{data}", "volume_id": "{volume}"}]},
        "2013",
        "data",
    ),
    "no id": ({"mappings": [{"backup_id": "{data}", "volume_id": "../volumes"}]}, "7000", "no such disk"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_makes_no_sense_is_refused(cbr: ApiServer, shape: str):
    server = new_server(cbr, sizes=(1, 1))
    backup = restorable(cbr, server)
    (volume, disk), (other, data) = children_of(cbr, backup).items()
    names = {
        "server": server["id"],
        "backup": backup.id,
        "volume": volume,
        "disk": disk,
        "other": other,
        "data": data,
    }
    wanted, code, word = SHAPES[shape]
    answer = restore(cbr, backup, **filled(wanted, names))
    refused(answer, 404 if code == "7000" else 400, code, word)
    untouched(cbr, backup)


def filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    return [filled(item, names) for item in value] if isinstance(value, list) else value.format(**names)


def untouched(cbr: ApiServer, backup: Any) -> None:
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == "available"
    logs = cbr.call("GET", f"operation-logs?resource_id={backup.resource_id}").json()["operation_logs"]
    assert logs == []


def test_a_disk_backup_takes_no_server(cbr: ApiServer):
    backup = restorable(cbr, new_disk(cbr))
    refused(restore(cbr, backup, server_id=new_server(cbr)["id"]), 400, "9900", "server_id")
    two = {
        "volume_id": new_disk(cbr)["id"],
        "mappings": [{"backup_id": backup.id, "volume_id": new_disk(cbr)["id"]}],
    }
    refused(restore(cbr, backup, **two), 400, "9900", "mappings")
    untouched(cbr, backup)


def test_a_disk_that_is_gone_is_asked_for_by_name(cbr: ApiServer):
    backup = restorable(cbr, {"id": new_id(cbr.clock.now()), "size": 1})
    refused(restore(cbr, backup), 404, "7000", "volume_id")
    assert restore(cbr, backup, volume_id=new_disk(cbr)["id"]).status_code == 202


@pytest.mark.parametrize("of", ["server", "disk"])
def test_a_smaller_disk_is_refused_and_a_larger_one_taken(cbr: ApiServer, of: str):
    source = new_server(cbr, sizes=(1, 2)) if of == "server" else new_disk(cbr, size=2)
    backup = restorable(cbr, source)
    volume = source["disks"][1] if of == "server" else source["id"]
    state = cbr.cloud.backend.state
    if of == "disk":
        with state.change():
            state.put("volume", state.get("volume", volume) | {"size": 1})
        refused(restore(cbr, backup), 400, "2001", "1 GiB", "2 GiB")
    else:
        (root, _), (_, data) = children_of(cbr, backup).items()
        with state.change():
            state.put("volume", state.get("volume", root) | {"size": 0})
        refused(restore(cbr, backup), 400, "2001")
        to = [{"backup_id": data, "volume_id": volume}]
        assert restore(cbr, backup, mappings=to).status_code == 202, "it has grown since"


def test_a_disk_on_two_servers_is_refused(cbr: ApiServer):
    server, second = new_server(cbr, sizes=(1, 1)), new_server(cbr)
    backup = restorable(cbr, server)
    state = cbr.cloud.backend.state
    with state.change():
        held = state.find("attachment", volume_id=server["disks"][1])
        state.put("attachment", held | {"id": new_id(cbr.clock.now()), "server_id": second["id"]})
    refused(restore(cbr, backup), 400, "2011", "on 2 servers")


BUSY = {"protecting": "2002", "restoring": "2010", "removing": "6134"}


@pytest.mark.parametrize("status", BUSY)
def test_a_busy_server_is_refused(cbr: ApiServer, status: Any):
    server = new_server(cbr)
    new_vault(cbr, server_ref(server))
    with cbr.database.write() as conn:
        assert resources.set_status(conn, cbr.project(), server["id"], status)
    backup = restorable(cbr, server)
    refused(restore(cbr, backup), 400, BUSY[status])
    untouched(cbr, backup)


def test_a_busy_disk_is_refused(cbr: ApiServer):
    disk = new_disk(cbr)
    new_disk_vault(cbr, disk)
    with cbr.database.write() as conn:
        assert resources.set_status(conn, cbr.project(), disk["id"], "protecting")
    refused(restore(cbr, restorable(cbr, disk)), 400, "2002")


def test_the_vault_must_be_available(cbr: ApiServer):
    backup = restorable(cbr, new_server(cbr))
    with cbr.database.write() as conn:
        vaults.update(conn, cbr.project(), backup.vault_id, status="deleting", updated_at=cbr.clock.now())
    refused(restore(cbr, backup), 400, "6202", "deleting")


def test_the_sdk_asks_for_a_restore(cbr: ApiServer):
    server = new_server(cbr)
    backup = restorable(cbr, server)
    ((volume, disk),) = children_of(cbr, backup).items()
    wanted = v1.BackupRestore(
        mappings=[v1.BackupRestoreServerMapping(backup_id=disk, volume_id=volume)],
        server_id=server["id"],
        power_on=False,
    )
    request = v1.RestoreBackupRequest(backup_id=backup.id, body=v1.BackupRestoreReq(restore=wanted))
    assert client(cbr).restore_backup(request).status_code == 202
    logs = client(cbr).list_op_logs(v1.ListOpLogsRequest(resource_id=server["id"], operation_type="restore"))
    (log,) = logs.operation_logs
    assert log.extra_info.restore.target_resource_id == server["id"]
