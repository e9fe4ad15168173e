"""A backup that is shared: its recipient reads it masked, whatever its role; nobody else does; it is the owner's to change."""

import json
import logging

import pytest

from opencbr.model.backup import Backup
from opencbr.model.ids import new_id
from opencbr.model.member import Member
from opencbr.model.statuses import MemberStatus
from opencbr.store import members

from .api_server import ApiServer
from .test_metadata import _caching, metadata  # noqa: F401 -- a fixture

RECIPIENT = "admin"
"""An account with the admin's role, on a project of its own."""
READS = ("", "/metadata", "/record", "/record/report")


def share(cbr: ApiServer, backup: Backup, status: MemberStatus, reader: str = RECIPIENT) -> None:
    now = cbr.clock.now()
    member = Member(
        id=new_id(now),
        backup_id=backup.id,
        dest_project_id=cbr.project(reader),
        status=status,
        created_at=now,
        updated_at=now,
    )
    with cbr.database.write() as conn:
        members.insert(conn, member)


@pytest.fixture(scope="module", name="shared")
def _shared(cbr: ApiServer) -> Backup:
    backup = cbr.protected()
    share(cbr, backup, "accepted")
    return backup


def disk_of(cbr: ApiServer, backup: Backup) -> str:
    return str(cbr.call("GET", f"backups/{backup.id}").json()["backup"]["children"][0]["id"])


def test_the_recipient_reads_what_a_plain_member_of_the_owner_reads(cbr: ApiServer, shared: Backup):
    for wanted in (shared.id, disk_of(cbr, shared)):
        for path in READS:
            asked = f"backups/{wanted}{path}"
            theirs = cbr.call("GET", asked, account=RECIPIENT)
            assert theirs.status_code == 200, theirs.text
            assert theirs.json() == cbr.call("GET", asked).json()


def test_no_role_of_the_recipient_opens_the_owners_secrets(cbr: ApiServer, shared: Backup, caplog):
    plain = json.loads(metadata(cbr, shared.id, "demo-admin")["server"])["server"]
    caplog.clear()  # the administrator's own read is told where the log is open
    with caplog.at_level(logging.INFO, logger="opencbr.audit"):
        seen = [cbr.call("GET", f"backups/{shared.id}{path}", account=RECIPIENT).text for path in READS]
    for name in ("OS-EXT-SRV-ATTR:user_data", "OS-EXT-SRV-ATTR:host"):
        assert not [text for text in seen if plain[name] in text], name
    assert not [line for line in caplog.records if line.name == "opencbr.audit"]


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_what_was_not_accepted_is_not_seen(cbr: ApiServer, status: MemberStatus):
    backup = cbr.protected("web1")
    share(cbr, backup, status)
    for path in READS:
        answer = cbr.call("GET", f"backups/{backup.id}{path}", account=RECIPIENT)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "BackupService.6200"), path


def test_others_do_not_see_it(cbr: ApiServer, shared: Backup):
    for path in READS:
        assert cbr.call("GET", f"backups/{shared.id}{path}", account="other").status_code == 404


def test_the_recipient_changes_nothing(cbr: ApiServer, shared: Backup):
    for method, body in (("PUT", {"backup": {"name": "mine"}}), ("DELETE", None)):
        answer = cbr.call(method, f"backups/{shared.id}", body, account=RECIPIENT)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "BackupService.8600")
        assert "shared" in answer.json()["error_msg"]
    assert cbr.call("GET", f"backups/{shared.id}").json()["backup"]["name"] == shared.name


@pytest.mark.parametrize(
    ("own_type", "account", "listed"),
    [
        ("", "demo", True),
        ("?own_type=shared", "demo", False),
        ("", RECIPIENT, False),
        ("?own_type=private", RECIPIENT, False),
        ("?own_type=shared", RECIPIENT, True),
        ("?own_type=all_granted", RECIPIENT, True),
        ("?own_type=all_granted", "other", False),
    ],
)
def test_lists_tell_own_backups_from_shared_ones(
    cbr: ApiServer, shared: Backup, own_type: str, account: str, listed: bool
):
    found = cbr.call("GET", f"backups{own_type}", account=account).json()
    assert (shared.id in {one["id"] for one in found["backups"]}) is listed
    assert found["count"] == len(found["backups"])


def test_a_cached_answer_is_each_readers_own_and_ends_for_all(caching: ApiServer):
    backup = caching.protected()
    share(caching, backup, "accepted")
    plain = [metadata(caching, backup.id, "demo-admin") for _ in range(2)]
    theirs = [metadata(caching, backup.id, RECIPIENT) for _ in range(2)]
    assert plain[0] == plain[1] != theirs[0] == theirs[1]
    assert caching.call("GET", f"backups/{backup.id}/metadata", account="other").status_code == 404
    caching.services.metadata.forget({backup.id})
    with caching.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM member")
    assert caching.call("GET", f"backups/{backup.id}/metadata", account=RECIPIENT).status_code == 404
