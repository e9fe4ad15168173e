"""Restore plans over HTTP: every captured field is told, what stands against it is named, and nothing is made."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import requests

from opencbr.model.ids import new_id
from opencbr.service.plan_expiry import plan_expiry_duty
from opencbr.store import restore_plans, vaults

from .api_server import ApiServer
from .protected_cloud import new_disk, refused, restorable

Json = dict[str, Any]


def asked(
    cbr: ApiServer, backup_id: str, account: str = "demo", as_: str = "new_server", **mapping: Any
) -> requests.Response:
    body = {"restore_plan": {"as": as_, "mapping": mapping}}
    return cbr.call("POST", f"backups/{backup_id}/restore-plans", body, account=account)


def planned(cbr: ApiServer, backup_id: str, **mapping: Any) -> Json:
    answer = asked(cbr, backup_id, **mapping)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["restore_plan"]
    return found


def all_new(plan: Json) -> Json:
    """The mapping of a plan with what is to be chosen for a server whose original still stands."""
    mapping: Json = plan["mapping"]
    ports = [{**port, "network": "keep", "address": "new", "mac": "new"} for port in mapping["ports"]]
    floating = [
        {"floating_ip_id": choice["member"].partition(".")[2], "address": "drop"}
        for choice in plan["choices"]
        if choice["member"].startswith("floating_ips.")
    ]
    return {**mapping, "ports": ports, "user_data": "run", "floating_ips": floating}


def row(plan: Json, field: str, document: str = "") -> Json:
    (found,) = [r for r in plan["rows"] if r["field"] == field and r["document"].startswith(document)]
    return found


def test_without_a_choice_the_plan_says_what_is_to_be_chosen(cbr: ApiServer):
    plan = planned(cbr, cbr.protected().id)
    assert (plan["as"], plan["status"]) == ("new_server", "incomplete")
    members = Counter(choice["member"].partition(".")[0] for choice in plan["choices"])
    assert members == {"ports": 2, "user_data": 1, "floating_ips": 1}
    assert row(plan, "server.OS-EXT-SRV-ATTR:user_data", "server@")["fate"] == "undecided"
    assert plan["counts"]["unhandled"] == 0
    assert sum(plan["counts"].values()) == len(plan["rows"]) > 300


def test_a_plan_with_all_choices_is_ready_and_says_what_becomes_of_every_field(cbr: ApiServer):
    backup = cbr.protected()
    plan = planned(cbr, backup.id, **all_new(planned(cbr, backup.id)))
    assert (plan["status"], plan["problems"], plan["choices"]) == ("ready", [], [])
    assert row(plan, "server.name", "server@")["fate"] == "kept"
    assert row(plan, "server.id", "server@")["fate"] == "new"
    assert row(plan, "server.user_id", "server@")["fate"] == "lost"
    assert plan["counts"]["refused"] == plan["counts"]["undecided"] == plan["counts"]["unhandled"] == 0
    shown = cbr.call("GET", f"restore-plans/{plan['id']}")
    assert shown.json()["restore_plan"] == plan
    assert "correct-horse" not in shown.text


def test_addresses_that_are_taken_are_named_with_the_port_that_has_them(cbr: ApiServer):
    backup = cbr.protected()
    first = planned(cbr, backup.id)
    ports = [{**port, "network": "keep"} for port in first["mapping"]["ports"]]
    plan = planned(cbr, backup.id, ports=ports, user_data="drop")
    assert plan["status"] == "refused"
    told = {(p["document"], p["field"]): p for p in plan["problems"]}
    server = backup.resource_id
    for port in ports:
        document = f"port/{port['port_id']}"
        for field in ("port.mac_address", "port.fixed_ips.0.ip_address"):
            assert told[document, field]["ids"] == [port["port_id"], server]
            assert f"port {port['port_id']} of server {server}" in told[document, field]["sentence"]
            assert row(plan, field, document)["fate"] == "refused"
    assert row(plan, "server.OS-EXT-SRV-ATTR:user_data", "server@")["fate"] == "lost"


def change(cbr: ApiServer, kind: str, id_: str, **fields: Any) -> None:
    state = cbr.cloud.backend.state
    with state.change():
        doc = state.get(kind, id_)
        assert doc is not None
        state.put(kind, doc | fields)


def hide(cbr: ApiServer, kind: str, id_: str) -> Any:
    state = cbr.cloud.backend.state
    with state.change():
        doc = state.get(kind, id_)
        state.drop(kind, id_)
    return doc


def restore_doc(cbr: ApiServer, kind: str, doc: Any) -> None:
    with cbr.cloud.backend.state.change():
        cbr.cloud.backend.state.put(kind, doc)


def of_the_cloud(cbr: ApiServer, kind: str, name: str) -> Json:
    with cbr.cloud.backend.state.change():
        found = cbr.cloud.backend.state.find(kind, name=name)
    assert found is not None
    return dict(found)


def disk_of(cbr: ApiServer, name: str = "db1-data") -> str:
    return str(of_the_cloud(cbr, "volume", name)["id"])


GONE = {
    "a network": ("network", "demo-net", "ports.", "gone"),
    "a security group": ("security-group", "database", "security_groups.", "made again with its rules"),
    "the flavor": ("flavor", "m1.tiny", "flavor_id", "choose another one"),
    "the server group": ("server-group", "databases", "server_group", "do without"),
    "a volume type": ("volume-type", "disks", "volume_types.", "choose another one"),
}


@pytest.mark.parametrize("what", GONE)
def test_what_is_gone_and_has_nothing_like_it_must_be_chosen(cbr: ApiServer, what: str):
    kind, name, member, words = GONE[what]
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    doc = hide(cbr, kind, of_the_cloud(cbr, kind, name)["id"])
    others = _alike(cbr, kind, doc)
    try:
        full["security_groups"] = full["volumes"] = []
        full["flavor_id"] = full["server_group"] = None
        full["ports"] = (
            [{"port_id": port["port_id"]} for port in full["ports"]] if kind == "network" else full["ports"]
        )
        plan = planned(cbr, backup.id, **full)
        assert plan["status"] == "incomplete", plan["problems"]
        assert any(
            choice["member"].startswith(member) and words in choice["sentence"] for choice in plan["choices"]
        ), plan["choices"]
    finally:
        restore_doc(cbr, kind, doc)
        for other in others:
            restore_doc(cbr, kind, other)


def _alike(cbr: ApiServer, kind: str, doc: Json) -> list[Json]:
    """Hide what would take its place by name or content."""
    if kind not in ("flavor", "volume-type"):
        return []
    with cbr.cloud.backend.state.change():
        rest = [dict(one) for one in cbr.cloud.backend.state.all(kind)]
    sizes = ("ram", "vcpus", "disk")
    same = [one for one in rest if kind == "flavor" and all(one[n] == doc[n] for n in sizes)]
    return [hide(cbr, kind, one["id"]) for one in same]


def test_a_thing_of_the_same_name_takes_the_place_of_one_that_is_gone(cbr: ApiServer):
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    full["security_groups"] = []
    doc = hide(cbr, "security-group", of_the_cloud(cbr, "security-group", "database")["id"])
    other = {**doc, "id": new_id(cbr.clock.now())}
    restore_doc(cbr, "security-group", other)
    try:
        plan = planned(cbr, backup.id, **full)
        assert plan["status"] == "ready", plan["problems"]
        found = row(plan, "security_group.id", "security_group/")
        assert (found["fate"], found["target"]) == ("mapped", other["id"])
        assert plan["mapping"]["security_groups"] == [{"security_group_id": doc["id"], "target": other["id"]}]
    finally:
        hide(cbr, "security-group", other["id"])
        restore_doc(cbr, "security-group", doc)


def test_a_flavor_that_has_changed_is_told_field_by_field(cbr: ApiServer):
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    change(cbr, "flavor", "1", ram=512)
    try:
        plan = planned(cbr, backup.id, **full)
    finally:
        change(cbr, "flavor", "1", ram=256)
    assert plan["status"] == "ready"
    found = row(plan, "flavor.ram", "flavor@")
    assert (found["fate"], found["value"], found["reason"]) == ("lost", 256, "it is now 512")
    assert any("not as it was" in notice for notice in plan["notices"])


def test_rules_that_were_added_to_a_security_group_are_told(cbr: ApiServer):
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    group = of_the_cloud(cbr, "security-group", "database")
    with cbr.cloud.backend.state.change():
        rule = next(
            dict(r)
            for r in cbr.cloud.backend.state.all("security-group-rule")
            if r["security_group_id"] == group["id"]
        )
    added = {
        **rule,
        "id": new_id(cbr.clock.now()),
        "protocol": "udp",
        "port_range_min": 1,
        "port_range_max": 9,
    }
    restore_doc(cbr, "security-group-rule", added)
    gone = hide(cbr, "security-group-rule", rule["id"])
    try:
        plan = planned(cbr, backup.id, **full)
    finally:
        hide(cbr, "security-group-rule", added["id"])
        restore_doc(cbr, "security-group-rule", gone)
    assert any("1 rule(s) that it had not" in notice for notice in plan["notices"])
    lost = [r for r in plan["rows"] if r["fate"] == "lost" and r["document"].startswith("security_group/")]
    assert {r["reason"] for r in lost} == {"it is not there any more"}


@pytest.mark.parametrize(
    ("service", "limits", "word"),
    [
        ("volume", {"volumes": 1}, "volumes (volume)"),
        ("network", {"port": 0}, "port (network)"),
        ("compute", {"cores": 1}, "cores (compute)"),
    ],
)
def test_a_quota_that_is_short_is_named_with_both_numbers(
    cbr: ApiServer, service: str, limits: dict[str, int], word: str
):
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    kind = "quota" if service == "volume" else f"{service}-quota"
    restore_doc(cbr, kind, {"id": cbr.project(), **limits})
    try:
        plan = planned(cbr, backup.id, **full)
    finally:
        hide(cbr, kind, cbr.project())
    assert plan["status"] == "refused"
    (problem,) = plan["problems"]
    assert word in problem["sentence"]
    (limit,) = limits.values()
    assert f"of {limit} " in problem["sentence"]


def test_a_network_that_is_gone_is_made_again_where_the_mapping_says_so(cbr: ApiServer):
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    net = of_the_cloud(cbr, "network", "demo-net")
    doc = hide(cbr, "network", net["id"])
    try:
        ports = [{**port, "network": "new", "address": "keep", "mac": "keep"} for port in full["ports"]]
        plan = planned(cbr, backup.id, **{**full, "ports": ports})
        assert plan["status"] == "ready", plan["problems"]
        assert row(plan, "network.name", f"network/{net['id']}")["fate"] == "kept"
        assert row(plan, "network.id", f"network/{net['id']}")["fate"] == "new"
        kept = planned(cbr, backup.id, **full)
        assert kept["status"] == "refused"
        assert "is gone" in kept["problems"][0]["sentence"]
    finally:
        restore_doc(cbr, "network", doc)


def test_the_digest_stays_while_nothing_moves_that_matters(cbr: ApiServer):
    backup = cbr.protected()
    full = all_new(planned(cbr, backup.id))
    first, again = (planned(cbr, backup.id, **full) for _ in range(2))
    new_disk(cbr)
    later = planned(cbr, backup.id, **full)
    assert len({first["digest"], again["digest"], later["digest"]}) == 1
    change(cbr, "flavor", "1", ram=512)
    try:
        assert planned(cbr, backup.id, **full)["digest"] != first["digest"]
    finally:
        change(cbr, "flavor", "1", ram=256)


SENSELESS: dict[str, tuple[Json, int, str]] = {
    "a port that the backup has not": ({"ports": [{"port_id": "{id}", "network": "keep"}]}, 400, "9900"),
    "a port twice": ({"ports": [{"port_id": "{id}"}, {"port_id": "{id}"}]}, 400, "9900"),
    "a volume that the backup has not": (
        {"volumes": [{"volume_id": "{id}", "volume_type_id": "{id}"}]},
        400,
        "9900",
    ),
    "a flavor that is nowhere": ({"flavor_id": "{id}"}, 404, "6302"),
    "a server group that is nowhere": ({"server_group": "{id}"}, 404, "6302"),
    "a word that is none": ({"user_data": "maybe"}, 400, "9900"),
}


@pytest.mark.parametrize("what", SENSELESS)
def test_a_mapping_that_makes_no_sense_is_refused(cbr: ApiServer, what: str):
    mapping, status, code = SENSELESS[what]
    mapping = json.loads(json.dumps(mapping).replace("{id}", new_id(cbr.clock.now())))
    refused(asked(cbr, cbr.protected().id, **mapping), status, code)


def test_what_another_project_has_is_nowhere(cbr: ApiServer):
    backup = cbr.protected()
    port = planned(cbr, backup.id)["mapping"]["ports"][0]
    group = next(iter(planned(cbr, backup.id)["mapping"]["security_groups"]))
    with cbr.cloud.backend.state.change():
        foreign = list(cbr.cloud.backend.state.all("network", cbr.project("other")))
        groups = list(cbr.cloud.backend.state.all("security-group", cbr.project("other")))
    network = foreign[0]["id"] if foreign else new_id(cbr.clock.now())
    target = groups[0]["id"] if groups else new_id(cbr.clock.now())
    refused(asked(cbr, backup.id, ports=[{**port, "network": "map", "network_id": network}]), 404, "6302")
    refused(asked(cbr, backup.id, security_groups=[{**group, "target": target}]), 404, "6302")
    refused(asked(cbr, backup.id, account="other"), 404, "6200")
    plan = planned(cbr, backup.id)
    refused(cbr.call("GET", f"restore-plans/{plan['id']}", account="other"), 404, "6302")


def listed(cbr: ApiServer, query: str = "", account: str = "demo") -> list[Json]:
    answer = cbr.call("GET", f"restore-plans{query}", account=account)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["restore_plans"]
    return found


def test_plans_are_listed_newest_first_without_what_they_say(cbr: ApiServer):
    backup, other = cbr.protected().id, cbr.protected("café-文").id
    plans = []
    for number, of in enumerate((backup, other, backup)):
        cbr.clock.ahead = timedelta(seconds=number)
        plans.append(planned(cbr, of))
    names = ("id", "backup_id", "checkpoint_id", "as", "status", "created_at", "expires_at")
    newest = [{name: plan[name] for name in names} | {"job_id": None} for plan in reversed(plans)]
    assert listed(cbr)[:3] == newest
    assert listed(cbr, f"?backup_id={backup}") == [newest[0], newest[2]]
    assert listed(cbr, f"?limit=1&marker={plans[2]['id']}") == [newest[1]]
    assert cbr.call("GET", f"restore-plans?backup_id={backup}").json()["count"] == 2
    assert not {plan["id"] for plan in plans} & {row["id"] for row in listed(cbr, account="other")}
    refused(cbr.call("GET", f"restore-plans?marker={new_id(cbr.clock.now())}"), 400, "9900")
    cbr.clock.ahead = timedelta(hours=2)
    try:
        assert listed(cbr, f"?backup_id={backup}") == []
    finally:
        cbr.clock.ahead = timedelta(0)


def test_a_plan_expires(cbr: ApiServer):
    plan = planned(cbr, cbr.protected().id)
    cbr.clock.ahead += timedelta(hours=2)
    refused(cbr.call("GET", f"restore-plans/{plan['id']}"), 404, "6302", "expired")


def test_a_worker_removes_plans_whose_time_is_over_and_that_no_restore_carries_out(cbr: ApiServer):
    backup = cbr.protected()
    plan, carried_out = (planned(cbr, backup.id)["id"] for _ in range(2))
    log_id = new_id(cbr.clock.now())
    with cbr.database.write() as conn:
        assert restore_plans.claim(conn, cbr.project(), carried_out, log_id)
    duty = plan_expiry_duty(cbr.database, cbr.clock, 60.0)

    def stored() -> set[str]:
        with cbr.database.read() as conn:
            ids = (plan, carried_out)
            return {one for one in ids if restore_plans.get(conn, cbr.project(), one) is not None}

    duty.run()
    assert stored() == {plan, carried_out}
    cbr.clock.ahead += timedelta(hours=2)
    duty.run()
    assert stored() == {carried_out}
    with cbr.database.write() as conn:
        restore_plans.free(conn, log_id)
    duty.run()
    assert stored() == set()


def test_only_a_server_s_backup_that_is_available_can_be_planned(cbr: ApiServer):
    disk = restorable(cbr, new_disk(cbr))
    refused(asked(cbr, disk.id), 400, "9900", "disk")
    busy = cbr.backup(cbr.vault(), status="restoring")
    refused(asked(cbr, busy.id), 400, "2005", "restoring")


@pytest.mark.parametrize("kind", ["new_server", "new_volume", "in_place", "drill"])
def test_nothing_is_restored_from_a_vault_that_is_being_deleted(cbr: ApiServer, kind: str):
    """Though the plan was made before that."""
    backup, plan = cbr.protected(), None
    if kind == "new_server":
        plan = planned(cbr, backup.id, **all_new(planned(cbr, backup.id)))
    elif kind != "drill":
        chosen = {"volume_id": disk_of(cbr)} if kind == "new_volume" else {}
        plan = planned(cbr, backup.id, as_=kind, **chosen)
    assert plan is None or plan["status"] == "ready", plan
    with cbr.database.write() as conn:
        vaults.update(conn, cbr.project(), backup.vault_id, status="deleting", updated_at=cbr.clock.now())
    path, body = "drills", {"drill": {"backup_id": backup.id}}
    if plan is not None:
        path, body = f"restore-plans/{plan['id']}/restore", None
    refused(cbr.call("POST", path, body), 400, "6202", "deleting")


def test_a_server_that_boots_from_an_image_gets_its_original_image(cbr: ApiServer):
    plan = planned(cbr, cbr.protected("web1").id)
    assert any("original image" in notice for notice in plan["notices"])
    image = of_the_cloud(cbr, "image", "tiny")
    doc = hide(cbr, "image", image["id"])
    try:
        gone = planned(cbr, plan["backup_id"])
    finally:
        restore_doc(cbr, "image", doc)
    assert gone["status"] == "refused"
    assert "is deleted" in gone["problems"][0]["sentence"]
