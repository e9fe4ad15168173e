"""Plans of whole checkpoints over HTTP: one plan of all backups, what is shared is told once, and nothing is made before."""

from collections import Counter
from typing import Any

import pytest
import requests

from opencbr.model.backup import Backup
from opencbr.model.ids import new_id
from opencbr.store import backups

from .api_server import ApiServer
from .protected_cloud import refused
from .test_restore_plans import all_new, change, of_the_cloud

Json = dict[str, Any]


@pytest.fixture(name="members")
def _members(cbr: ApiServer) -> list[Backup]:
    """Two servers of one checkpoint, which share a network."""
    vault = cbr.vault()
    first = cbr.protected(vault=vault)
    return [first, cbr.protected("web1", vault=vault, checkpoint_id=first.checkpoint_id)]


def asked(cbr: ApiServer, checkpoint_id: str, account: str = "demo", **mapping: Any) -> requests.Response:
    path = f"checkpoints/{checkpoint_id}/restore-plans"
    return cbr.call("POST", path, {"restore_plan": {"mapping": mapping}}, account=account)


def planned(cbr: ApiServer, checkpoint_id: str, **mapping: Any) -> Json:
    answer = asked(cbr, checkpoint_id, **mapping)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["restore_plan"]
    return found


def beside(plan: Json) -> Json:
    """The mapping of new servers beside the old ones, which still stand."""
    return {**all_new(plan), "user_data": "drop"}


def test_the_records_of_all_backups_are_one_plan(cbr: ApiServer, members: list[Backup]):
    checkpoint = members[0].checkpoint_id
    first = planned(cbr, checkpoint)
    assert (first["as"], first["status"], first["backup_id"]) == ("new_resources", "incomplete", None)
    assert first["checkpoint_id"] == checkpoint
    plan = planned(cbr, checkpoint, **beside(first))
    assert plan["status"] == "ready", (plan["problems"], plan["choices"])
    assert [(one["backup_id"], one["resource_name"]) for one in plan["backups"]] == [
        (members[0].id, "db1"),
        (members[1].id, "web1"),
    ]
    network = of_the_cloud(cbr, "network", "demo-net")["id"]
    assert any(row["document"] == f"network/{network}" for row in plan["rows"])
    places = Counter((row["document"], row["field"]) for row in plan["rows"])
    assert set(places.values()) == {1}
    for one in plan["backups"]:
        assert not places.keys() & {(row["document"], row["field"]) for row in one["rows"]}
        assert any(row["field"] == "server.name" for row in one["rows"])
    everything = [*plan["rows"], *(row for one in plan["backups"] for row in one["rows"])]
    assert sum(plan["counts"].values()) == len(everything)
    assert plan["counts"]["unhandled"] == 0
    assert {one["backup_id"]: one["name"] for one in plan["mapping"]["backups"]} == {
        members[0].id: "db1",
        members[1].id: "web1",
    }
    assert cbr.call("GET", f"restore-plans/{plan['id']}").json()["restore_plan"] == plan
    again = planned(cbr, checkpoint, **plan["mapping"])
    assert (again["status"], again["counts"]) == ("ready", plan["counts"])


def test_the_cloud_is_asked_once_for_what_several_backups_name(cbr: ApiServer, members: list[Backup]):
    mapping = beside(planned(cbr, members[0].checkpoint_id))
    cbr.cloud.calls.clear()
    planned(cbr, members[0].checkpoint_id, **mapping)
    calls = [one for one in cbr.cloud.calls.find() if one.service != "identity"]
    assert len(calls) > 20
    assert {one.method for one in calls} == {"GET"}
    twice = [
        call
        for call, count in Counter((one.service, one.path, one.query) for one in calls).items()
        if count > 1
    ]
    assert twice == []


def test_a_plan_that_is_applied_makes_all_its_backups_busy(cbr: ApiServer, members: list[Backup]):
    checkpoint = members[0].checkpoint_id
    plan = planned(cbr, checkpoint, **beside(planned(cbr, checkpoint)))
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    assert answer.status_code == 202, answer.text
    for one in members:
        shown = cbr.call("GET", f"backups/{one.id}").json()["backup"]
        assert shown["status"] == "waiting_restore"
    log = cbr.call("GET", f"operation-logs/{answer.json()['job_id']}").json()["operation_log"]
    assert (log["operation_type"], log["checkpoint_id"]) == ("restore_checkpoint", checkpoint)
    told = log["extra_info"]["restore"]
    assert (told["restore_plan_id"], told["target_project_id"]) == (plan["id"], members[0].project_id)
    assert [one["resource_name"] for one in told["resources"]] == ["db1", "web1"]
    refused(
        cbr.call("POST", f"restore-plans/{plan['id']}/restore"), 400, "2005", "db1 (backup ", "web1 (backup "
    )


def test_a_cloud_that_has_moved_is_told(cbr: ApiServer, members: list[Backup]):
    checkpoint = members[0].checkpoint_id
    plan = planned(cbr, checkpoint, **beside(planned(cbr, checkpoint)))
    change(cbr, "flavor", "1", ram=512)
    try:
        refused(cbr.call("POST", f"restore-plans/{plan['id']}/restore"), 409, "9900", "Make a new plan")
    finally:
        change(cbr, "flavor", "1", ram=256)
    assert cbr.call("GET", f"backups/{members[1].id}").json()["backup"]["status"] == "available"


