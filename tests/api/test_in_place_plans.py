"""Plans of restores in place over HTTP: each disk that is written over is named, and so is all that stands against it."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from opencbr.democloud.volume import quotas
from opencbr.model.ids import new_id
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.way_back import WayBackRule
from opencbr.service.context import automatic
from opencbr.service.restore_plans import RestorePlans
from opencbr.store import operation_logs, restore_targets

from .api_server import ApiServer
from .protected_cloud import new_disk, new_server, refused
from .test_restore_plans import asked as restore_plan_asked
from .test_restore_plans import change, disk_of, hide, of_the_cloud, restore_doc
from .test_restore_plans import planned as restore_planned

Json = dict[str, Any]
ID = "[0-9a-f]{8}-[0-9a-f]{4}-"
MOST = {"new_server": 45, "new_volume": 25, "in_place": 50}
"""So many calls to the cloud a plan of a server with three disks and two ports may take."""


asked = partial(restore_plan_asked, as_="in_place")
planned = partial(restore_planned, as_="in_place")


def test_every_disk_that_is_written_over_is_named_and_all_else_is_kept(cbr: ApiServer):
    backup = cbr.protected()
    plan = planned(cbr, backup.id)
    assert (plan["as"], plan["status"], plan["choices"]) == ("in_place", "ready", [])
    disks = {disk_of(cbr, f"db1-{name}") for name in ("root", "data", "archive")}
    told = " ".join(plan["notices"])
    for disk in disks:
        assert f"volume {disk} (db1-" in told
    assert (
        f"server {backup.resource_id} is ACTIVE: it is shut off for the restore, and started afterwards"
        in told
    )
    assert plan["mapping"]["server_id"] == backup.resource_id
    assert plan["mapping"]["power_on"] is True
    assert {(one["volume_id"], one["target"]) for one in plan["mapping"]["disks"]} == {
        (disk, disk) for disk in disks
    }
    assert [row for row in plan["rows"] if row["fate"] not in ("kept", "new")] == []
    assert len(plan["rows"]) > 300


def test_what_differs_is_kept_as_it_is_now(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    change(cbr, "volume", disk, name="another", size=3)
    try:
        plan = planned(cbr, backup.id, power_on=False)
    finally:
        change(cbr, "volume", disk, name="db1-data", size=1)
    assert plan["status"] == "ready", plan["problems"]
    rows = {
        row["field"]: row
        for row in plan["rows"]
        if row["document"].replace("@newest", "") == f"volume/{disk}"
    }
    assert (rows["volume.name"]["fate"], rows["volume.name"]["reason"]) == (
        "lost",
        'kept as it is now: "another"',
    )
    assert (
        f"volume {disk} (another, 3 GiB) is written over; it has grown from 1 GiB, and its size is kept"
        in (plan["notices"])
    )
    assert any("and left shut off, as the mapping says" in one for one in plan["notices"])


def test_a_plan_is_carried_out_by_the_job_of_a_restore_in_place(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    others = [disk_of(cbr, f"db1-{name}") for name in ("root", "archive")]
    drops = [{"volume_id": one, "target": "drop"} for one in others]
    plan = planned(cbr, backup.id, disks=drops)
    assert plan["status"] == "ready", plan["problems"]
    fates = {
        row["document"].replace("@newest", ""): row for row in plan["rows"] if row["field"] == "volume.name"
    }
    assert fates[f"volume/{others[0]}"]["reason"].startswith("the mapping does without this disk")
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    assert answer.status_code == 202, answer.text
    log = cbr.call("GET", f"operation-logs/{answer.json()['job_id']}").json()["operation_log"]
    assert log["operation_type"] == "restore"
    details = log["extra_info"]["restore"]
    assert (details["restore_plan_id"], details["target_resource_id"]) == (plan["id"], backup.resource_id)
    refused(cbr.call("POST", f"restore-plans/{plan['id']}/restore"), 400, "2005")
    with cbr.database.write() as conn:
        found = operation_logs.get(conn, cbr.project(), answer.json()["job_id"])
        restore_targets.free(conn, answer.json()["job_id"])  # no worker is there to end it
    assert found is not None
    assert [one["volume_id"] for one in found.parameters["request"]["disks"]] == [disk]


def test_a_lock_is_told(cbr: ApiServer):
    backup = cbr.protected()
    was = of_the_cloud(cbr, "server", "db1")
    change(cbr, "server", backup.resource_id, locked=True)
    try:
        plan = planned(cbr, backup.id)
    finally:
        restore_doc(cbr, "server", was)
    assert plan["status"] == "ready"
    assert any("is locked: the lock is opened" in one for one in plan["notices"])


def test_another_server_can_be_named(cbr: ApiServer):
    backup = cbr.protected()
    refused(asked(cbr, backup.id, server_id=new_id(cbr.clock.now())), 404, "6302")
    other = new_server(cbr, sizes=(1, 1))
    root = disk_of(cbr, "db1-root")
    drop = [{"volume_id": disk_of(cbr, f"db1-{name}"), "target": "drop"} for name in ("data", "archive")]
    change(cbr, "volume", other["disks"][0], size=5)
    disks = [*drop, {"volume_id": root, "target": other["disks"][0]}]
    plan = planned(cbr, backup.id, server_id=other["id"], disks=disks)
    assert plan["status"] == "ready", plan["problems"]
    assert {row["document"].partition("/")[0].partition("@")[0] for row in plan["rows"]} <= {
        "volume",
        "volume_type",
        "encryption",
        "qos_specs",
    }
    assert f"volume {other['disks'][1]} is on the server and is left as it is" in plan["notices"]


def test_a_volume_that_is_not_the_project_s_is_nowhere(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    foreign = new_disk(cbr, "other")["id"]
    for nobody in (foreign, new_id(cbr.clock.now())):
        refused(asked(cbr, backup.id, disks=[{"volume_id": disk, "target": nobody}]), 404, "6302")
    twice = [{"volume_id": disk, "target": disk}, {"volume_id": disk_of(cbr, "db1-root"), "target": disk}]
    refused(asked(cbr, backup.id, disks=twice), 400, "9900", "named twice")
    refused(asked(cbr, backup.id, disks=[{"volume_id": foreign, "target": disk}]), 400, "9900")


def test_a_disk_that_is_detached_since_the_plan_is_a_conflict(cbr: ApiServer):
    backup, disk = cbr.protected(), disk_of(cbr)
    plan = planned(cbr, backup.id)
    state = cbr.cloud.backend.state
    with state.change():
        (attachment,) = [dict(one) for one in state.all("attachment", volume_id=disk)]
    hide(cbr, "attachment", attachment["id"])
    try:
        answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    finally:
        restore_doc(cbr, "attachment", attachment)
    refused(answer, 409, "9900", "it is on no server", "Make a new plan")


@contextmanager
def room(cbr: ApiServer, **more: int) -> Iterator[dict[str, int]]:
    """Let the project's quotas have room for so many more alone; the quotas."""
    has = quotas.used(cbr.cloud.backend, cbr.project())
    limits = {name: has[name] + number for name, number in more.items()}
    restore_doc(cbr, "quota", {"id": cbr.project(), **limits})
    try:
        yield limits
    finally:
        hide(cbr, "quota", cbr.project())


