"""Chapter Vault over HTTP: make, show, list, change, delete."""

import logging

from opencbr.model.lists import OperationLogFilter, Page
from opencbr.store import backups, operation_logs, resources, vaults

from .api_server import ApiServer
from .protected_cloud import (
    disk_ref,
    new_disk,
    new_disk_vault,
    new_server,
    new_vault,
    refused,
    server_ref,
    vault_body,
)

NOWHERE = "5a1b2c3d-0000-4000-8000-000000000000"
SERVER_PROVIDER = "0daac4c5-6707-4851-97ba-169e36266b66"
DISK_PROVIDER = "d1603440-187d-4516-af25-121250c7cc97"


def logs_of(cbr: ApiServer, vault_id: str):
    with cbr.database.read() as conn:
        wanted = OperationLogFilter(vault_ids=(vault_id,))
        return operation_logs.list(conn, cbr.project(), wanted, Page(limit=100)).items


def test_a_new_vault_is_whole_at_once_and_shown_the_same(cbr: ApiServer):
    created = new_vault(cbr)
    assert created["name"] == "vault-1"
    assert created["project_id"] == cbr.project()
    assert created["provider_id"] == SERVER_PROVIDER
    assert created["billing"] == {
        "allocated": 0,
        "used": 0,
        "size": 100,
        "cloud_type": "public",
        "charging_mode": "post_paid",
        "consistent_level": "crash_consistent",
        "object_type": "server",
        "protect_type": "backup",
        "spec_code": "vault.backup.server.normal",
        "status": "available",
        "is_multi_az": False,
        "storage_unit": None,
        "order_id": None,
        "product_id": None,
        "frozen_scene": None,
    }
    for name, value in {
        "description": None,
        "resources": [],
        "tags": [],
        "enterprise_project_id": "0",
        "auto_bind": False,
        "bind_rules": {},
        "auto_expand": False,
        "threshold": 80,
        "smn_notify": True,
        "locked": False,
        "backup_name_prefix": None,
        "demand_billing": False,
        "frozen": False,
        "cbc_delete_count": 0,
        "sys_lock_source_service": None,
        "availability_zone": None,
    }.items():
        assert created[name] == value, name
    assert created["user_id"]
    assert "+" not in created["created_at"]
    assert len(created["created_at"]) == 26
    assert cbr.call("GET", f"vaults/{created['id']}").json() == {"vault": created}


def test_all_that_a_client_sets_is_kept(cbr: ApiServer):
    wanted = {
        "name": "文档-1_x",
        "description": "for the shop",
        "tags": [{"key": "team", "value": "db"}, {"key": "empty", "value": None}],
        "enterprise_project_id": "0",
        "auto_bind": True,
        "bind_rules": {"tags": [{"key": "backup", "value": "yes"}]},
        "auto_expand": True,
        "threshold": 70,
        "smn_notify": False,
        "backup_name_prefix": "nightly",
        "availability_zone": "az-1",
        "billing": {"size": 10, "is_multi_az": True, "consistent_level": "app_consistent", "period_num": 3},
        "unknown_member": {"is": "ignored"},
    }
    created = new_vault(cbr, **wanted)
    assert created["name"] == "文档-1_x"
    assert created["tags"] == [{"key": "team", "value": "db"}, {"key": "empty", "value": ""}]
    assert created["bind_rules"] == wanted["bind_rules"]
    assert created["billing"]["size"] == 10
    assert created["billing"]["is_multi_az"] is True
    assert created["billing"]["consistent_level"] == "app_consistent"
    for name in ("description", "auto_bind", "auto_expand", "threshold", "smn_notify", "backup_name_prefix"):
        assert created[name] == wanted[name], name


def test_empty_forms_that_clients_send_are_normal(cbr: ApiServer):
    created = new_vault(
        cbr,
        bind_rules={"tags": []},
        tags=[],
        description=None,
        backup_policy_id=None,
        billing={"is_auto_renew": False, "is_auto_pay": False, "charging_mode": "post_paid"},
    )
    assert created["bind_rules"] == {}
    assert created["tags"] == []


