"""Backups go at their own time, once; a pin keeps them, and what uses them comes first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from opencbr.model.backup import Backup
from opencbr.model.lists import OperationLogFilter, Page
from opencbr.service.expiry import Expiry
from opencbr.store import backups, operation_logs

from .api_server import ApiServer
from .protected_cloud import refused

DAY = timedelta(days=1)


@pytest.fixture
def later(cbr: ApiServer) -> Any:
    """Look for what has expired so much later."""

    def look(by: timedelta = DAY) -> None:
        cbr.clock.ahead = by
        Expiry(cbr.database, cbr.clock).look()
        cbr.clock.ahead = timedelta(0)

    return look


def expiring(cbr: ApiServer, **changes: Any) -> Backup:
    return cbr.backup(cbr.vault(), expired_at=cbr.clock.now() + DAY / 2, **changes)


def deletions(cbr: ApiServer, backup: Backup) -> list[Any]:
    with cbr.database.read() as conn:
        wanted = OperationLogFilter(operation_types=("delete",), resource_ids=(backup.resource_id,))
        return [*operation_logs.list(conn, backup.project_id, wanted, Page(limit=10)).items]


def status(cbr: ApiServer, backup: Backup) -> str:
    return str(cbr.call("GET", f"backups/{backup.id}").json()["backup"]["status"])


def test_a_backup_goes_when_its_time_has_come_and_is_asked_for_once(
    cbr: ApiServer, later: Callable[..., None]
) -> None:
    backup = expiring(cbr)
    later(timedelta(0))
    assert deletions(cbr, backup) == []
    later()
    later()
    (log,) = deletions(cbr, backup)
    assert log.request_id.startswith("expiry-")
    assert (log.user_id, log.status, log.details["backup_id"]) == ("", "waiting", backup.id)
    assert status(cbr, backup) == "waiting_delete"


def test_two_workers_that_look_at_once_ask_once(cbr: ApiServer, later: Callable[..., None]) -> None:
    some = [expiring(cbr) for _ in range(3)]
    cbr.clock.ahead = DAY
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(Expiry(cbr.database, cbr.clock).look) for _ in range(3)]:
            done.result()
    assert [len(deletions(cbr, one)) for one in some] == [1, 1, 1]


@pytest.mark.parametrize("busy", ["restoring", "waiting_restore", "protecting"])
def test_what_is_in_use_goes_once_that_has_ended(
    cbr: ApiServer, later: Callable[..., None], busy: Any
) -> None:
    backup = expiring(cbr, status=busy)
    later()
    assert deletions(cbr, backup) == []
    with cbr.database.write() as conn:
        assert backups.move_family(
            conn, backup.project_id, backup.id, "available", updated_at=cbr.clock.now()
        )
    later()
    assert len(deletions(cbr, backup)) == 1


def test_a_failed_deletion_is_tried_again_after_an_hour(cbr: ApiServer, later: Callable[..., None]) -> None:
    backup = expiring(cbr, status="error", updated_at=cbr.clock.now() + DAY)
    later(DAY + timedelta(minutes=30))
    assert deletions(cbr, backup) == []
    later(DAY + timedelta(minutes=90))
    assert len(deletions(cbr, backup)) == 1


def test_a_pin_keeps_a_backup_until_it_is_taken_off(cbr: ApiServer, later: Callable[..., None]) -> None:
    backup = expiring(cbr)
    for _ in range(2):
        pinned = cbr.call("PUT", f"backups/{backup.id}/pin")
        assert pinned.status_code == 200, pinned.text
    since = pinned.json()["backup"]["extend_info"]["pinned_at"]
    (row,) = cbr.call("GET", f"backups?vault_id={backup.vault_id}").json()["backups"]
    assert row["extend_info"]["pinned_at"] == since
    later()
    assert deletions(cbr, backup) == []
    for _ in range(2):
        free = cbr.call("DELETE", f"backups/{backup.id}/pin").json()["backup"]
        assert "pinned_at" not in free["extend_info"]
    later()
    assert len(deletions(cbr, backup)) == 1


def test_who_pins_what_is_being_deleted_is_told(cbr: ApiServer, later: Callable[..., None]) -> None:
    backup = expiring(cbr)
    later()
    refused(cbr.call("PUT", f"backups/{backup.id}/pin"), 400, "6201", "no pin can keep it")


def test_a_user_deletes_what_is_pinned(cbr: ApiServer) -> None:
    backup = cbr.backup(cbr.vault(), pinned_at=cbr.clock.now())
    assert cbr.call("DELETE", f"backups/{backup.id}").status_code == 204


def test_of_expiry_and_a_user_who_delete_at_once_one_asks(cbr: ApiServer) -> None:
    some = [expiring(cbr) for _ in range(4)]
    cbr.clock.ahead = DAY
    with ThreadPoolExecutor(5) as pool:
        look = pool.submit(Expiry(cbr.database, cbr.clock).look)
        answers = [pool.submit(cbr.call, "DELETE", f"backups/{one.id}") for one in some]
        look.result()
        codes = {answer.result().status_code for answer in answers}
    assert codes <= {204, 400}
    assert [len(deletions(cbr, one)) for one in some] == [1] * 4


def test_a_locked_vault_lets_an_automatic_backup_go_at_its_time(
    cbr: ApiServer, later: Callable[..., None]
) -> None:
    backup = cbr.backup(
        cbr.vault(locked=True), expired_at=cbr.clock.now() + DAY / 2, extend_info={"auto_trigger": True}
    )
    refused(cbr.call("DELETE", f"backups/{backup.id}"), 400, "6220")
    later()
    assert len(deletions(cbr, backup)) == 1