@pytest.mark.parametrize(("name", "needs"), [("snapshots", 3), ("gigabytes", 5)])
def test_no_room_for_the_way_back_is_named_with_both_numbers(cbr: ApiServer, name: str, needs: int):
    backup = cbr.protected()
    with room(cbr, snapshots=3, gigabytes=5):
        assert planned(cbr, backup.id)["status"] == "ready"
    with room(cbr, **{name: needs - 1}) as limits:
        plan = planned(cbr, backup.id)
        refused(cbr.call("POST", f"restore-plans/{plan['id']}/restore"), 409, "9900", "refused")
    (problem,) = plan["problems"]
    used = limits[name] - needs + 1
    assert problem["sentence"].startswith(
        f"the project has {used} of {limits[name]} {name} (volume), and the way back needs {needs} more"
    )


def test_an_operator_may_do_without_a_way_back_and_the_plan_says_so(cbr: ApiServer):
    ctx, backup_id = automatic("test", cbr.project(), cbr.clock.now()), cbr.protected().id
    with room(cbr, snapshots=0, gigabytes=0):
        plan = planned_by(cbr, WayBackRule(is_optional=True)).create(
            ctx, backup_id, Choices(), kind="in_place"
        )
        assert plan.status == "ready"
        assert any(
            "quota of gigabytes and snapshots has no room for the way back" in one for one in plan.notices
        )
        plan = planned_by(cbr, WayBackRule(is_taken=False)).create(ctx, backup_id, Choices(), kind="in_place")
        assert plan.status == "ready"
        assert not any("way back" in one for one in plan.notices)


def planned_by(cbr: ApiServer, rule: WayBackRule) -> RestorePlans:
    return RestorePlans(cbr.database, cbr.adapter, cbr.records, way_back=rule)


@contextmanager
def only_reading(cbr: ApiServer) -> Iterator[None]:
    """Let the service user be a reader alone for a while."""
    reader = of_the_cloud(cbr, "role", "reader")["id"]
    service, state = cbr.cloud.account("opencbr")["user_id"], cbr.cloud.backend.state
    with state.change():
        held = [
            dict(one) for one in state.all("grant") if one["user_id"] == service and one["scope"] == "domain"
        ]
    for one in held:
        change(cbr, "grant", one["id"], role_id=reader)
    cbr.adapter._scopes._tenants.clear()
    try:
        yield
    finally:
        for one in held:
            restore_doc(cbr, "grant", one)
        cbr.adapter._scopes._tenants.clear()


@pytest.mark.parametrize("kind", ["new_volume", "in_place"])
def test_a_service_user_that_may_only_read_is_named(cbr: ApiServer, kind: str):
    backup = cbr.protected()
    chosen = {"volume_id": disk_of(cbr)} if kind == "new_volume" else {}
    with only_reading(cbr):
        plan = restore_planned(cbr, backup.id, as_=kind, **chosen)
    sentences = [one["sentence"] for one in plan["problems"]]
    assert any("the service user may only read in this project" in one for one in sentences), sentences


@pytest.mark.parametrize("kind", ["new_server", "new_volume", "in_place"])
def test_no_list_of_the_cloud_is_read_twice_for_one_plan(cbr: ApiServer, kind: str):
    backup = cbr.protected()
    before = len(cbr.cloud.calls.find())
    answer = cbr.call("POST", f"backups/{backup.id}/restore-plans", {"restore_plan": {"as": kind}})
    assert answer.status_code == 200, answer.text
    calls = cbr.cloud.calls.find()[before:]
    lists = Counter(
        (one.service, one.path, one.query) for one in calls if not re.search(ID, one.path) and one.path != "/"
    )
    assert [one for one, times in lists.items() if times > 1 and one[0] != "identity"] == []
    assert {one.method for one in calls if one.service != "identity"} == {"GET"}
    assert len(calls) <= MOST[kind], Counter((one.service, one.path) for one in calls)
