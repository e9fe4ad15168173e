"""Plans of one disk as a new volume over HTTP: the disk's fields alone are told, and a server that gets it is looked at."""

from functools import partial
from typing import Any

import pytest

from opencbr.model.ids import new_id

from .api_server import ApiServer
from .protected_cloud import new_server, refused
from .test_restore_plans import asked as restore_plan_asked
from .test_restore_plans import change, disk_of, hide, of_the_cloud, restore_doc
from .test_restore_plans import planned as restore_planned

Json = dict[str, Any]


asked = partial(restore_plan_asked, as_="new_volume")
planned = partial(restore_planned, as_="new_volume")


def test_which_disk_is_asked_for_where_there_are_several(cbr: ApiServer):
    plan = planned(cbr, cbr.protected().id)
    assert (plan["as"], plan["status"]) == ("new_volume", "incomplete")
    (choice,) = plan["choices"]
    assert choice["member"] == "volume_id"
    assert set(choice["options"]) == {disk_of(cbr, f"db1-{name}") for name in ("root", "data", "archive")}
    assert "db1-archive" in choice["sentence"]
    assert {row["fate"] for row in plan["rows"]} == {"undecided"}


def test_the_fields_of_the_disk_are_told_and_no_others(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    plan = planned(cbr, backup.id, volume_id=disk)
    assert (plan["status"], plan["problems"], plan["choices"]) == ("ready", [], [])
    kinds = {row["document"].partition("/")[0].partition("@")[0] for row in plan["rows"]}
    assert kinds <= {"volume", "volume_type", "encryption", "qos_specs"}
    fates = {
        row["field"]: row["fate"]
        for row in plan["rows"]
        if row["document"].replace("@newest", "") == f"volume/{disk}"
    }
    assert fates["volume.size"] == fates["volume.availability_zone"] == fates["volume.name"] == "kept"
    assert fates["volume.id"] == "new"
    assert fates["volume.attachments.0.server_id"] == "lost"
    assert plan["counts"]["unhandled"] == 0
    assert (plan["mapping"]["volume_id"], plan["mapping"]["name"]) == (disk, "db1-data")
    listed = cbr.call("GET", f"restore-plans?backup_id={backup.id}").json()["restore_plans"]
    assert [row["as"] for row in listed] == ["new_volume"]
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    assert answer.status_code == 202, answer.text
    log = cbr.call("GET", f"operation-logs/{answer.json()['job_id']}").json()["operation_log"]
    assert log["operation_type"] == "restore_new_volume"
    told = log["extra_info"]["restore"]
    assert (told["target_resource_name"], told["target_project_id"]) == ("db1-data", backup.project_id)


def test_a_server_that_gets_it_is_named_in_the_plan(cbr: ApiServer):
    server, disk = new_server(cbr), disk_of(cbr)
    plan = planned(cbr, cbr.protected().id, volume_id=disk, server_id=server["id"], name="rescued")
    assert plan["status"] == "ready", plan["problems"]
    rows = {
        row["field"]: row
        for row in plan["rows"]
        if row["document"].replace("@newest", "") == f"volume/{disk}"
    }
    assert (rows["volume.attachments.0.server_id"]["target"], rows["volume.name"]["target"]) == (
        server["id"],
        "rescued",
    )


NOT_NOW: dict[str, tuple[Json, str]] = {
    "in an error": ({"status": "ERROR"}, "is ERROR"),
    "on the move": ({"task_state": "migrating"}, "is migrating"),
    "locked": ({"locked": True}, "is locked: unlock it"),
}


@pytest.mark.parametrize("what", NOT_NOW)
def test_a_server_that_cannot_get_it_now_is_named(cbr: ApiServer, what: str):
    changes, words = NOT_NOW[what]
    server = new_server(cbr, **changes)["id"]
    plan = planned(cbr, cbr.protected().id, volume_id=disk_of(cbr), server_id=server)
    assert plan["status"] == "refused"
    (problem,) = plan["problems"]
    assert words in problem["sentence"]
    assert problem["ids"] == [server]


def test_a_quota_that_is_short_is_named_with_both_numbers(cbr: ApiServer):
    restore_doc(cbr, "quota", {"id": cbr.project(), "volumes": 1})
    try:
        plan = planned(cbr, cbr.protected().id, volume_id=disk_of(cbr))
    finally:
        hide(cbr, "quota", cbr.project())
    (problem,) = plan["problems"]
    assert "of 1 volumes (volume), and the new volume needs 1 more" in problem["sentence"]


def test_what_a_new_volume_has_no_choice_of_is_refused(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    refused(asked(cbr, backup.id, volume_id=disk, user_data="run"), 400, "9900", "mapping.user_data")
    body = {"restore_plan": {"as": "new_server", "mapping": {"volume_id": disk}}}
    answer = cbr.call("POST", f"backups/{backup.id}/restore-plans", body)
    refused(answer, 400, "9900", "mapping.volume_id")


def test_a_type_is_chosen_for_the_disk_alone(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    other = next(
        row["id"]
        for row in _types(cbr)
        if row["id"] != of_the_cloud(cbr, "volume", "db1-data").get("type_id")
    )
    types = [{"volume_id": disk, "volume_type_id": other}]
    plan = planned(cbr, backup.id, volume_id=disk, volumes=types)
    assert plan["mapping"]["volumes"] == types
    refused(
        asked(
            cbr,
            backup.id,
            volume_id=disk,
            volumes=[{"volume_id": disk, "volume_type_id": new_id(cbr.clock.now())}],
        ),
        404,
        "6302",
    )


def _types(cbr: ApiServer) -> list[Json]:
    with cbr.cloud.backend.state.change():
        return [dict(one) for one in cbr.cloud.backend.state.all("volume-type") if not one.get("encryption")]


def test_a_server_that_is_deleted_meanwhile_is_a_conflict(cbr: ApiServer):
    server = new_server(cbr)
    plan = planned(cbr, cbr.protected().id, volume_id=disk_of(cbr), server_id=server["id"])
    hide(cbr, "server", server["id"])
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    refused(answer, 409, "9900", "There is no such server", "Make a new plan")


def test_a_server_that_is_locked_meanwhile_is_a_conflict(cbr: ApiServer):
    server = new_server(cbr)
    plan = planned(cbr, cbr.protected().id, volume_id=disk_of(cbr), server_id=server["id"])
    change(cbr, "server", server["id"], locked=True)
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    refused(answer, 409, "9900", "is locked")