def test_what_is_not_offered_is_refused_with_its_own_code(cbr: ApiServer):
    def create(**billing):
        return cbr.call("POST", "vaults", vault_body(billing=billing))

    refused(create(object_type="turbo"), 400, "6116", "server or disk")
    refused(create(protect_type="replication"), 400, "6128")
    refused(create(charging_mode="pre_paid"), 400, "9900", "post_paid")
    refused(cbr.call("POST", "vaults", vault_body(backup_policy_id=NOWHERE)), 404, "6000")


def test_a_vault_is_not_made_with_what_cannot_be_bound(cbr: ApiServer):
    of_disks = {"object_type": "disk"}
    server, disk, busy = new_server(cbr), new_disk(cbr), new_disk(cbr, status="error")
    for code, status, body in (
        ("6104", 400, vault_body(server_ref(server), server_ref(server))),
        ("7000", 404, vault_body(disk_ref({"id": NOWHERE}), billing=of_disks)),
        ("7003", 400, vault_body(disk_ref(busy), billing=of_disks)),
    ):
        refused(cbr.call("POST", "vaults", body), status, code)
    assert new_vault(cbr, server_ref(server))["resources"]
    through_server = vault_body(disk_ref({"id": server["disks"][0]}), billing=of_disks)
    refused(cbr.call("POST", "vaults", through_server), 400, "6137")
    assert new_disk_vault(cbr, disk)["resources"], "a refused request has bound nothing"


def test_bad_fields_are_named(cbr: ApiServer):
    cases = [
        ({"name": "with space"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "café"}, "name"),
        ({"name": 7}, "name"),
        ({"description": "<b>"}, "description"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"locked": "yes"}, "locked"),
        ({"tags": [{"key": "a", "value": "1"}, {"key": " a ", "value": "2"}]}, "tags"),
        ({"tags": [{"key": str(n), "value": ""} for n in range(21)]}, "tags"),
        ({"billing": {"size": 9}}, "size"),
        ({"billing": {"size": 10485761}}, "size"),
        ({"billing": {"size": "100"}}, "size"),
        ({"billing": {"object_type": "toaster"}}, "object_type"),
        ({"resources": None}, "resources"),
        ({"resources": [{"id": NOWHERE}]}, "type"),
    ]
    for change, word in cases:
        refused(cbr.call("POST", "vaults", vault_body(**change)), 400, "9900", word)


def test_a_vault_of_another_project_does_not_exist(cbr: ApiServer):
    vault = new_vault(cbr)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"vault": {"name": "mine"}}),
        ("DELETE", "", None),
        ("POST", "/addresources", {"resources": [{"id": NOWHERE, "type": "OS::Nova::Server"}]}),
        ("POST", "/removeresources", {"resource_ids": [NOWHERE]}),
    ):
        for vault_id in (vault["id"], NOWHERE, "no-uuid", vault["id"].upper()):
            account = "other" if vault_id == vault["id"] else "demo"
            refused(cbr.call(method, f"vaults/{vault_id}{path}", body, account=account), 404, "6105")
    listed = cbr.call("GET", f"vaults?id={vault['id']}", account="other").json()
    assert listed["vaults"] == []
    assert listed["count"] == 0
    assert cbr.call("GET", f"vaults/{vault['id']}").json()["vault"] == vault


