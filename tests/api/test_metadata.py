"""ShowMetadata over HTTP on a server that was really captured: shape, views, statuses, isolation."""

import json
import logging
from collections.abc import Iterator

import pytest
from huaweicloudsdkcbr.v1 import ShowMetadataRequest
from sqlalchemy import text

from opencbr.democloud import DemoCloud
from opencbr.model.backup import Backup
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.ids import new_id
from opencbr.records.offline_verification import verify_export
from opencbr.store import backups
from support.databases import KINDS, Databases

from .api_server import ApiServer, open_server
from .protected_cloud import masked_place
from .test_sdk import client

MEMBERS = ["backup_id", "backups", "server", "volumes", "interface", "flavor", "ports", "floatingips"]


@pytest.fixture(scope="module", name="backup")
def _backup(cbr: ApiServer) -> Backup:
    return cbr.protected()


def metadata(cbr: ApiServer, backup_id: str, account: str = "demo") -> dict:
    answer = cbr.call("GET", f"backups/{backup_id}/metadata", account=account)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_eight_members_of_strings(cbr: ApiServer, backup: Backup):
    shown = metadata(cbr, backup.id)
    assert list(shown) == MEMBERS
    assert shown["backup_id"] == backup.id
    for name in ("backups", "server", "interface", "flavor"):
        assert isinstance(json.loads(shown[name]), dict), name
    for name, envelope in (("volumes", "volume"), ("ports", "port"), ("floatingips", "floatingips")):
        assert shown[name], name
        assert all(list(json.loads(text)) == [envelope] for text in shown[name])
    server = json.loads(shown["server"])["server"]
    assert server["id"] == json.loads(shown["backups"])["resource_id"] == backup.resource_id
    attached = {one["id"] for one in server["os-extended-volumes:volumes_attached"]}
    assert {json.loads(text)["volume"]["id"] for text in shown["volumes"]} == attached


def test_a_member_sees_neither_secrets_nor_infrastructure_and_an_admin_both(cbr: ApiServer, backup: Backup):
    masked = json.loads(metadata(cbr, backup.id)["server"])["server"]
    plain = json.loads(metadata(cbr, backup.id, "demo-admin")["server"])["server"]
    assert masked.keys() == plain.keys()
    for name in ("OS-EXT-SRV-ATTR:user_data", "OS-EXT-SRV-ATTR:host"):
        assert masked[name].startswith("(masked"), name
        assert not plain[name].startswith("(masked"), name
        assert plain[name] not in json.dumps(masked)


def test_reading_secrets_leaves_a_line_without_them(cbr: ApiServer, backup: Backup, caplog):
    with caplog.at_level(logging.INFO, logger="opencbr.audit"):
        metadata(cbr, backup.id)
        assert not [line for line in caplog.records if line.name == "opencbr.audit"]
        answer = cbr.call("GET", f"backups/{backup.id}/metadata", account="demo-admin")
    (line,) = [line.getMessage() for line in caplog.records if line.name == "opencbr.audit"]
    assert backup.id in line
    assert cbr.cloud.account("demo-admin")["user_id"] in line
    assert answer.headers["X-Request-Id"] in line
    secret = json.loads(answer.json()["server"])["server"]["OS-EXT-SRV-ATTR:user_data"]
    assert secret not in caplog.text


def test_a_disk_of_a_server_has_the_servers_metadata_narrowed_to_it(cbr: ApiServer, backup: Backup):
    for child in cbr.call("GET", f"backups/{backup.id}").json()["backup"]["children"]:
        shown = metadata(cbr, child["id"])
        assert shown["backup_id"] == child["id"]
        assert [json.loads(text)["volume"]["id"] for text in shown["volumes"]] == [child["resource_id"]]


@pytest.mark.parametrize("status", ["waiting_protect", "protecting", "error", "deleting"])
def test_nothing_to_show(cbr: ApiServer, status):
    unfinished = cbr.backup(cbr.vault(), status=status)
    for path in ("metadata", "record", "record/report"):
        answer = cbr.call("GET", f"backups/{unfinished.id}/{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.6206"), path
        assert status in answer.json()["error_msg"]


