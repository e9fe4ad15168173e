"""Chapter Checkpoint over HTTP: what is requested at once, what is skipped, what is refused."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from opencbr.model.lists import OperationLogFilter, Page
from opencbr.store import backups, checkpoints, operation_logs, resources, vaults

from .api_server import ApiServer
from .protected_cloud import new_disk, new_disk_vault, new_server, new_vault, refused, server_ref

NOWHERE = "5a1b2c3d-0000-4000-8000-000000000000"


def request(cbr: ApiServer, vault, account: str = "demo", **parameters):
    body = {"checkpoint": {"vault_id": vault["id"], "parameters": parameters}}
    return cbr.call("POST", "checkpoints", body, account=account)


def requested(cbr: ApiServer, vault, **parameters) -> dict:
    answer = request(cbr, vault, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["checkpoint"]


def logs_of(cbr: ApiServer, checkpoint):
    with cbr.database.read() as conn:
        page = operation_logs.list(conn, cbr.project(), OperationLogFilter(), Page(limit=1000))
    return [log for log in page.items if log.checkpoint_id == checkpoint["id"]]


def backups_of(cbr: ApiServer, checkpoint) -> list[dict]:
    return cbr.call("GET", f"backups?checkpoint_id={checkpoint['id']}").json()["backups"]


def test_a_checkpoint_is_whole_in_its_answer_and_in_the_first_poll(cbr: ApiServer):
    """Its resources stand there from the first poll, their sizes as strings (traps T4 and T5)."""
    one, two = new_server(cbr, sizes=(1, 2)), new_server(cbr)
    vault = new_vault(cbr, server_ref(one), server_ref(two))
    checkpoint = requested(cbr, vault)
    assert checkpoint["status"] == "protecting"
    assert checkpoint["project_id"] == cbr.project()
    assert len(checkpoint["created_at"]) == 26
    shown = checkpoint["vault"]
    assert (shown["id"], shown["name"], shown["provider_id"]) == (
        vault["id"],
        "vault-1",
        vault["provider_id"],
    )
    assert shown["skipped_resources"] == []
    by_id = {r["id"]: r for r in shown["resources"]}
    assert by_id.keys() == {one["id"], two["id"]}
    assert by_id[one["id"]] == {
        "id": one["id"],
        "type": "OS::Nova::Server",
        "name": one["name"],
        "protect_status": "protecting",
        "resource_size": "3",
        "backup_size": "0",
        "backup_count": "1",
        "extra_info": None,
    }
    name = checkpoint["extra_info"]["name"]
    assert re.fullmatch(r"manualbk_[0-9a-f]{4}", name)
    assert checkpoint["extra_info"] == {"name": name, "description": None, "retention_duration": -1}
    assert cbr.call("GET", f"checkpoints/{checkpoint['id']}").json() == {"checkpoint": checkpoint}
    found = backups_of(cbr, checkpoint)
    assert {b["resource_id"] for b in found} == by_id.keys()
    for backup in found:
        assert backup["status"] == "waiting_protect"
        assert backup["name"] == name
        assert backup["vault_id"] == vault["id"]
        assert backup["provider_id"] == vault["provider_id"]
        assert backup["incremental"] is True
        assert backup["expired_at"] is None
        assert backup["extend_info"]["supported_restore_mode"] == "backup"
    statuses = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"]
    assert {r["protect_status"] for r in statuses} == {"protecting"}


def test_each_backup_has_its_operation_log(cbr: ApiServer):
    one, two = new_server(cbr), new_server(cbr)
    checkpoint = requested(cbr, new_vault(cbr, server_ref(one), server_ref(two)))
    logs = logs_of(cbr, checkpoint)
    assert {log.resource_id for log in logs} == {one["id"], two["id"]}
    assert {log.backup_id for log in logs} == {b["id"] for b in backups_of(cbr, checkpoint)}
    for log in logs:
        assert (log.operation_type, log.status, log.progress) == ("backup", "waiting", 0)
        assert log.request_id.startswith("req-")
        shown = cbr.call("GET", f"operation-logs/{log.id}").json()["operation_log"]
        assert shown["extra_info"]["backup"]["backup_id"] == log.backup_id
        assert shown["vault_id"] == checkpoint["vault"]["id"]
    with cbr.database.read() as conn:
        assert {log.id for log in logs} <= {w.id for w in operation_logs.waiting(conn, 1000)}


def test_what_a_client_asks_for_is_kept(cbr: ApiServer):
    """`incremental` tells what was asked for, as the filter does (trap T15)."""
    server = new_server(cbr)
    checkpoint = requested(
        cbr,
        new_vault(cbr, server_ref(server)),
        name="before_upgrade",
        description="the big one",
        incremental=False,
        auto_trigger=True,
        retention_duration_days=-1,
    )
    assert checkpoint["extra_info"] == {
        "name": "before_upgrade",
        "description": "the big one",
        "retention_duration": -1,
    }
    (backup,) = backups_of(cbr, checkpoint)
    assert (backup["name"], backup["description"]) == ("before_upgrade", "the big one")
    assert backup["incremental"] is False
    only = [f"backups?checkpoint_id={checkpoint['id']}&incremental={wanted}" for wanted in ("true", "false")]
    assert [len(cbr.call("GET", path).json()["backups"]) for path in only] == [0, 1]
    assert backup["extend_info"]["auto_trigger"] is True
    assert backup["expired_at"] is None


def test_an_automatic_backup_takes_the_prefix_of_its_vault(cbr: ApiServer):
    server, other = new_server(cbr), new_server(cbr)
    named = new_vault(cbr, server_ref(server), backup_name_prefix="nightly")
    automatic = requested(cbr, named, auto_trigger=True)["extra_info"]["name"]
    assert re.fullmatch(r"nightly_autobk_[0-9a-f]{4}", automatic)
    plain = requested(cbr, new_vault(cbr, server_ref(other)), auto_trigger=True)["extra_info"]["name"]
    assert re.fullmatch(r"autobk_[0-9a-f]{4}", plain)


def test_a_disk_is_backed_up_as_itself(cbr: ApiServer):
    disk = new_disk(cbr, size=2)
    checkpoint = requested(cbr, new_disk_vault(cbr, disk))
    (backup,) = backups_of(cbr, checkpoint)
    assert (backup["resource_type"], backup["resource_size"]) == ("OS::Cinder::Volume", 2)
    assert backup["parent_id"] is None
    assert backup["extend_info"]["encrypted"] is False


def test_a_part_of_the_vault_can_be_asked_for(cbr: ApiServer):
    one, two, three = (new_server(cbr, sizes=(1, 2)) for _ in range(3))
    vault = new_vault(cbr, *map(server_ref, (one, two, three)))
    checkpoint = requested(cbr, vault, resources=[one["id"]])
    assert [r["id"] for r in checkpoint["vault"]["resources"]] == [one["id"]]
    narrowed = server_ref(two, extra_info={"exclude_volumes": two["disks"][1:]})
    checkpoint = requested(cbr, vault, resources=[three["id"]], resource_details=[narrowed])
    sizes = {r["id"]: r["resource_size"] for r in checkpoint["vault"]["resources"]}
    assert sizes == {two["id"]: "1", three["id"]: "3"}
    with cbr.database.read() as conn:
        stored = checkpoints.get(conn, cbr.project(), checkpoint["id"])
    kept = {r["id"]: r["exclude_volumes"] for r in stored.resources}
    assert kept == {two["id"]: two["disks"][1:], three["id"]: []}


def test_a_wrong_part_is_refused(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    for wrong in (NOWHERE, new_server(cbr)["id"], "no-uuid"):
        refused(request(cbr, vault, resources=[server["id"], wrong]), 400, "6135", wrong)
    refused(request(cbr, vault, resources=[server["id"]] * 2), 400, "6104")
    unknown = server_ref(server, extra_info={"exclude_volumes": [NOWHERE]})
    refused(request(cbr, vault, resource_details=[unknown]), 400, "7201", NOWHERE)
    disk_like = {"id": server["id"], "type": "OS::Cinder::Volume"}
    refused(request(cbr, vault, resource_details=[disk_like]), 400, "6102")
    assert (
        cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"][0]["protect_status"]
        == "available"
    )


def test_what_cannot_be_backed_up_now_is_skipped(cbr: ApiServer):
    good, broken, busy = (new_server(cbr) for _ in range(3))
    vault = new_vault(cbr, *map(server_ref, (good, broken, busy)))
    requested(cbr, vault, resources=[busy["id"]])
    backend = cbr.cloud.backend
    with backend.state.change():
        backend.state.put("server", backend.state.get("server", broken["id"]) | {"status": "ERROR"})
    checkpoint = requested(cbr, vault)
    assert [r["id"] for r in checkpoint["vault"]["resources"]] == [good["id"]]
    skipped = {s["id"]: s for s in checkpoint["vault"]["skipped_resources"]}
    assert {one: s["code"] for one, s in skipped.items()} == {
        broken["id"]: "BackupService.7101",
        busy["id"]: "BackupService.6125",
    }
    assert all(s["reason"] and s["name"] and s["type"] for s in skipped.values())
    assert cbr.call("GET", f"checkpoints/{checkpoint['id']}").json()["checkpoint"] == checkpoint


def test_nothing_to_back_up_is_an_error_that_says_why(cbr: ApiServer):
    refused(request(cbr, new_vault(cbr)), 400, "0001", "addresources")
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    backend = cbr.cloud.backend
    with backend.state.change():
        backend.state.drop("server", server["id"])
    refused(request(cbr, vault), 400, "0001", server["id"], "no such server")
    with cbr.database.read() as conn:
        assert operation_logs.unfinished_for(conn, cbr.project(), server["id"]) == []
    (bound,) = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"]
    assert (bound["protect_status"], bound["backup_count"]) == ("available", 0)


def test_a_second_backup_of_a_busy_resource_is_refused(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    requested(cbr, vault)
    refused(request(cbr, vault), 400, "1001")


def test_of_many_requests_at_once_one_is_taken(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: request(cbr, vault), range(5)))
    assert sorted(a.status_code for a in answers) == [200, 400, 400, 400, 400]
    with cbr.database.read() as conn:
        assert resources.usage(conn, cbr.project(), [server["id"]])[server["id"]].backup_count == 1


def fill(cbr: ApiServer, vault, megabytes: int) -> None:
    with cbr.database.read() as conn:
        stored = vaults.get(conn, cbr.project(), vault["id"])
    top = cbr.backup(stored, disks=1)
    with cbr.database.write() as conn:
        child = backups.children(conn, stored.project_id, [top.id])[top.id][0]
        backups.update(conn, stored.project_id, child.id, stored_mb=megabytes)


def test_a_full_vault_takes_no_backup_unless_it_expands(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server), billing={"size": 10})
    fill(cbr, vault, 10 * 1024)
    refused(request(cbr, vault), 400, "6114", "10240 MiB of 10 GiB")
    cbr.call("PUT", f"vaults/{vault['id']}", {"vault": {"auto_expand": True}})
    requested(cbr, vault)
    assert cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["billing"]["size"] == 13


def test_a_vault_not_available_takes_no_backup(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    with cbr.database.write() as conn:
        vaults.update(conn, cbr.project(), vault["id"], status="error")
    refused(request(cbr, vault), 400, "6113", "error")


def test_the_cloud_not_answering_does_not_refuse_a_backup(cbr: ApiServer):
    server = new_server(cbr, sizes=(2,))
    vault = new_vault(cbr, server_ref(server))
    rule = cbr.cloud.faults.inject(service="compute", method="GET", path="/servers/.*", status=503)
    try:
        checkpoint = requested(cbr, vault)
    finally:
        cbr.cloud.faults.clear()
    assert rule.hits == 1
    assert checkpoint["vault"]["resources"][0]["resource_size"] == "2"
    assert len(logs_of(cbr, checkpoint)) == 1


def test_another_project_sees_and_requests_nothing(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    refused(request(cbr, vault, account="other"), 404, "6105")
    checkpoint = requested(cbr, vault)
    refused(cbr.call("GET", f"checkpoints/{checkpoint['id']}", account="other"), 404, "6217")
    for one in (NOWHERE, "no-uuid"):
        refused(cbr.call("GET", f"checkpoints/{one}"), 404, "6217")
    refused(request(cbr, {"id": NOWHERE}), 404, "6105")


def test_status_follows_the_backups_and_ends_in_404(cbr: ApiServer):
    """When its last backup is gone it is not there, rather than deleted (trap T4)."""
    server = new_server(cbr)
    checkpoint = requested(cbr, new_vault(cbr, server_ref(server)))
    (backup,) = backups_of(cbr, checkpoint)
    seen = []
    for status in ("protecting", "available", "deleting"):
        with cbr.database.write() as conn:
            assert backups.move(conn, cbr.project(), backup["id"], to=status)
        seen.append(cbr.call("GET", f"checkpoints/{checkpoint['id']}").json()["checkpoint"]["status"])
    assert seen == ["protecting", "available", "deleting"]
    with cbr.database.write() as conn:
        backups.delete(conn, cbr.project(), backup["id"])
    refused(cbr.call("GET", f"checkpoints/{checkpoint['id']}"), 404, "6217")


def test_backups_expire_so_many_days_after_they_were_asked_for(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    checkpoint = request(cbr, vault, retention_duration_days=7).json()["checkpoint"]
    assert checkpoint["extra_info"]["retention_duration"] == 7
    (backup,) = cbr.call("GET", f"backups?checkpoint_id={checkpoint['id']}").json()["backups"]
    created = datetime.fromisoformat(backup["created_at"])
    assert datetime.fromisoformat(backup["expired_at"]) == created + timedelta(days=7)


def test_bad_fields_are_named(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    cases = [
        ({"name": "with space"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"description": "<script>"}, "description"),
        ({"incremental": "no"}, "incremental"),
        ({"resources": "all"}, "resources"),
        ({"resources": [7]}, "resources"),
        ({"resource_details": [{"id": NOWHERE}]}, "type"),
        ({"retention_duration_days": 0}, "retention_duration_days"),
        ({"retention_duration_days": 7, "auto_trigger": True}, "for backups that a person asks for"),
        ({"retention_duration_days": -2}, "retention_duration_days"),
        ({"retention_duration_days": 36501}, "retention_duration_days"),
    ]
    for parameters, word in cases:
        refused(request(cbr, vault, **parameters), 400, "9900", word)
    for body in ({}, {"checkpoint": {}}, {"checkpoint": {"vault_id": None}}, []):
        answer = cbr.call("POST", "checkpoints", body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.9900")
    bare = cbr.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault["id"], "parameters": None}})
    assert bare.status_code == 200
