"""Runs of policies over HTTP: run now, and the list with what was missed. Starting them is tested with the scheduler."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from opencbr.jobs.settings import ScheduleSettings
from opencbr.service.scheduler import Scheduler

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, refused, server_ref
from .test_policies import half_a_day_away, let_it_be_due, new_policy, room


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def protected(cbr: ApiServer, servers: int = 1) -> tuple[str, list[str]]:
    """A policy of a vault with servers; the ids of both."""
    made = [new_server(cbr) for _ in range(servers)]
    vault = new_vault(cbr, *(server_ref(one) for one in made))
    policy = str(new_policy(cbr, half_a_day_away(cbr))["id"])
    answer = cbr.call("POST", f"vaults/{vault['id']}/associatepolicy", {"policy_id": policy})
    assert answer.status_code == 200, answer.text
    return policy, [str(one["id"]) for one in made]


def runs(cbr: ApiServer, policy: str, query: str = "") -> dict[str, Any]:
    answer = cbr.call("GET", f"policies/{policy}/runs{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def looked(cbr: ApiServer, cloud: Any, **settings: Any) -> None:
    Scheduler(cbr.database, cloud, cbr.clock, ScheduleSettings(**settings), kept_days=30).round()


def test_run_now_answers_a_run_for_each_resource_and_no_second_one(cbr: ApiServer):
    policy, servers = protected(cbr, 2)
    answer = cbr.call("POST", f"policies/{policy}/run")
    assert answer.status_code == 202, answer.text
    made = answer.json()["runs"]
    assert {(one["resource_id"], one["trigger"], one["status"]) for one in made} == {
        (server, "request", "waiting") for server in servers
    }
    again = cbr.call("POST", f"policies/{policy}/run").json()["runs"]
    assert {one["id"] for one in again} == {one["id"] for one in made}
    assert runs(cbr, policy)["count"] == 2


def test_a_policy_of_no_vault_and_one_that_is_not_there_are_refused(cbr: ApiServer):
    policy = new_policy(cbr)["id"]
    refused(cbr.call("POST", f"policies/{policy}/run"), 400, "0001", "give a vault the policy")
    refused(cbr.call("POST", f"policies/{policy}/run", account="other"), 404, "6000")
    refused(cbr.call("GET", f"policies/{policy}/runs", account="other"), 404, "6000")


class NoCloud:
    def reader(self) -> Any:
        raise AssertionError("what is missed asks nobody")


def test_missed_times_are_listed_by_status_and_page(cbr: ApiServer):
    policy, [server] = protected(cbr)
    let_it_be_due(cbr, policy)
    cbr.clock.ahead = timedelta(days=2)
    looked(cbr, NoCloud(), run_missed=False)
    found = runs(cbr, policy, "?status=missed&sort=due_at:asc&limit=2")
    assert (found["count"], len(found["runs"])) == (3, 2)
    assert {one["resource_id"] for one in found["runs"]} == {server}
    assert "no worker was there" in found["runs"][0]["reason"]
    rest = runs(cbr, policy, f"?status=missed&sort=due_at:asc&limit=2&marker={found['runs'][-1]['id']}")
    assert len(rest["runs"]) == 1
    assert runs(cbr, policy, "?status=waiting&late=true") == {
        "runs": [],
        "count": 0,
        "limit": 1000,
        "offset": 0,
    }