def test_a_failed_backup_that_is_to_be_deleted_never_had_a_record(cbr: ApiServer):
    without = cbr.backup(cbr.vault(), status="waiting_delete")
    for path in ("metadata", "record", "record/report"):
        answer = cbr.call("GET", f"backups/{without.id}/{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.6206"), path


@pytest.mark.parametrize("tables", [["record"], ["record", "record_link"]])
def test_a_record_that_somebody_took_out_is_damage_and_not_one_that_is_not_there_yet(cbr: ApiServer, tables):
    robbed = cbr.protected("web1")
    child = cbr.call("GET", f"backups/{robbed.id}").json()["backup"]["children"][0]["id"]
    with cbr.database.write() as conn:
        for table in tables:
            conn.execute(text(f"DELETE FROM {table} WHERE backup_id = :id"), {"id": robbed.id})
    for one in (robbed.id, child):
        for path in ("metadata", "record", "record/report"):
            answer = cbr.call("GET", f"backups/{one}/{path}")
            assert (answer.status_code, answer.json()["error_code"]) == (500, "BackupService.9910"), path


def test_a_record_of_a_backup_that_is_being_deleted(cbr: ApiServer):
    """Readable while the deletion waits, refused once it works, although the record is still there."""
    doomed = cbr.protected("web1")
    assert cbr.call("DELETE", f"backups/{doomed.id}").status_code == 204
    assert metadata(cbr, doomed.id)["backup_id"] == doomed.id
    with cbr.database.write() as conn:
        assert backups.move(conn, doomed.project_id, doomed.id, "deleting")
    answer = cbr.call("GET", f"backups/{doomed.id}/metadata")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.6206")


def test_foreign_and_unknown_ids_are_equally_absent(cbr: ApiServer, backup: Backup):
    answers = [
        cbr.call("GET", f"backups/{backup.id}/metadata", account="other"),
        cbr.call("GET", f"backups/{new_id(cbr.clock.now())}/metadata"),
        cbr.call("GET", "backups/nonsense/metadata"),
    ]
    assert {(one.status_code, one.json()["error_code"]) for one in answers} == {(404, "BackupService.6200")}


def test_the_record_verifies_in_either_view(cbr: ApiServer, backup: Backup):
    public_key = cbr.records.public_key
    for account in ("demo", "demo-admin"):
        answer = cbr.call("GET", f"backups/{backup.id}/record", account=account)
        assert answer.status_code == 200, answer.text
        assert verify_export(answer.json(), public_key) == []
        bent = answer.text.replace("db1", "db2")
        assert bent != answer.text
        assert verify_export(json.loads(bent), public_key) != []


def test_the_report(cbr: ApiServer, backup: Backup):
    report = cbr.call("GET", f"backups/{backup.id}/record/report").json()["report"]
    assert report["verdict"] in {"complete", "partial", "drifted"}


@pytest.mark.parametrize(("kind", "word"), [(SECRETS, "secrets"), (INFRASTRUCTURE, "infrastructure")])
def test_one_masked_value_is_shown_to_whoever_has_the_right_and_named_in_the_audit_log(
    cbr: ApiServer, backup: Backup, caplog, kind: str, word: str
):
    document, offset = masked_place(cbr, backup, kind)
    asked = f"backups/{backup.id}/record/value?document={document}&offset={offset}"
    with caplog.at_level(logging.INFO, logger="opencbr.audit"):
        refused = cbr.call("GET", asked)
        masked = cbr.call("GET", asked, account="demo-admin", headers={"X-Opencbr-View": "masked"})
        assert {(one.status_code, one.json()["error_code"]) for one in (refused, masked)} == {
            (403, "BackupService.8600")
        }
        assert f"cbr:backups:getMetadata{word.capitalize()}" in refused.json()["error_msg"]
        assert not [line for line in caplog.records if line.name == "opencbr.audit"]
        shown = cbr.call("GET", asked, account="demo-admin").json()
    (line,) = [line.getMessage() for line in caplog.records if line.name == "opencbr.audit"]
    assert (shown["document"], shown["class"]) == ("server", kind)
    assert line.startswith(f"{word} read: server {shown['path']} of backup {backup.id} by user ")
    path = shown["path"].removeprefix("server.")
    verbatim = json.loads(
        cbr.call("GET", f"backups/{backup.id}/metadata", account="demo-admin").json()["server"]
    )
    assert json.loads(shown["value"]) == verbatim["server"][path]
    assert shown["value"] not in caplog.text


