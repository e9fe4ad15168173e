"""Chapter Backup over HTTP: list, show, rename, delete."""

from datetime import timedelta

import pytest

from opencbr.model.ids import new_id
from opencbr.model.lists import OperationLogFilter, Page
from opencbr.model.vault import SERVER
from opencbr.store import backups, operation_logs

from .api_server import ApiServer


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [backup["id"] for backup in answer.json()["backups"]]


def test_a_server_backup_is_shown_with_its_disks(cbr: ApiServer):
    backup = cbr.backup(cbr.vault(), description="before the upgrade")
    answer = cbr.call("GET", f"backups/{backup.id}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    shown = answer.json()["backup"]
    assert shown["id"] == backup.id
    assert shown["description"] == "before the upgrade"
    assert shown["resource_type"] == SERVER
    assert shown["version"] == 3
    assert shown["enterprise_project_id"] == "0"
    assert shown["extend_info"]["auto_trigger"] is False
    assert shown["created_at"] == backup.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    assert shown["expired_at"] is None
    assert [child["parent_id"] for child in shown["children"]] == [backup.id] * 2
    assert all(child["children"] == [] and child["resource_az"] is None for child in shown["children"])


def test_a_disk_of_a_server_backup_is_shown_by_its_own_id(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    child = cbr.call("GET", f"backups/{backup.id}").json()["backup"]["children"][0]["id"]
    shown = cbr.call("GET", f"backups/{child}").json()["backup"]
    assert shown["parent_id"] == backup.id
    assert shown["children"] == []


def test_the_list_has_top_level_backups_only_newest_first(cbr: ApiServer):
    vault = cbr.vault()
    old, new = cbr.backup(vault), cbr.backup(vault)
    answer = cbr.call("GET", f"backups?vault_id={vault.id}")
    assert ids(answer) == [new.id, old.id]
    frame = answer.json()
    assert {key: frame[key] for key in ("count", "limit", "offset")} == {
        "count": 2,
        "limit": 1000,
        "offset": 0,
    }
    assert all(backup["children"] == [] for backup in frame["backups"])
    assert len(ids(cbr.call("GET", f"backups?parent_id={old.id}"))) == 2


def test_pages_by_offset_and_by_marker(cbr: ApiServer):
    vault = cbr.vault()
    made = [cbr.backup(vault, disks=0).id for _ in range(5)][::-1]
    here = f"backups?vault_id={vault.id}&limit=2"
    first = cbr.call("GET", here)
    assert ids(first) == made[:2]
    assert first.json()["count"] == 5
    assert ids(cbr.call("GET", f"{here}&marker={made[1]}")) == made[2:4]
    assert ids(cbr.call("GET", f"{here}&offset=4")) == made[4:]
    assert ids(cbr.call("GET", f"{here}&offset=900")) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=one", ["one"]),
        ("name=one&name=two", ["two", "one"]),
        ("name=", ["two", "one"]),
        ("status=error", ["two"]),
        ("status=error&status=available", ["two", "one"]),
        ("incremental=True", ["one"]),
        ("incremental=false", ["two"]),
        ("resource_az=nova", ["two", "one"]),
        ("resource_name=db1&resource_type=OS::Nova::Server", ["two", "one"]),
        ("image_type=replication", []),
        ("own_type=shared", []),
        ("own_type=all_granted&show_replication=true&dec=false", ["two", "one"]),
        ("enterprise_project_id=all_granted_eps", ["two", "one"]),
        ("enterprise_project_id=7", []),
        ("start_time=2001-02-01T12:00:00Z", ["two", "one"]),
        ("start_time=2001-02-01T12:00:00", ["two", "one"]),
        ("end_time=2001-02-01T12:00:00Z", []),
        ("sort=name:asc", ["one", "two"]),
        ("sort=name", ["two", "one"]),
        ("sort=status:asc,created_at:desc", ["one", "two"]),
        ("used_percent=1", ["two", "one"]),
        ("used_percent=90", []),
        ("something_unknown=1", ["two", "one"]),
    ],
)
def test_filters(cbr: ApiServer, query, expected):
    vault = cbr.vault()
    cbr.backup(vault, name="one")
    cbr.backup(vault, name="two", status="error", incremental=False)
    answer = cbr.call("GET", f"backups?vault_id={vault.id}&{query}")
    assert answer.status_code == 200, answer.text
    assert [backup["name"] for backup in answer.json()["backups"]] == expected
    assert answer.json()["count"] == len(expected)


