"""The way back of a restore over HTTP: what is known of it, and that it is gone once."""

import pytest
import requests

from opencbr.store import ledger

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, refused, restorable, restored, server_ref

JOB = "restores/{}/{}"


def way_back(cbr: ApiServer, restore_id: str) -> requests.Response:
    return cbr.call("GET", JOB.format(restore_id, "way-back"))


def undo(cbr: ApiServer, restore_id: str) -> requests.Response:
    return cbr.call("POST", JOB.format(restore_id, "undo"))


def test_a_way_back_names_each_disk_and_what_may_have_been_written_since(cbr: ApiServer):
    server = new_server(cbr, sizes=(1, 1))
    restore = restored(cbr, server)
    answer = way_back(cbr, restore.id)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["way_back"]
    assert (shown["restore_job_id"], shown["status"], shown["undo_job_id"]) == (restore.id, "kept", None)
    assert shown["kept_until"] == restore.details["way_back"]["kept_until"]
    assert {one["volume_id"] for one in shown["disks"]} == {*server["disks"]}
    for disk in shown["disks"]:
        assert (disk["size"], disk["may_have_been_written"], disk["problem"]) == (1, True, None)
        assert "ACTIVE" in disk["known"]


def confirm(cbr: ApiServer, restore_id: str) -> requests.Response:
    return cbr.call("POST", JOB.format(restore_id, "confirm"))


def test_an_undoing_is_written_down_and_the_server_is_busy(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    restore = restored(cbr, server)
    answer = undo(cbr, restore.id)
    assert answer.status_code == 202, answer.text
    job = answer.json()["job_id"]
    log = cbr.call("GET", f"operation-logs/{job}").json()["operation_log"]
    assert (log["operation_type"], log["status"]) == ("restore_undo", "waiting")
    assert log["extra_info"]["restore"]["restore_job_id"] == restore.id
    (bound,) = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"]
    assert bound["protect_status"] == "restoring"
    shown = way_back(cbr, restore.id).json()["way_back"]
    assert (shown["status"], shown["undo_job_id"], shown["disks"]) == ("undoing", job, [])
    of_restore = cbr.call("GET", f"operation-logs/{restore.id}").json()["operation_log"]["extra_info"]
    assert of_restore["restore"]["way_back"]["undo_job_id"] == job
    refused(undo(cbr, restore.id), 400, "2010", job)
    refused(cbr.call("POST", f"backups/{restorable(cbr, server).id}/restore", {"restore": {}}), 400, "2010")
    with cbr.database.read() as conn:
        assert {(one.key, one.kept_until) for one in ledger.of_log(conn, job)} == {(server["disks"][0], None)}


def test_a_restore_that_is_confirmed_has_no_way_back_and_no_snapshots(cbr: ApiServer):
    server = new_server(cbr, sizes=(1, 1))
    restore = restored(cbr, server)
    assert confirm(cbr, restore.id).status_code == 204
    cbr.cloud.settle()
    with cbr.cloud.backend.state.change():
        left = [cbr.cloud.backend.state.all("snapshot", volume_id=one) for one in server["disks"]]
    assert left == [[], []]
    shown = way_back(cbr, restore.id).json()["way_back"]
    assert (shown["status"], shown["kept_until"], shown["disks"]) == ("confirmed", None, [])
    for again in (confirm, undo):
        refused(again(cbr, restore.id), 404, "7202", "was confirmed")
    with cbr.database.read() as conn:
        assert {one.state for one in ledger.of_log(conn, restore.id)} == {"left"}, (
            "the janitor strikes them out"
        )


def test_snapshots_that_cinder_does_not_delete_at_once_are_left_to_the_janitor(cbr: ApiServer):
    restore = restored(cbr, new_server(cbr))
    with cbr.database.read() as conn:
        (entry,) = ledger.of_log(conn, restore.id)
    path = f"/snapshots/{entry.upstream_id}$"
    fault = cbr.cloud.faults.inject(service="volume", method="DELETE", path=path, status=403, times=0)
    assert confirm(cbr, restore.id).status_code == 204
    assert fault.hits
    with cbr.database.read() as conn:
        assert entry.id in {one.id for one in ledger.left(conn)}


def test_a_restore_that_is_being_undone_is_not_confirmed(cbr: ApiServer):
    restore = restored(cbr, new_server(cbr))
    job = undo(cbr, restore.id).json()["job_id"]
    refused(confirm(cbr, restore.id), 400, "2010", job)


def test_a_server_that_is_being_restored_is_not_taken_back(cbr: ApiServer):
    server = new_server(cbr)
    restore = restored(cbr, server)
    assert (
        cbr.call("POST", f"backups/{restorable(cbr, server).id}/restore", {"restore": {}}).status_code == 202
    )
    refused(undo(cbr, restore.id), 400, "2010", "restored already")
    assert way_back(cbr, restore.id).json()["way_back"]["status"] == "kept"


def test_what_cinder_would_refuse_is_told_with_the_code_of_the_refusal(cbr: ApiServer):
    server = new_server(cbr)
    restore = restored(cbr, server)
    with cbr.cloud.backend.state.change():
        doc = cbr.cloud.backend.state.get("volume", server["disks"][0])
        cbr.cloud.backend.state.put("volume", doc | {"size": 3})
    (disk,) = way_back(cbr, restore.id).json()["way_back"]["disks"]
    assert disk["problem"]["code"] == "BackupService.2011"
    refused(undo(cbr, restore.id), 400, "2011", "from 1 to 3 GiB")


@pytest.mark.parametrize("kind", ["backup", "restore_new_server"])
def test_another_operation_has_no_way_back(cbr: ApiServer, kind: str):
    log = cbr.log(operation_type=kind)
    refused(way_back(cbr, log.id), 404, "6500")
    refused(undo(cbr, log.id), 404, "6500")