def test_where_no_masked_value_stands_there_is_none_to_show(cbr: ApiServer, backup: Backup):
    document, offset = masked_place(cbr, backup)
    for query in (f"document={document}&offset={offset + 1}", "document=nothing&offset=0"):
        answer = cbr.call("GET", f"backups/{backup.id}/record/value?{query}", account="demo-admin")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.9900")
        assert "ShowReport" in answer.json()["error_msg"]
    without = cbr.call("GET", f"backups/{backup.id}/record/value")
    assert (without.status_code, without.json()["error_code"]) == (400, "BackupService.9900")
    assert "document is missing" in without.json()["error_msg"]


def test_the_sdk_reads_strings(cbr: ApiServer, backup: Backup):
    """Strings, and no objects, which it would spoil without a word (trap T1)."""
    shown = client(cbr).show_metadata(ShowMetadataRequest(backup_id=backup.id))
    assert json.loads(shown.server)["server"]["name"] == "db1"
    assert all(json.loads(text)["volume"] for text in shown.volumes)


@pytest.fixture(scope="module", name="caching", params=KINDS)
def _caching(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo_cloud: DemoCloud,
    databases: Databases,
) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("caching")
    with (
        databases.fresh(request.param, folder) as url,
        open_server(folder, demo_cloud, url, cache_seconds=600) as cbr,
    ):
        yield cbr


def test_the_cache_keeps_views_and_projects_apart(caching: ApiServer):
    backup = caching.protected()
    plain = [metadata(caching, backup.id, "demo-admin") for _ in range(2)]
    masked = [metadata(caching, backup.id) for _ in range(2)]
    assert plain[0] == plain[1]
    assert masked[0] == masked[1]
    assert plain[0]["server"] != masked[0]["server"]
    assert caching.call("GET", f"backups/{backup.id}/metadata", account="other").status_code == 404


def test_a_deletion_ends_what_is_cached(caching: ApiServer):
    backup = caching.protected()
    child = caching.call("GET", f"backups/{backup.id}").json()["backup"]["children"][0]["id"]
    for wanted in (backup.id, child):
        metadata(caching, wanted)
    assert caching.call("DELETE", f"backups/{backup.id}").status_code == 204
    with caching.database.write() as conn:
        for wanted in (backup.id, child):
            assert backups.move(conn, backup.project_id, wanted, "deleting")
    for wanted in (backup.id, child):
        assert caching.call("GET", f"backups/{wanted}/metadata").status_code == 400


def test_what_was_read_before_a_deletion_is_not_remembered_after_it(
    caching: ApiServer, monkeypatch: pytest.MonkeyPatch
):
    backup = caching.protected()
    shown, read = caching.services.metadata, []

    def read_and_meet_a_deletion(*asked):
        found = caching.records.__class__.answer(caching.records, *asked)
        read.append(found)
        shown.forget({backup.id})
        return found

    monkeypatch.setattr(caching.records, "answer", read_and_meet_a_deletion)
    for _ in range(2):
        metadata(caching, backup.id)
    assert len(read) == 2


def test_a_backup_that_the_cloud_has_lost_says_so(cbr: ApiServer):
    lost, sentence = cbr.protected("web1"), "volume v: backup b is gone from the cloud"
    before = metadata(cbr, lost.id)
    assert cbr.call("GET", f"backups/{lost.id}/record/report").json()["lost"] is None
    with cbr.database.write() as conn:
        assert backups.tell_loss(conn, lost, sentence, now=cbr.clock.now())
    listed = cbr.call("GET", f"backups?name={lost.name}").json()["backups"]
    told = next(one for one in listed if one["id"] == lost.id)
    assert (told["status"], told["extend_info"]["lost"]) == ("error", sentence)
    assert metadata(cbr, lost.id) == before, "its record is not lost"
    assert cbr.call("GET", f"backups/{lost.id}/record").status_code == 200
    assert cbr.call("GET", f"backups/{lost.id}/record/report").json()["lost"] == sentence
