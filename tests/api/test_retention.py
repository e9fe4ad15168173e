"""What a policy no longer keeps goes after an automatic backup that has succeeded, once, and the preview says so before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from opencbr.model.backup import Backup
from opencbr.model.errors import CbrError
from opencbr.model.ids import new_id
from opencbr.model.lists import OperationLogFilter, Page
from opencbr.model.retention.decide import decide
from opencbr.model.vault import VOLUME, Vault
from opencbr.service import retention as service
from opencbr.service.backup_deletion import request_deletion
from opencbr.service.context import Context
from opencbr.service.retention import Retention
from opencbr.store import backups, disk_backups, operation_logs, policies, retention, vault_policies, vaults

from .api_server import ApiServer
from .protected_cloud import refused
from .test_policies import new_policy, room


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


class Scene:
    """A vault with a policy, and the automatic backups of one disk in it, `1` being a day old."""

    def __init__(self, cbr: ApiServer, days: int, **definition: Any) -> None:
        self.cbr = cbr
        self.vault: Vault = cbr.vault(object_type="disk")
        self.policy = new_policy(cbr, operation_definition=definition)
        with cbr.database.write() as conn:
            found = policies.get(conn, cbr.project(), self.policy["id"])
            assert found
            vault_policies.bind(conn, self.vault.id, found)
        self.resource = new_id(cbr.clock.now())
        self.made = {n: self.automatic(n) for n in range(days, 0, -1)}

    def automatic(self, days_ago: int, **changes: Any) -> Backup:
        at = self.cbr.clock.now() - timedelta(days=days_ago)
        given = {"resource_id": self.resource, "extend_info": {"auto_trigger": True}, "created_at": at}
        return self.cbr.backup(self.vault, disks=0, **given | {"updated_at": at} | changes)

    def succeeded(self) -> Backup:
        """An automatic backup has just ended well."""
        newest = self.automatic(0)
        with self.cbr.database.write() as conn:
            retention.enter(conn, newest, self.cbr.clock.now())
        return newest

    def clean(self) -> None:
        Retention(self.cbr.database, self.cbr.clock).look()

    def gone(self) -> set[int]:
        """Which were asked to go."""
        with self.cbr.database.read() as conn:
            wanted = OperationLogFilter(operation_types=("delete",), resource_ids=(self.resource,))
            logs = operation_logs.list(conn, self.cbr.project(), wanted, Page(limit=100)).items
        assert len({log.backup_id for log in logs}) == len(logs), "none is asked for twice"
        days = {backup.id: n for n, backup in self.made.items()}
        return {days[str(log.backup_id)] for log in logs}

    def preview(self, **query: Any) -> dict[str, Any]:
        answer = self.cbr.call("GET", f"policies/{self.policy['id']}/retention-preview", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["retention_preview"])

    def decided(self, preview: dict[str, Any]) -> dict[str, dict[str, Any]]:
        (one,) = preview["resources"]
        return {row["backup_id"]: row for row in one["backups"]}


def test_the_oldest_go_after_a_success_and_not_before(cbr: ApiServer) -> None:
    scene = Scene(cbr, 4, max_backups=3)
    scene.clean()
    assert scene.gone() == set()
    scene.succeeded()
    scene.clean()
    scene.clean()
    assert scene.gone() == {3, 4}


def test_many_that_go_are_decided_of_together(cbr: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the work would grow with the square of what a shorter policy lets go."""
    scene = Scene(cbr, 7, max_backups=1)
    decided: list[int] = []

    def counted(candidates: Any, *given: Any, **named: Any) -> Any:
        decided.append(len(candidates))
        return decide(candidates, *given, **named)

    monkeypatch.setattr(service, "decide", counted)
    monkeypatch.setattr(service, "_AT_ONCE", 3)
    scene.succeeded()
    scene.clean()
    assert scene.gone() == {1, 2, 3, 4, 5, 6, 7}
    assert decided == [8, 8, 8], "once for three of them"
    scene.clean()
    assert len(decided) == 3, "it is settled"