def test_a_plus_in_the_query_is_a_space(cbr: ApiServer):
    backup = cbr.backup(cbr.vault(), name="a b")
    assert ids(cbr.call("GET", f"backups?name=a+b&vault_id={backup.vault_id}")) == [backup.id]
    assert ids(cbr.call("GET", f"backups?name=a%20b&vault_id={backup.vault_id}")) == [backup.id]


def test_rename(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    answer = cbr.call("PUT", f"backups/{backup.id}", {"backup": {"name": "déjà vu 文", "later": 1}})
    assert answer.status_code == 200
    assert answer.json()["backup"]["name"] == "déjà vu 文"
    assert len(answer.json()["backup"]["children"]) == 2
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["name"] == "déjà vu 文"


def test_a_deletion_is_requested_once_and_can_be_followed(cbr: ApiServer):
    vault = cbr.vault()
    backup = cbr.backup(vault)
    answer = cbr.call("DELETE", f"backups/{backup.id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == "waiting_delete"
    with cbr.database.read() as conn:
        (log,) = operation_logs.list(
            conn, vault.project_id, OperationLogFilter(resource_ids=(backup.resource_id,)), Page(limit=9)
        ).items
    assert (log.operation_type, log.status, log.backup_id) == ("delete", "waiting", backup.id)
    assert log.request_id == answer.headers["X-Request-Id"]
    shown = cbr.call("GET", f"operation-logs/{log.id}").json()["operation_log"]
    assert shown["extra_info"]["delete"] == {"backup_id": backup.id, "backup_name": backup.name}
    again = cbr.call("DELETE", f"backups/{backup.id}")
    assert (again.status_code, again.json()["error_code"]) == (400, "BackupService.6201")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("waiting_protect", "6203"),
        ("protecting", "6203"),
        ("restoring", "6216"),
        ("waiting_restore", "6216"),
        ("deleting", "6201"),
    ],
)
def test_a_backup_in_motion_is_not_deleted(cbr: ApiServer, status, code):
    backup = cbr.backup(cbr.vault(), status=status)
    answer = cbr.call("DELETE", f"backups/{backup.id}")
    assert (answer.status_code, answer.json()["error_code"]) == (400, f"BackupService.{code}")
    assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"] == status


def test_one_disk_of_a_server_backup_is_not_deleted_alone(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    child = cbr.call("GET", f"backups/{backup.id}").json()["backup"]["children"][0]["id"]
    answer = cbr.call("DELETE", f"backups/{child}")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.6201")
    assert backup.id in answer.json()["error_msg"]


def test_the_newest_backup_stays_while_the_next_one_runs(cbr: ApiServer):
    vault = cbr.vault()
    old = cbr.backup(vault)
    new = cbr.backup(vault, resource_id=old.resource_id)
    cbr.log(resource_id=old.resource_id)
    refused = cbr.call("DELETE", f"backups/{new.id}")
    assert (refused.status_code, refused.json()["error_code"]) == (400, "BackupService.6203")
    assert cbr.call("DELETE", f"backups/{old.id}").status_code == 204


def test_an_automatic_backup_in_a_locked_vault_stays_until_it_expires(cbr: ApiServer):
    vault = cbr.vault(locked=True)
    tomorrow = cbr.clock.now() + timedelta(days=1)
    automatic = cbr.backup(vault, extend_info={"auto_trigger": True}, expired_at=tomorrow)
    manual = cbr.backup(vault)
    refused = cbr.call("DELETE", f"backups/{automatic.id}")
    assert (refused.status_code, refused.json()["error_code"]) == (400, "BackupService.6220")
    assert cbr.call("DELETE", f"backups/{manual.id}").status_code == 204


def test_foreign_held_and_unknown_backups_are_equally_absent(cbr: ApiServer):
    foreign = cbr.backup(cbr.vault("other"))
    held = cbr.backup(cbr.vault(), held_at=cbr.clock.now())
    for wanted in (
        foreign.id,
        held.id,
        new_id(cbr.clock.now()),
        "nonsense",
        foreign.id.upper(),
        "%00",
        "%ff",
    ):
        for method, path, body in (
            ("GET", f"backups/{wanted}", None),
            ("PUT", f"backups/{wanted}", {"backup": {"name": "x"}}),
            ("DELETE", f"backups/{wanted}", None),
            ("GET", f"backups/{wanted}/record", None),
            ("GET", f"backups/{wanted}/record/report", None),
        ):
            answer = cbr.call(method, path, body)
            assert (answer.status_code, answer.json()["error_code"]) == (404, "BackupService.6200"), path
    with cbr.database.read() as conn:
        assert backups.get(conn, foreign.project_id, foreign.id).status == "available"
