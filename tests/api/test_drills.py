"""Restore drills over HTTP: asked for, listed and shown; what a worker finds stands in `tests/jobs/inline/test_drill.py`."""

from datetime import timedelta
from typing import Any

import pytest

from opencbr.model.drill import Drill, Finding
from opencbr.model.lists import DrillFilter, Page
from opencbr.store import backups, drills

from .api_server import ApiServer
from .protected_cloud import refused

Json = dict[str, Any]


def created(cbr: ApiServer, account: str = "demo", **wanted: str) -> Json:
    answer = cbr.call("POST", "drills", {"drill": wanted}, account=account)
    assert answer.status_code == 202, answer.text
    drill: Json = answer.json()["drill"]
    return drill


def ended(cbr: ApiServer, drill_id: str, verdict: str) -> None:
    """Put what a worker would have found into the database."""
    now = cbr.clock.now()
    findings = [Finding(kind="disk", name="db1-root", held=verdict == "unchecked", said="1 GiB, /dev/vda")]
    with cbr.database.write() as conn:
        drills.begin(conn, drill_id, now=now)
        drills.find(conn, drill_id, findings)
        drills.recovered(conn, drill_id, now=now + timedelta(seconds=90))
        assert drills.end(conn, drill_id, verdict, "a reason", now=now + timedelta(seconds=99))


def test_a_drill_of_a_backup_is_requested_and_its_backup_is_busy(cbr: ApiServer):
    backup = cbr.protected()
    drill = created(cbr, backup_id=backup.id)
    assert (drill["backup_id"], drill["backup_name"]) == (backup.id, backup.name)
    assert (drill["resource_id"], drill["resource_name"]) == (backup.resource_id, "db1")
    assert (drill["verdict"], drill["reason"], drill["duration_seconds"]) == (None, "", None)
    assert (drill["findings"], drill["ended_at"]) == ([], None)
    log = cbr.call("GET", f"operation-logs/{drill['id']}").json()["operation_log"]
    assert (log["operation_type"], log["status"]) == ("drill", "waiting")
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == "waiting_restore"
    refused(cbr.call("POST", "drills", {"drill": {"backup_id": backup.id}}), 400, "2010", "wait")
    refused(cbr.call("DELETE", f"backups/{backup.id}"), 400, "6216")


def test_of_a_server_the_newest_finished_backup_is_tried(cbr: ApiServer):
    old = cbr.backup(cbr.vault())
    now = cbr.clock.now()
    new, failed = (
        cbr.backup(
            cbr.vault(), resource_id=old.resource_id, created_at=now + timedelta(seconds=n), status=status
        )
        for n, status in enumerate(("available", "error"), start=5)
    )
    assert created(cbr, resource_id=old.resource_id)["backup_id"] == new.id
    assert failed.id != new.id


@pytest.mark.parametrize("wanted", [{}, {"backup_id": "one", "resource_id": "two"}])
def test_one_of_the_two_is_named(cbr: ApiServer, wanted: Json):
    refused(cbr.call("POST", "drills", {"drill": wanted}), 400, "9900", "either")


def test_what_was_found_is_shown_and_listed(cbr: ApiServer):
    drill = created(cbr, backup_id=cbr.protected().id)
    ended(cbr, drill["id"], "unchecked")
    shown = cbr.call("GET", f"drills/{drill['id']}").json()["drill"]
    assert (shown["verdict"], shown["reason"], shown["duration_seconds"]) == ("unchecked", "a reason", 90.0)
    assert shown["findings"] == [
        {"kind": "disk", "name": "db1-root", "held": True, "said": "1 GiB, /dev/vda"}
    ]
    (row,) = cbr.call("GET", f"drills?backup_id={drill['backup_id']}").json()["drills"]
    assert row == {name: value for name, value in shown.items() if name != "findings"}


def test_the_list_is_newest_first_and_filtered(cbr: ApiServer):
    first, second = (created(cbr, backup_id=cbr.backup(cbr.vault()).id) for _ in range(2))
    ended(cbr, first["id"], "failed")
    found = cbr.call("GET", "drills").json()
    ids = [row["id"] for row in found["drills"]]
    assert ids.index(second["id"]) < ids.index(first["id"])
    assert found["count"] == len(ids)
    for query, wanted in (
        (f"resource_id={first['resource_id']}", first),
        (f"resource_id={second['resource_id']}", second),
        (f"verdict=failed&backup_id={first['backup_id']}&backup_id={second['backup_id']}", first),
    ):
        assert [row["id"] for row in cbr.call("GET", f"drills?{query}").json()["drills"]] == [wanted["id"]]
    refused(cbr.call("GET", "drills?sort=reason"), 400, "9900")


def test_a_drill_outlives_its_backup(cbr: ApiServer):
    drill = created(cbr, backup_id=cbr.backup(cbr.vault()).id)
    ended(cbr, drill["id"], "failed")
    with cbr.database.write() as conn:
        assert backups.delete(conn, cbr.project(), drill["backup_id"])
    assert cbr.call("GET", f"drills/{drill['id']}").json()["drill"]["verdict"] == "failed"


def test_projects_do_not_see_each_other_s_drills(cbr: ApiServer):
    drill = created(cbr, backup_id=cbr.backup(cbr.vault()).id)
    refused(cbr.call("GET", f"drills/{drill['id']}", account="other"), 404, "6302")
    listed = cbr.call("GET", "drills", account="other").json()["drills"]
    assert drill["id"] not in [row["id"] for row in listed]
    with cbr.database.read() as conn:
        assert drills.get(conn, cbr.project("other"), drill["id"]) is None
        found = drills.list(conn, cbr.project("other"), DrillFilter(), Page(limit=100)).items
    assert {one.project_id for one in found} <= {cbr.project("other")}


def test_what_has_ended_does_not_end_otherwise(cbr: ApiServer):
    drill = created(cbr, backup_id=cbr.backup(cbr.vault()).id)
    ended(cbr, drill["id"], "failed")
    with cbr.database.write() as conn:
        assert not drills.end(conn, drill["id"], "passed", "no", now=cbr.clock.now())
        found = drills.get(conn, cbr.project(), drill["id"])
    assert isinstance(found, Drill)
    assert found.verdict == "failed"