def test_one_that_refuses_to_go_keeps_no_other(cbr: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(cbr, 4, max_backups=1)
    request = service.request_deletion

    def refusing(conn: Any, ctx: Any, backup: Backup, **more: Any) -> Any:
        if backup.id == scene.made[3].id:
            raise CbrError("6203")
        return request(conn, ctx, backup, **more)

    monkeypatch.setattr(service, "request_deletion", refusing)
    monkeypatch.setattr(service, "_AT_ONCE", 2)
    scene.succeeded()
    scene.clean()
    assert scene.gone() == {1, 2, 4}


def test_the_log_of_a_deletion_names_the_policy(cbr: ApiServer) -> None:
    scene = Scene(cbr, 1, max_backups=1)
    scene.succeeded()
    scene.clean()
    (log,) = cbr.call("GET", f"operation-logs?resource_id={scene.resource}").json()["operation_logs"]
    assert (log["operation_type"], log["policy_id"]) == ("delete", scene.policy["id"])
    assert log["extra_info"]["common"]["request_id"].startswith("retention-")


def test_what_is_pinned_manual_or_being_restored_stays(cbr: ApiServer) -> None:
    scene = Scene(cbr, 4, max_backups=1)
    assert cbr.call("PUT", f"backups/{scene.made[4].id}/pin").status_code == 200
    with cbr.database.write() as conn:
        assert backups.move(conn, cbr.project(), scene.made[3].id, "restoring", updated_at=cbr.clock.now())
        backups.set_info(
            conn, cbr.project(), scene.made[2].id, "auto_trigger", value=False, updated_at=cbr.clock.now()
        )
    scene.succeeded()
    scene.clean()
    assert scene.gone() == {1}
    decided = scene.decided(scene.preview())
    assert [decided[scene.made[n].id]["outcome"] for n in (4, 3, 2, 1)] == ["kept", "blocked", "kept", "goes"]


@pytest.mark.parametrize("change", ["deleted", "unbound", "endless"])
def test_a_policy_that_is_gone_or_keeps_for_ever_removes_nothing(cbr: ApiServer, change: str) -> None:
    scene = Scene(cbr, 3, max_backups=1)
    scene.succeeded()
    if change == "deleted":
        assert cbr.call("DELETE", f"policies/{scene.policy['id']}").status_code == 204
    elif change == "unbound":
        with cbr.database.write() as conn:
            vault_policies.unbind(conn, cbr.project(), scene.vault.id)
    else:
        body = {"policy": {"operation_definition": {"max_backups": -1, "retention_duration_days": -1}}}
        assert cbr.call("PUT", f"policies/{scene.policy['id']}", body).status_code == 200
    scene.clean()
    assert scene.gone() == set()


def test_a_changed_policy_holds_at_the_next_run(cbr: ApiServer) -> None:
    scene = Scene(cbr, 3, max_backups=9)
    body = {"policy": {"operation_definition": {"retention_duration_days": 2}}}
    assert cbr.call("PUT", f"policies/{scene.policy['id']}", body).status_code == 200
    scene.succeeded()
    scene.clean()
    assert scene.gone() == {2, 3}


def test_in_a_locked_vault_the_policy_removes_and_a_user_does_not(cbr: ApiServer) -> None:
    scene = Scene(cbr, 2, max_backups=1)
    with cbr.database.write() as conn:
        vaults.update(conn, cbr.project(), scene.vault.id, locked=True, updated_at=cbr.clock.now())
    try:
        refused(cbr.call("DELETE", f"backups/{scene.made[2].id}"), 400, "6220")
        scene.succeeded()
        scene.clean()
    finally:  # or its policy could not be deleted
        with cbr.database.write() as conn:
            vaults.update(conn, cbr.project(), scene.vault.id, locked=False, updated_at=cbr.clock.now())
    assert scene.gone() == {1, 2}


def test_workers_that_clean_up_at_once_and_a_user_ask_once_each(cbr: ApiServer) -> None:
    scene = Scene(cbr, 6, max_backups=2)
    scene.succeeded()
    with ThreadPoolExecutor(6) as pool:
        looks = [pool.submit(scene.clean) for _ in range(3)]
        by_hand = [pool.submit(cbr.call, "DELETE", f"backups/{scene.made[n].id}") for n in (6, 5, 4)]
        pins = [pool.submit(cbr.call, "PUT", f"backups/{scene.made[3].id}/pin")]
        for look in looks:
            look.result()
        assert {one.result().status_code for one in by_hand} <= {204, 400}
        pinned = pins[0].result().status_code == 200
    assert scene.gone() == ({2, 4, 5, 6} if pinned else {2, 3, 4, 5, 6})


def test_of_a_restore_and_a_clean_up_one_wins(cbr: ApiServer) -> None:
    scene = Scene(cbr, 5, max_backups=1)
    scene.succeeded()
    won: set[int] = set()

    def restore(n: int) -> None:
        def begin(conn: Any) -> bool:
            backups.get(conn, cbr.project(), scene.made[n].id, lock=True)
            return backups.move(
                conn, cbr.project(), scene.made[n].id, "waiting_restore", updated_at=cbr.clock.now()
            )

        if cbr.database.transact(begin):
            won.add(n)

    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(scene.clean), *(pool.submit(restore, n) for n in scene.made)]
        for one in done:
            one.result()
    assert scene.gone() == set(scene.made) - won