def test_a_checkpoint_that_has_lost_a_backup_since_is_another_one(cbr: ApiServer, members: list[Backup]):
    checkpoint = members[0].checkpoint_id
    plan = planned(cbr, checkpoint, **beside(planned(cbr, checkpoint)))
    with cbr.database.write() as conn:
        backups.update(conn, members[1].project_id, members[1].id, held_at=cbr.clock.now())
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    assert answer.status_code in (400, 409), answer.text
    assert cbr.call("GET", f"backups/{members[0].id}").json()["backup"]["status"] == "available"


def test_a_backup_that_is_not_available_is_named_and_can_be_left_out(cbr: ApiServer, members: list[Backup]):
    checkpoint, vault = members[0].checkpoint_id, members[0].vault_id
    held = cbr.protected("café-文", checkpoint_id=checkpoint)
    assert vault != held.vault_id
    with cbr.database.write() as conn:
        assert backups.move(conn, held.project_id, held.id, "waiting_delete", updated_at=cbr.clock.now())
    refused(asked(cbr, checkpoint), 400, "2005", held.resource_name, held.id, "waiting_delete", "leave_out")
    plan = planned(cbr, checkpoint, backups=[{"backup_id": held.id, "leave_out": True}])
    assert [one["backup_id"] for one in plan["backups"]] == [one.id for one in members]
    left = next(one for one in plan["mapping"]["backups"] if one["backup_id"] == held.id)
    assert left["leave_out"] is True


SENSELESS: dict[str, tuple[Json, str]] = {
    "a backup of another checkpoint": ({"backups": [{"backup_id": "{id}"}]}, "has no backup"),
    "a network that no backup has": (
        {"networks": [{"network_id": "{id}", "target": "new"}]},
        "has no network",
    ),
    "a name for all": ({"name": "one for all"}, "has no such choice"),
    "a backup twice": ({"backups": [{"backup_id": "{id}"}, {"backup_id": "{id}"}]}, "named twice"),
}


@pytest.mark.parametrize("what", SENSELESS)
def test_a_mapping_that_makes_no_sense_is_refused(cbr: ApiServer, members: list[Backup], what: str):
    mapping, words = SENSELESS[what]
    id_ = new_id(cbr.clock.now())
    mapping = {
        member: value
        if isinstance(value, str)
        else [{name: id_ if part == "{id}" else part for name, part in one.items()} for one in value]
        for member, value in mapping.items()
    }
    refused(asked(cbr, members[0].checkpoint_id, **mapping), 400, "9900", words)


def test_a_checkpoint_of_which_all_is_left_out_is_refused(cbr: ApiServer, members: list[Backup]):
    none = [{"backup_id": one.id, "leave_out": True} for one in members]
    refused(asked(cbr, members[0].checkpoint_id, backups=none), 400, "9900", "keep one at least")


def test_a_mapping_stays_good_when_a_backup_is_left_out(cbr: ApiServer, members: list[Backup]):
    """What it says of that backup's ports and groups is not asked for any more, and not given back."""
    checkpoint = members[0].checkpoint_id
    mapping = beside(planned(cbr, checkpoint))
    out = [one | {"leave_out": one["backup_id"] == members[0].id} for one in mapping["backups"]]
    plan = planned(cbr, checkpoint, **mapping | {"backups": out})
    assert plan["status"] == "ready", (plan["problems"], plan["choices"])
    assert [one["backup_id"] for one in plan["backups"]] == [members[1].id]
    ports = {row["document"].partition("/")[2] for row in [*plan["rows"], *plan["backups"][0]["rows"]]}
    assert {port["port_id"] for port in plan["mapping"]["ports"]} <= ports


def test_a_backup_is_not_restored_as_a_checkpoint(cbr: ApiServer, members: list[Backup]):
    body = {"restore_plan": {"as": "new_resources"}}
    refused(cbr.call("POST", f"backups/{members[0].id}/restore-plans", body), 400, "9900")
    networks = {
        "restore_plan": {"as": "new_server", "mapping": {"networks": [{"network_id": "n", "target": "new"}]}}
    }
    answer = cbr.call("POST", f"backups/{members[0].id}/restore-plans", networks)
    refused(answer, 400, "9900", "mapping.networks: a restore as new_server has no such choice")


def test_plans_of_a_checkpoint_are_listed_by_it(cbr: ApiServer, members: list[Backup]):
    plan = planned(cbr, members[0].checkpoint_id)
    found = cbr.call("GET", f"restore-plans?checkpoint_id={members[0].checkpoint_id}").json()["restore_plans"]
    assert [(one["id"], one["as"], one["backup_id"]) for one in found] == [
        (plan["id"], "new_resources", None)
    ]
    assert cbr.call("GET", f"restore-plans?backup_id={members[0].id}").json()["count"] == 0


def test_a_backup_of_a_checkpoint_that_is_another_projects_is_not_in_its_plan(
    cbr: ApiServer, members: list[Backup]
):
    """Ids are never the project's word: whoever writes a foreign checkpoint's id into a backup gets nothing of it."""
    foreign = cbr.protected("foreign1", "other", checkpoint_id=members[0].checkpoint_id)
    plan = planned(cbr, members[0].checkpoint_id)
    assert foreign.id not in str(plan)
    refused(
        asked(cbr, members[0].checkpoint_id, backups=[{"backup_id": foreign.id}]),
        400,
        "9900",
        "has no backup",
    )
    theirs = cbr.protected("foreign1", "other")
    refused(asked(cbr, theirs.checkpoint_id), 404, "6217")
    refused(cbr.call("GET", f"restore-plans/{plan['id']}", account="other"), 404, "6302")
