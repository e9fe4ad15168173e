"""What is bound to a vault, over HTTP: which resources, with which disks, and how they leave."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from opencbr.model.lists import OperationLogFilter, Page
from opencbr.model.vault import SERVER, Resource
from opencbr.store import operation_logs, resources

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


def add(cbr: ApiServer, vault, *refs):
    return cbr.call("POST", f"vaults/{vault['id']}/addresources", {"resources": list(refs)})


def bound(cbr: ApiServer, vault) -> dict:
    shown = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]
    return {r["id"]: r for r in shown["resources"]}


def test_a_bound_server_shows_name_and_size_of_its_disks(cbr: ApiServer):
    server = new_server(cbr, sizes=(1, 2, 3))
    vault = new_vault(cbr, server_ref(server))
    (shown,) = vault["resources"]
    assert shown == {
        "id": server["id"],
        "type": SERVER,
        "name": server["name"],
        "protect_status": "available",
        "size": 6,
        "backup_size": 0,
        "backup_count": 0,
        "extra_info": {"exclude_volumes": []},
        "auto_protect": True,
        "bound_by_rules": False,
    }
    assert vault["billing"]["allocated"] == 6


def test_resources_are_added_later_with_a_name_of_the_clients(cbr: ApiServer):
    vault, first, second = new_vault(cbr), new_server(cbr), new_server(cbr)
    answer = add(cbr, vault, server_ref(first, name="shop database"), server_ref(second))
    assert answer.json() == {"add_resource_ids": [first["id"], second["id"]]}
    assert {r["name"] for r in bound(cbr, vault).values()} == {"shop database", second["name"]}


def test_binding_again_restates_the_disks(cbr: ApiServer):
    """Of a server that this vault has, and without 6103 (trap T12)."""
    server = new_server(cbr, sizes=(1, 2, 4))
    one, two, three = server["disks"]
    vault = new_vault(cbr, server_ref(server))

    def state(extra_info) -> tuple[dict, int]:
        answer = add(cbr, vault, server_ref(server, extra_info=extra_info))
        assert answer.json() == {"add_resource_ids": [server["id"]]}, answer.text
        shown = bound(cbr, vault)[server["id"]]
        return shown["extra_info"], shown["size"]

    assert state({"exclude_volumes": [two]}) == ({"exclude_volumes": [two]}, 5)
    assert state({"exclude_volumes": [two, three]}) == ({"exclude_volumes": [two, three]}, 1)
    only = {"exclude_volumes": [], "include_volumes": [{"id": three, "os_version": None}]}
    assert state({"include_volumes": [{"id": three, "os_version": "x"}]}) == (only, 4)
    assert state({"include_volumes": [three]}) == (only, 4)
    assert state(None) == ({"exclude_volumes": []}, 7)
    assert one


def test_a_selection_that_makes_no_sense_is_refused(cbr: ApiServer):
    server, stranger = new_server(cbr, sizes=(1, 1)), new_disk(cbr)
    vault = new_vault(cbr)

    def choose(**extra_info):
        return add(cbr, vault, server_ref(server, extra_info=extra_info))

    refused(choose(exclude_volumes=[stranger["id"]]), 400, "7201", stranger["id"])
    refused(choose(exclude_volumes=server["disks"]), 400, "7108", "exclude fewer")
    both = {"exclude_volumes": server["disks"][:1], "include_volumes": server["disks"][1:]}
    refused(choose(**both), 400, "9900", "one of them")
    disk_vault = new_disk_vault(cbr)
    answer = add(cbr, disk_vault, disk_ref(stranger, extra_info={"exclude_volumes": [stranger["id"]]}))
    refused(answer, 400, "9900", "for servers")
    assert bound(cbr, vault) == {}


def test_what_does_not_exist_for_this_project_cannot_be_bound(cbr: ApiServer):
    vault, disk_vault = new_vault(cbr), new_disk_vault(cbr)
    for one in (NOWHERE, "no-uuid", "..", "x" * 64, new_server(cbr, "other")["id"]):
        refused(add(cbr, vault, {"id": one, "type": SERVER}), 404, "7100")
    for one in (NOWHERE, "../servers", new_disk(cbr, "other")["id"]):
        refused(add(cbr, disk_vault, {"id": one, "type": "OS::Cinder::Volume"}), 404, "7000")


def test_types_fit_the_vault(cbr: ApiServer):
    server, disk = new_server(cbr), new_disk(cbr)
    refused(add(cbr, new_vault(cbr), disk_ref(disk)), 400, "6102", "OS::Nova::Server")
    refused(add(cbr, new_disk_vault(cbr), server_ref(server)), 400, "6102", "OS::Cinder::Volume")
    odd = {"id": NOWHERE, "type": "OS::Sfs::Turbo"}
    refused(cbr.call("POST", "vaults", vault_body(odd)), 400, "6102")


def test_a_resource_has_one_vault(cbr: ApiServer):
    server = new_server(cbr)
    first, second = new_vault(cbr, server_ref(server)), new_vault(cbr)
    refused(add(cbr, second, server_ref(server)), 400, "6103", first["id"])
    refused(add(cbr, second, *[server_ref(new_server(cbr))] * 2), 400, "6104", "twice")
    assert bound(cbr, second) == {}


def test_binding_is_all_or_nothing(cbr: ApiServer):
    good, taken = new_server(cbr), new_server(cbr)
    new_vault(cbr, server_ref(taken))
    vault = new_vault(cbr)
    refused(add(cbr, vault, server_ref(good), server_ref(taken)), 400, "6103")
    assert bound(cbr, vault) == {}
    count = cbr.call("GET", "vaults").json()["count"]
    refused(cbr.call("POST", "vaults", vault_body(server_ref(good), server_ref(taken))), 400, "6103")
    assert cbr.call("GET", "vaults").json()["count"] == count
    assert add(cbr, vault, server_ref(good)).status_code == 200


@pytest.mark.parametrize("status", ["ERROR", "BUILD"])
def test_a_server_in_a_bad_state_is_refused(cbr: ApiServer, status):
    server = new_server(cbr, status=status)
    refused(add(cbr, new_vault(cbr), server_ref(server)), 400, "7101", "ACTIVE")


def test_a_disk_in_a_bad_state_and_a_server_without_disks_are_refused(cbr: ApiServer):
    refused(add(cbr, new_disk_vault(cbr), disk_ref(new_disk(cbr, status="error"))), 400, "7003", "error")
    bare = new_server(cbr, sizes=(), image_id="")
    refused(add(cbr, new_vault(cbr), server_ref(bare)), 400, "7108", "attach")


def test_a_server_whose_only_disk_is_no_volume_is_protected_by_its_image(cbr: ApiServer):
    vault, server = new_vault(cbr), new_server(cbr, sizes=())
    answer = add(cbr, vault, server_ref(server))
    assert answer.status_code == 200, answer.text
    (bound,) = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"]
    assert (bound["id"], bound["size"]) == (server["id"], 0)


def test_a_vault_has_256_resources_at_most(cbr: ApiServer):
    vault = new_vault(cbr)
    with cbr.database.write() as conn:
        for number in range(256):
            resources.bind(
                conn,
                Resource(
                    vault_id=vault["id"],
                    project_id=cbr.project(),
                    id=f"{vault['id'][:-4]}{number:04x}",
                    type=SERVER,
                    name="many",
                    created_at=cbr.clock.now(),
                ),
            )
    refused(add(cbr, vault, server_ref(new_server(cbr))), 400, "6100", "256")


def test_lists_of_resources_have_bounds(cbr: ApiServer):
    vault = new_vault(cbr)
    path = f"vaults/{vault['id']}"
    many = [{"id": NOWHERE, "type": SERVER}] * 257
    refused(cbr.call("POST", f"{path}/addresources", {"resources": []}), 400, "9900", "resources")
    refused(cbr.call("POST", f"{path}/addresources", {"resources": many}), 400, "9900", "resources")
    refused(cbr.call("POST", f"{path}/addresources", {}), 400, "9900", "resources")
    refused(cbr.call("POST", f"{path}/removeresources", {"resource_ids": []}), 400, "9900")
    refused(cbr.call("POST", f"{path}/removeresources", {"resource_ids": "x"}), 400, "9900")


def test_removing_is_an_operation_for_each_resource(cbr: ApiServer):
    stays, first, second = new_server(cbr), new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, *map(server_ref, (stays, first, second)))
    path = f"vaults/{vault['id']}/removeresources"
    ids = [first["id"], second["id"]]
    assert cbr.call("POST", path, {"resource_ids": ids}).json() == {"remove_resource_ids": ids}
    assert {one: r["protect_status"] for one, r in bound(cbr, vault).items()} == {
        stays["id"]: "available",
        first["id"]: "removing",
        second["id"]: "removing",
    }
    with cbr.database.read() as conn:
        wanted = OperationLogFilter(vault_ids=(vault["id"],))
        logs = operation_logs.list(conn, cbr.project(), wanted, Page(limit=9)).items
    assert {(log.operation_type, log.status, log.resource_id) for log in logs} == {
        ("remove_resource", "waiting", one) for one in ids
    }
    refused(cbr.call("POST", path, {"resource_ids": ids[:1]}), 400, "6134")
    refused(add(cbr, vault, server_ref(first)), 400, "6134")
    refused(cbr.call("POST", path, {"resource_ids": [stays["id"]] * 2}), 400, "6104")


def test_removing_is_all_or_nothing(cbr: ApiServer):
    server, busy = new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(server), server_ref(busy))
    path = f"vaults/{vault['id']}/removeresources"
    with cbr.database.write() as conn:
        resources.set_status(conn, cbr.project(), busy["id"], "protecting")
    refused(cbr.call("POST", path, {"resource_ids": [server["id"], busy["id"]]}), 400, "6125", busy["id"])
    refused(cbr.call("POST", path, {"resource_ids": [server["id"], NOWHERE]}), 400, "6135", NOWHERE)
    assert bound(cbr, vault)[server["id"]]["protect_status"] == "available"


def test_of_many_that_bind_one_server_at_once_one_wins(cbr: ApiServer):
    server = new_server(cbr)
    vaults = [new_vault(cbr) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda vault: add(cbr, vault, server_ref(server)), vaults))
    assert sorted(a.status_code for a in answers) == [200, 400, 400, 400]
    assert {a.json()["error_code"] for a in answers if a.status_code == 400} == {"BackupService.6103"}


def test_a_disk_is_reached_through_one_vault(cbr: ApiServer):
    server = new_server(cbr, sizes=(1, 1))
    first, second = server["disks"]
    servers, disks = new_vault(cbr), new_disk_vault(cbr)
    assert add(cbr, servers, server_ref(server, extra_info={"exclude_volumes": [second]})).status_code == 200
    refused(add(cbr, disks, disk_ref({"id": first})), 400, "6137", servers["id"], server["id"], "exclude")
    assert add(cbr, disks, disk_ref({"id": second})).status_code == 200
    refused(add(cbr, servers, server_ref(server)), 400, "6137", disks["id"], second)
    assert bound(cbr, servers)[server["id"]]["extra_info"] == {"exclude_volumes": [second]}


def test_who_replaces_a_vault_binds_at_once(cbr: ApiServer):
    server, disk = new_server(cbr), new_disk(cbr)
    old, old_disks = new_vault(cbr, server_ref(server)), new_disk_vault(cbr, disk)
    for vault in (old, old_disks):
        assert cbr.call("DELETE", f"vaults/{vault['id']}").status_code == 204
    replaced = new_vault(cbr, server_ref(server))
    new_disk_vault(cbr, disk)
    assert bound(cbr, replaced).keys() == {server["id"]}
    shown = cbr.call("GET", f"vaults/{old['id']}").json()["vault"]
    assert (shown["billing"]["status"], shown["resources"]) == ("deleting", [])


def test_the_end_of_the_old_vault_leaves_the_new_binding_alone(cbr: ApiServer):
    server = new_server(cbr)
    vault, old = new_vault(cbr, server_ref(server)), new_vault(cbr)
    with cbr.database.write() as conn:
        assert not resources.unbind(conn, cbr.project(), server["id"], old["id"])
    assert bound(cbr, vault).keys() == {server["id"]}


def test_the_log_of_a_vaults_end_is_found_by_the_vault(cbr: ApiServer):
    vault = new_vault(cbr, name="old-vault")
    cbr.call("DELETE", f"vaults/{vault['id']}")
    for query in (f"resource_id={vault['id']}", f"resource_name=old-vault&vault_id={vault['id']}"):
        (log,) = cbr.call("GET", f"operation-logs?{query}").json()["operation_logs"]
        assert log["operation_type"] == "vault_delete"
        assert log["extra_info"]["resource"] == {
            "id": vault["id"],
            "name": "old-vault",
            "type": "vault",
            "extra_info": {},
        }