def test_whoever_dies_in_between_is_followed_by_the_next(
    cbr: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one transaction asks for is asked for whole or not at all; the next worker asks for the rest."""
    scene = Scene(cbr, 4, max_backups=1)
    scene.succeeded()
    asked: list[str] = []

    def dying(conn: Connection, ctx: Context, backup: Backup, **how: Any) -> None:
        if len(asked) == 3:
            raise ConnectionError("the worker has died")
        asked.append(backup.id)
        request_deletion(conn, ctx, backup, **how)

    with monkeypatch.context() as patched:
        patched.setattr(service, "_AT_ONCE", 2)
        patched.setattr(service, "request_deletion", dying)
        with pytest.raises(ConnectionError):
            scene.clean()
    assert scene.gone() == {4, 3}
    scene.clean()
    assert scene.gone() == {1, 2, 3, 4}


def test_the_preview_gives_each_reason_and_the_run_that_ends_it(cbr: ApiServer) -> None:
    scene = Scene(cbr, 3, max_backups=2)
    preview = scene.preview()
    decided = scene.decided(preview)
    assert decided[scene.made[1].id]["reasons"][0]["text"] == "kept because it is number 1 of the 2 newest"
    assert decided[scene.made[3].id]["outcome"] == "goes"
    runs = preview["next_runs"]
    assert len(runs) == 5
    assert [decided[scene.made[n].id]["goes_at"] for n in (3, 2, 1)] == [runs[0], runs[0], runs[1]]
    assert (preview["count"], preview["policy_id"]) == (1, scene.policy["id"])
    assert scene.gone() == set(), "nothing is deleted by asking"


def test_what_goes_names_the_incremental_that_needs_its_data(cbr: ApiServer) -> None:
    scene = Scene(cbr, 2, max_backups=1)
    with cbr.database.write() as conn:
        for n, based_on in ((2, None), (1, scene.made[2].id)):
            disk_backups.note(
                conn,
                cbr.project(),
                scene.made[n].id,
                now=cbr.clock.now(),
                cinder_backup_id=f"c{n}",
                based_on=based_on,
            )
    row = scene.decided(scene.preview())[scene.made[2].id]
    assert (row["outcome"], row["needed_by"]) == ("goes", scene.made[1].id)
    assert row["reasons"][-1]["code"] == "needed"


def test_what_is_no_policy_yet_is_previewed_by_post(cbr: ApiServer) -> None:
    scene = Scene(cbr, 4, max_backups=9)
    asked = {"vault_id": scene.vault.id, "operation_definition": {"retention_duration_days": 2}}
    answer = cbr.call("POST", "retention-previews", {"retention_preview": asked})
    assert answer.status_code == 200, answer.text
    preview = answer.json()["retention_preview"]
    (one,) = preview["resources"]
    assert (one["kept"], one["goes"], one["blocked"]) == (1, 3, 0)
    assert preview["policy_id"] is None
    assert any("one backup stays and 3 go" in warning for warning in preview["warnings"])
    assert one["resource_type"] == VOLUME


@pytest.mark.parametrize(
    ("definition", "word"),
    [
        ({"max_backups": 3, "retention_duration_days": 3}, "not both"),
        ({"day_backups": 3, "max_backups": 3}, "timezone"),
        ({"day_backups": 3, "max_backups": 3, "timezone": "Mars"}, "timezone"),
        ({"max_backups": -2}, "max_backups"),
    ],
)
def test_what_no_policy_can_be_is_refused_in_a_sentence(cbr: ApiServer, definition: Any, word: str) -> None:
    asked = {"vault_id": cbr.vault().id, "operation_definition": definition}
    refused(cbr.call("POST", "retention-previews", {"retention_preview": asked}), 400, "9900", word)


def test_days_without_a_count_are_warned_of(cbr: ApiServer) -> None:
    scene = Scene(cbr, 2, max_backups=9)
    asked = {"vault_id": scene.vault.id, "operation_definition": {"day_backups": 1, "timezone": "UTC+08:00"}}
    answer = cbr.call("POST", "retention-previews", {"retention_preview": asked}).json()["retention_preview"]
    assert answer["resources"][0]["kept"] == 2
    assert "day_backups has no effect without max_backups" in answer["warnings"][0]


def test_resources_come_in_pages(cbr: ApiServer) -> None:
    scene = Scene(cbr, 1, max_backups=1)
    for _ in range(2):
        cbr.backup(scene.vault, disks=0, extend_info={"auto_trigger": True})
    pages = [scene.preview(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [len(page["resources"]) for page in pages] == [2, 1, 0]
    assert {page["count"] for page in pages} == {3}
    assert scene.preview(resource_id=scene.resource)["count"] == 1
    assert scene.preview(vault_id=cbr.vault().id)["count"] == 0


def test_another_project_sees_nothing_of_it(cbr: ApiServer) -> None:
    scene = Scene(cbr, 1, max_backups=1)
    path = f"policies/{scene.policy['id']}/retention-preview"
    refused(cbr.call("GET", path, account="other"), 404, "6000")
    asked = {"vault_id": scene.vault.id, "operation_definition": {}}
    answer = cbr.call("POST", "retention-previews", {"retention_preview": asked}, account="other")
    refused(answer, 404, "6105")