def test_lists_filter_page_and_count(cbr: ApiServer):
    """Vaults of which nobody said so are public, as Terraform asks for them (trap T16)."""
    server, disk = new_server(cbr), new_disk(cbr)
    first = new_vault(cbr, server_ref(server), name="list-a")
    second = new_disk_vault(cbr, disk)
    third = new_vault(cbr, name="list-a")
    mine = f"id={first['id']}&id={second['id']}&id={third['id']}"

    def found(query: str) -> list[str]:
        answer = cbr.call("GET", f"vaults?{query}")
        assert answer.status_code == 200, answer.text
        return [vault["id"] for vault in answer.json()["vaults"]]

    assert found(mine) == [third["id"], second["id"], first["id"]]
    assert found(f"{mine}&name=list-a") == [third["id"], first["id"]]
    assert found(f"{mine}&name=list") == []
    assert found(f"{mine}&object_type=disk") == [second["id"]]
    assert found(f"{mine}&cloud_type=public&protect_type=backup&status=available") == found(mine)
    assert found(f"{mine}&cloud_type=hybrid") == []
    assert found(f"resource_ids={server['id']},{disk['id']}") == [second["id"], first["id"]]
    assert found(f"{mine}&enterprise_project_id=all_granted_eps") == found(mine)
    assert found(f"{mine}&enterprise_project_id={NOWHERE}") == []
    assert found(f"{mine}&policy_id={NOWHERE}") == []
    assert found(f"{mine}&sort=created_at:asc") == found(mine)[::-1]
    assert found(f"{mine}&limit=1&offset=1") == [second["id"]]
    assert found(f"{mine}&limit=1&marker={third['id']}") == [second["id"]]
    past = cbr.call("GET", f"vaults?{mine}&offset=50&limit=7").json()
    assert past == {"vaults": [], "count": 3, "limit": 7, "offset": 50}
    shown = cbr.call("GET", f"vaults?id={first['id']}").json()["vaults"][0]
    assert shown == cbr.call("GET", f"vaults/{first['id']}").json()["vault"]
    refused(cbr.call("GET", f"vaults?marker={NOWHERE}"), 400, "9900", "marker")
    for query in ("limit=0", "limit=1001", "limit=x", "offset=-1", "sort=colour", "sort=name:up"):
        refused(cbr.call("GET", f"vaults?{query}"), 400, "9900", query.split("=")[0])


def test_a_vault_changes_only_where_asked(cbr: ApiServer):
    vault = new_vault(cbr, description="stays")
    answer = cbr.call(
        "PUT",
        f"vaults/{vault['id']}",
        {"vault": {"name": "renamed", "billing": {"size": 200}, "threshold": 90, "smn_notify": None}},
    )
    assert answer.status_code == 200
    changed = answer.json()["vault"]
    expected = vault | {"name": "renamed", "threshold": 90, "updated_at": changed["updated_at"]}
    expected["billing"] = vault["billing"] | {"size": 200}
    assert changed == expected
    assert cbr.call("GET", f"vaults/{vault['id']}").json()["vault"] == changed
    assert cbr.call("PUT", f"vaults/{vault['id']}", {"vault": {}}).json()["vault"] == changed
    rules = {"tags": [{"key": "k", "value": "v"}]}
    for sent, kept in ((rules, rules), ({"tags": []}, {})):
        answer = cbr.call("PUT", f"vaults/{vault['id']}", {"vault": {"bind_rules": sent}})
        assert answer.json()["vault"]["bind_rules"] == kept


def test_a_vault_never_gets_smaller_than_what_it_holds(cbr: ApiServer):
    vault = cbr.vault(size_gb=100)
    backup = cbr.backup(vault, disks=1)
    with cbr.database.write() as conn:
        child = backups.children(conn, vault.project_id, [backup.id])[backup.id][0]
        backups.update(conn, vault.project_id, child.id, stored_mb=20 * 1024 + 1)

    def resize(size: int):
        return cbr.call("PUT", f"vaults/{vault.id}", {"vault": {"billing": {"size": size}}})

    refused(resize(20), 400, "6101", "21 GiB")
    assert resize(21).json()["vault"]["billing"]["used"] == 20 * 1024 + 1


def test_locking_is_one_way(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))

    def lock(value: bool):
        return cbr.call("PUT", f"vaults/{vault['id']}", {"vault": {"locked": value}})

    assert lock(False).json()["vault"]["locked"] is False
    assert lock(True).json()["vault"]["locked"] is True
    refused(lock(False), 400, "6110", "locked")
    answer = cbr.call("POST", f"vaults/{vault['id']}/removeresources", {"resource_ids": [server["id"]]})
    refused(answer, 400, "6110", "locked")


