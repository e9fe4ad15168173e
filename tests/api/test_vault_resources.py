"""What is bound to a vault, over HTTP: which resources, with which disks, and how they leave."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from opencbr.model.vault import SERVER, Resource
from opencbr.store import operation_logs, resources
from opencbr.store.operation_logs import OperationLogFilter
from opencbr.store.pages import Page

from .house import House
from .scenery import (
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


def add(house: House, vault, *refs):
    return house.call("POST", f"vaults/{vault['id']}/addresources", {"resources": list(refs)})


def bound(house: House, vault) -> dict:
    shown = house.call("GET", f"vaults/{vault['id']}").json()["vault"]
    return {r["id"]: r for r in shown["resources"]}


def test_a_bound_server_shows_name_and_size_of_its_disks(house: House):
    server = new_server(house, sizes=(1, 2, 3))
    vault = new_vault(house, server_ref(server))
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
    }
    assert vault["billing"]["allocated"] == 6


def test_resources_are_added_later_with_a_name_of_the_clients(house: House):
    vault, first, second = new_vault(house), new_server(house), new_server(house)
    answer = add(house, vault, server_ref(first, name="shop database"), server_ref(second))
    assert answer.json() == {"add_resource_ids": [first["id"], second["id"]]}
    assert {r["name"] for r in bound(house, vault).values()} == {"shop database", second["name"]}


def test_binding_again_restates_the_disks(house: House):
    server = new_server(house, sizes=(1, 2, 4))
    one, two, three = server["disks"]
    vault = new_vault(house, server_ref(server))

    def state(extra_info) -> tuple[dict, int]:
        answer = add(house, vault, server_ref(server, extra_info=extra_info))
        assert answer.json() == {"add_resource_ids": [server["id"]]}, answer.text
        shown = bound(house, vault)[server["id"]]
        return shown["extra_info"], shown["size"]

    assert state({"exclude_volumes": [two]}) == ({"exclude_volumes": [two]}, 5)
    assert state({"exclude_volumes": [two, three]}) == ({"exclude_volumes": [two, three]}, 1)
    only = {"exclude_volumes": [], "include_volumes": [{"id": three, "os_version": None}]}
    assert state({"include_volumes": [{"id": three, "os_version": "x"}]}) == (only, 4)
    assert state({"include_volumes": [three]}) == (only, 4)
    assert state(None) == ({"exclude_volumes": []}, 7)
    assert one


def test_a_selection_that_makes_no_sense_is_refused(house: House):
    server, stranger = new_server(house, sizes=(1, 1)), new_disk(house)
    vault = new_vault(house)

    def choose(**extra_info):
        return add(house, vault, server_ref(server, extra_info=extra_info))

    refused(choose(exclude_volumes=[stranger["id"]]), 400, "7201", stranger["id"])
    refused(choose(exclude_volumes=server["disks"]), 400, "7108", "exclude fewer")
    both = {"exclude_volumes": server["disks"][:1], "include_volumes": server["disks"][1:]}
    refused(choose(**both), 400, "9900", "one of them")
    disk_vault = new_disk_vault(house)
    answer = add(house, disk_vault, disk_ref(stranger, extra_info={"exclude_volumes": [stranger["id"]]}))
    refused(answer, 400, "9900", "for servers")
    assert bound(house, vault) == {}


def test_what_does_not_exist_for_this_project_cannot_be_bound(house: House):
    vault, disk_vault = new_vault(house), new_disk_vault(house)
    for one in (NOWHERE, "no-uuid", "..", "x" * 64, new_server(house, "other")["id"]):
        refused(add(house, vault, {"id": one, "type": SERVER}), 404, "7100")
    for one in (NOWHERE, "../servers", new_disk(house, "other")["id"]):
        refused(add(house, disk_vault, {"id": one, "type": "OS::Cinder::Volume"}), 404, "7000")


def test_types_fit_the_vault(house: House):
    server, disk = new_server(house), new_disk(house)
    refused(add(house, new_vault(house), disk_ref(disk)), 400, "6102", "OS::Nova::Server")
    refused(add(house, new_disk_vault(house), server_ref(server)), 400, "6102", "OS::Cinder::Volume")
    odd = {"id": NOWHERE, "type": "OS::Sfs::Turbo"}
    refused(house.call("POST", "vaults", vault_body(odd)), 400, "6102")


def test_a_resource_has_one_vault(house: House):
    server = new_server(house)
    first, second = new_vault(house, server_ref(server)), new_vault(house)
    refused(add(house, second, server_ref(server)), 400, "6103", first["id"])
    refused(add(house, second, *[server_ref(new_server(house))] * 2), 400, "6104", "twice")
    assert bound(house, second) == {}


def test_binding_is_all_or_nothing(house: House):
    good, taken = new_server(house), new_server(house)
    new_vault(house, server_ref(taken))
    vault = new_vault(house)
    refused(add(house, vault, server_ref(good), server_ref(taken)), 400, "6103")
    assert bound(house, vault) == {}
    count = house.call("GET", "vaults").json()["count"]
    refused(house.call("POST", "vaults", vault_body(server_ref(good), server_ref(taken))), 400, "6103")
    assert house.call("GET", "vaults").json()["count"] == count
    assert add(house, vault, server_ref(good)).status_code == 200


@pytest.mark.parametrize("status", ["ERROR", "BUILD"])
def test_a_server_in_a_bad_state_is_refused(house: House, status):
    server = new_server(house, status=status)
    refused(add(house, new_vault(house), server_ref(server)), 400, "7101", "ACTIVE")


def test_a_disk_in_a_bad_state_and_a_server_without_disks_are_refused(house: House):
    refused(
        add(house, new_disk_vault(house), disk_ref(new_disk(house, status="error"))), 400, "7003", "error"
    )
    refused(add(house, new_vault(house), server_ref(new_server(house, sizes=()))), 400, "7108", "attach")


def test_a_vault_has_256_resources_at_most(house: House):
    vault = new_vault(house)
    with house.database.write() as conn:
        for number in range(256):
            resources.bind(
                conn,
                Resource(
                    vault_id=vault["id"],
                    project_id=house.project(),
                    id=f"{vault['id'][:-4]}{number:04x}",
                    type=SERVER,
                    name="many",
                    created_at=house.clock.now(),
                ),
            )
    refused(add(house, vault, server_ref(new_server(house))), 400, "6100", "256")


def test_lists_of_resources_have_bounds(house: House):
    vault = new_vault(house)
    path = f"vaults/{vault['id']}"
    many = [{"id": NOWHERE, "type": SERVER}] * 257
    refused(house.call("POST", f"{path}/addresources", {"resources": []}), 400, "9900", "resources")
    refused(house.call("POST", f"{path}/addresources", {"resources": many}), 400, "9900", "resources")
    refused(house.call("POST", f"{path}/addresources", {}), 400, "9900", "resources")
    refused(house.call("POST", f"{path}/removeresources", {"resource_ids": []}), 400, "9900")
    refused(house.call("POST", f"{path}/removeresources", {"resource_ids": "x"}), 400, "9900")


def test_removing_is_an_order_for_each_resource(house: House):
    stays, first, second = new_server(house), new_server(house), new_server(house)
    vault = new_vault(house, *map(server_ref, (stays, first, second)))
    path = f"vaults/{vault['id']}/removeresources"
    ids = [first["id"], second["id"]]
    assert house.call("POST", path, {"resource_ids": ids}).json() == {"remove_resource_ids": ids}
    assert {one: r["protect_status"] for one, r in bound(house, vault).items()} == {
        stays["id"]: "available",
        first["id"]: "removing",
        second["id"]: "removing",
    }
    with house.database.read() as conn:
        wanted = OperationLogFilter(vault_ids=(vault["id"],))
        logs = operation_logs.list(conn, house.project(), wanted, Page(limit=9)).items
    assert {(log.operation_type, log.status, log.resource_id) for log in logs} == {
        ("remove_resource", "waiting", one) for one in ids
    }
    refused(house.call("POST", path, {"resource_ids": ids[:1]}), 400, "6134")
    refused(add(house, vault, server_ref(first)), 400, "6134")
    refused(house.call("POST", path, {"resource_ids": [stays["id"]] * 2}), 400, "6104")


def test_removing_is_all_or_nothing(house: House):
    server, busy = new_server(house), new_server(house)
    vault = new_vault(house, server_ref(server), server_ref(busy))
    path = f"vaults/{vault['id']}/removeresources"
    with house.database.write() as conn:
        resources.set_status(conn, house.project(), busy["id"], "protecting")
    refused(house.call("POST", path, {"resource_ids": [server["id"], busy["id"]]}), 400, "6125", busy["id"])
    refused(house.call("POST", path, {"resource_ids": [server["id"], NOWHERE]}), 400, "6135", NOWHERE)
    assert bound(house, vault)[server["id"]]["protect_status"] == "available"


def test_of_many_that_bind_one_server_at_once_one_wins(house: House):
    server = new_server(house)
    vaults = [new_vault(house) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda vault: add(house, vault, server_ref(server)), vaults))
    assert sorted(a.status_code for a in answers) == [200, 400, 400, 400]
    assert {a.json()["error_code"] for a in answers if a.status_code == 400} == {"BackupService.6103"}
