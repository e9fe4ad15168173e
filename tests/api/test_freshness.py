"""Freshness over HTTP: ages at the time of the request, missed and late runs as ListPolicyRuns has them, pages and filters."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model import policy_run as runs
from opencbr.model.lists import Page, PolicyRunFilter
from opencbr.model.vault import Vault
from opencbr.service.firing import fire, window
from opencbr.service.scheduler import Scheduler
from opencbr.store import policies, policy_runs, vaults

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, refused, server_ref
from .test_policies import let_it_be_due, room
from .test_policy_runs import NoCloud, protected

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def asked(cbr: ApiServer, path: str = "", **more: Any) -> Any:
    answer = cbr.call("GET", f"freshness{path}", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def vault_row(cbr: ApiServer, vault_id: str) -> dict[str, Any]:
    [row] = asked(cbr, f"/vaults?vault_id={vault_id}")["vaults"]
    return dict(row)


def stored(cbr: ApiServer, vault: dict[str, Any]) -> Vault:
    with cbr.database.read() as conn:
        found = vaults.get(conn, cbr.project(), vault["id"])
    assert found is not None
    return found


def test_ages_grow_with_the_clock_and_a_complete_backup_ends_them(cbr: ApiServer):
    old, new = new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(old), server_ref(new))
    cbr.clock.ahead = 5 * HOUR
    numbers = vault_row(cbr, vault["id"])
    assert (numbers["resources"], numbers["without_backup"]) == (2, 2)
    assert 5 * 3600 <= numbers["oldest_unprotected_seconds"] < 5 * 3600 + 60
    partial = cbr.backup(stored(cbr, vault), resource_id=old["id"], verdict="partial")
    done = cbr.backup(stored(cbr, vault), resource_id=new["id"], verdict="complete")
    cbr.clock.ahead = 7 * HOUR
    first, second = asked(cbr, f"/resources?vault_id={vault['id']}")["resources"]
    assert (first["id"], second["id"]) == (old["id"], new["id"])
    assert 7 * 3600 <= first["unprotected_seconds"] < 7 * 3600 + 60
    assert first["unprotected_since"] == first["bound_at"]
    assert (first["newest_complete"], first["newest_finished"]["backup_id"]) == (None, partial.id)
    assert first["newest_finished"]["verdict"] == "partial"
    assert second["newest_complete"] == second["newest_finished"]
    assert second["newest_complete"]["backup_id"] == done.id
    assert (
        2 * 3600 <= second["unprotected_seconds"] == second["newest_complete"]["age_seconds"] < 2 * 3600 + 60
    )
    assert second["newest_restore_tested"] is None
    assert vault_row(cbr, vault["id"])["without_backup"] == 0
    project = asked(cbr)["freshness"]
    assert project["oldest_unprotected_seconds"] >= first["unprotected_seconds"]
    assert project["resources"] >= 2


def test_pages_sorts_and_filters(cbr: ApiServer):
    servers = [new_server(cbr) for _ in range(3)]
    vault = new_vault(cbr, *(server_ref(one) for one in servers))
    cbr.backup(stored(cbr, vault), resource_id=servers[0]["id"], verdict="complete")
    mine = f"vault_id={vault['id']}"
    seen, marker = [], ""
    while page := asked(cbr, f"/resources?{mine}&sort=name:asc&limit=2{marker}")["resources"]:
        seen += [one["id"] for one in page]
        marker = f"&marker={seen[-1]}"
    assert seen == [one["id"] for one in sorted(servers, key=lambda one: str(one["name"]))]
    for query, count in (
        ("has_backup=true", 1),
        ("has_backup=false", 2),
        ("last_run=failed", 0),
        (f"resource_id={servers[1]['id']}", 1),
        ("resource_type=OS::Cinder::Volume", 0),
    ):
        assert asked(cbr, f"/resources?{mine}&{query}")["count"] == count, query
    empty = "vault_id=&resource_id=&resource_type=&has_backup=&last_run=&limit=&offset=&marker=&sort="
    assert asked(cbr, f"/resources?{empty}")["count"] == asked(cbr, "/resources")["count"] >= 3
    refused(cbr.call("GET", "freshness/resources?sort=size"), 400, "9900", "unprotected_since")
    refused(cbr.call("GET", f"freshness/resources?marker={vault['id']}"), 400, "9900", "marker")


def test_another_project_sees_nothing_of_it(cbr: ApiServer):
    server = new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    assert asked(cbr, f"/vaults?vault_id={vault['id']}", account="other")["vaults"] == []
    assert asked(cbr, f"/resources?resource_id={server['id']}", account="other")["count"] == 0
    refused(
        cbr.call("GET", f"freshness/resources?marker={server['id']}", account="other"), 400, "9900", "marker"
    )


def test_runs_are_counted_as_the_list_of_runs_has_them(cbr: ApiServer):
    policy, [server] = protected(cbr)
    let_it_be_due(cbr, policy)
    cbr.clock.ahead = timedelta(days=2)
    Scheduler(cbr.database, NoCloud(), cbr.clock, ScheduleSettings(run_missed=False), kept_days=30).round()  # type: ignore[arg-type]
    [row] = asked(cbr, f"/resources?resource_id={server}")["resources"]
    listed = cbr.call("GET", f"policies/{policy}/runs?status=missed&resource_id={server}&sort=due_at").json()
    assert row["missed_runs"] == listed["count"] == 3
    assert (row["late_runs"], row["policy_id"]) == (0, policy)
    assert row["last_run"] == {name: listed["runs"][0][name] for name in row["last_run"]}
    assert asked(cbr, f"/resources?resource_id={server}&last_run=missed")["count"] == 1
    assert vault_row(cbr, row["vault_id"])["last_run_failed"] == 0


def test_a_last_run_that_failed_and_one_that_is_late(cbr: ApiServer):
    policy_id, [server] = protected(cbr)
    assert cbr.call("POST", f"policies/{policy_id}/run").status_code == 202
    project = cbr.project()
    with cbr.database.write() as conn:
        policy = policies.get(conn, project, policy_id)
        [run] = policy_runs.list(conn, project, policy_id, PolicyRunFilter(), Page(1)).items
        assert policy is not None
        assert policy_runs.end(conn, run, runs.FAILED, "7100", "no answer", now=cbr.clock.now())
    [row] = asked(cbr, f"/resources?resource_id={server}&last_run=failed")["resources"]
    assert (row["last_run"]["status"], row["last_run"]["code"]) == ("failed", "BackupService.7100")
    assert vault_row(cbr, row["vault_id"])["last_run_failed"] == 1
    let_it_be_due(cbr, policy_id)
    cbr.clock.ahead = window(policy, ScheduleSettings()) + HOUR
    with cbr.database.write() as conn:
        assert fire(conn, ScheduleSettings(), project, policy_id, cbr.clock.now()) is not None
    [row] = asked(cbr, f"/resources?resource_id={server}")["resources"]
    late = cbr.call("GET", f"policies/{policy_id}/runs?late=true&resource_id={server}").json()
    assert row["late_runs"] == late["count"] == 1
    assert row["last_run"]["status"] == "failed"  # the late one has not ended
    taken = {"policy_id": policy_id}
    cbr.call("POST", f"vaults/{row['vault_id']}/dissociatepolicy", taken)
    [row] = asked(cbr, f"/resources?resource_id={server}")["resources"]
    assert (row["policy_id"], row["late_runs"], row["last_run"]) == (None, 0, None)