def test_the_summary_is_bare_and_counts_the_project_alone(cbr: ApiServer):
    before = cbr.call("GET", "vaults/summary").json()
    assert before.keys() == {"size", "used_size"}
    others = cbr.call("GET", "vaults/summary", account="other").json()
    vault = cbr.vault(size_gb=70)
    backup = cbr.backup(vault, disks=1)
    with cbr.database.write() as conn:
        child = backups.children(conn, vault.project_id, [backup.id])[backup.id][0]
        backups.update(conn, vault.project_id, child.id, stored_mb=5 * 1024)
    after = cbr.call("GET", "vaults/summary").json()
    assert after["size"] == before["size"] + 70
    assert before["used_size"] + 4 <= after["used_size"] <= before["used_size"] + 6
    assert cbr.call("GET", "vaults/summary", account="other").json() == others


def test_deleting_a_vault_is_an_operation_that_a_worker_finds(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    answer = cbr.call("DELETE", f"vaults/{vault['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["billing"]["status"] == "deleting"
    (log,) = logs_of(cbr, vault["id"])
    assert (log.operation_type, log.status, log.vault_name) == ("vault_delete", "waiting", "vault-1")
    assert log.request_id.startswith("req-")
    counters = {"fail_count": 0, "total_count": 0, "fail_delete_count": 0, "total_delete_count": 0}
    assert log.details == counters
    with cbr.database.read() as conn:
        assert log.id in {waiting.id for waiting in operation_logs.waiting(conn, 1000)}
    refused(cbr.call("DELETE", f"vaults/{vault['id']}"), 400, "6112", "deleting")
    refused(cbr.call("PUT", f"vaults/{vault['id']}", {"vault": {"name": "x"}}), 400, "6110")
    more = {"resources": [server_ref(new_server(cbr))]}
    refused(cbr.call("POST", f"vaults/{vault['id']}/addresources", more), 400, "6108")
    refused(cbr.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault["id"]}}), 400, "6113")
    assert len(logs_of(cbr, vault["id"])) == 1


def test_a_vault_at_work_is_not_deleted(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    for status, code in (("protecting", "6125"), ("restoring", "6125"), ("removing", "6134")):
        with cbr.database.write() as conn:
            resources.set_status(conn, cbr.project(), server["id"], status)
        refused(cbr.call("DELETE", f"vaults/{vault['id']}"), 400, code, server["id"])
    assert logs_of(cbr, vault["id"]) == []


def test_a_vault_whose_deletion_failed_can_be_deleted_again(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    cbr.call("DELETE", f"vaults/{vault['id']}")
    with cbr.database.write() as conn:
        vaults.update(conn, cbr.project(), vault["id"], status="error")
    assert cbr.call("DELETE", f"vaults/{vault['id']}").status_code == 204


def test_a_disk_vault_takes_disks(cbr: ApiServer):
    disk = new_disk(cbr, size=2)
    vault = new_disk_vault(cbr, disk)
    assert vault["provider_id"] == DISK_PROVIDER
    assert vault["billing"]["spec_code"] == "vault.backup.volume.normal"
    assert vault["billing"]["allocated"] == 2
    (bound,) = vault["resources"]
    assert bound["extra_info"] == {}
    assert bound["size"] == 2
    assert bound["type"] == disk_ref(disk)["type"]


def test_every_change_leaves_an_audit_line_and_reading_none(cbr: ApiServer, caplog):
    with caplog.at_level(logging.INFO, "opencbr.audit"):
        made = cbr.call("POST", "vaults", vault_body())
        vault_id = made.json()["vault"]["id"]
        cbr.call("GET", f"vaults/{vault_id}")
        refused = cbr.call("PUT", f"vaults/{vault_id}", {"vault": {"name": "<"}})
        gone = cbr.call("DELETE", f"vaults/{vault_id}")
    assert (made.status_code, refused.status_code, gone.status_code) == (200, 400, 204)
    lines = [one.getMessage() for one in caplog.records if one.name == "opencbr.audit"]
    who = f"in project {cbr.project()}, request {made.headers['X-Request-Id']}"
    assert lines[0].startswith(f"changed: CreateVault id={vault_id} by user ")
    assert lines[0].endswith(who)
    assert [line.split()[1] for line in lines] == ["CreateVault", "DeleteVault"]
    assert f"vault_id={vault_id}" in lines[1]
