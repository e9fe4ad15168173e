"""Which policy a vault has, over HTTP: with the vault, later, instead of another, no more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests

from opencbr.store import backups, vault_policies, vaults

from .api_server import ApiServer
from .protected_cloud import new_vault, refused, vault_body
from .test_policies import NOWHERE, changed, new_policy, room, shown
from .test_vault_operations import automatic


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer):
    yield from room(cbr)


def associate(cbr: ApiServer, vault_id: str, policy_id: str, **more: Any) -> requests.Response:
    return cbr.call("POST", f"vaults/{vault_id}/associatepolicy", {"policy_id": policy_id, **more})


def dissociate(cbr: ApiServer, vault_id: str, policy_id: str) -> requests.Response:
    return cbr.call("POST", f"vaults/{vault_id}/dissociatepolicy", {"policy_id": policy_id})  # trap T25


def policies_of(cbr: ApiServer, vault_id: str) -> list[str]:
    """The way of Terraform's provider."""
    return [one["id"] for one in cbr.call("GET", f"policies?vault_id={vault_id}").json()["policies"]]


def vaults_with(cbr: ApiServer, *policy_ids: str) -> set[str]:
    query = "&".join(f"policy_id={one}" for one in policy_ids)
    return {one["id"] for one in cbr.call("GET", f"vaults?{query}").json()["vaults"]}


def change_vault(cbr: ApiServer, vault_id: str, **changes: Any) -> None:
    with cbr.database.write() as conn:
        assert vaults.update(conn, cbr.project(), vault_id, **changes)


def test_a_vault_is_made_with_its_policy_and_bound_again_trap_t13(cbr: ApiServer):
    """Terraform's provider for OTC associates what the body of the create has bound."""
    policy = new_policy(cbr)["id"]
    vault = new_vault(cbr, backup_policy_id=policy)["id"]
    assert policies_of(cbr, vault) == [policy]
    told = {"policy_id": policy, "vault_id": vault, "destination_vault_id": None}
    for _ in range(2):
        answer = associate(cbr, vault, policy)
        assert (answer.status_code, answer.json()) == (200, {"associate_policy": told})
    assert shown(cbr, policy)["associated_vaults"] == [{"vault_id": vault, "destination_vault_id": None}]
    assert changed(cbr, policy, name="other")["associated_vaults"] == [
        {"vault_id": vault, "destination_vault_id": None}
    ]


def test_a_vault_is_not_made_with_a_policy_that_is_not_there(cbr: ApiServer):
    before = cbr.call("GET", "vaults").json()["count"]
    foreign = new_policy(cbr, account="other")["id"]
    for wrong in (NOWHERE, foreign, "nightly"):
        refused(cbr.call("POST", "vaults", vault_body(backup_policy_id=wrong)), 404, "6000")
    hybrid = vault_body(backup_policy_id=new_policy(cbr)["id"], billing={"cloud_type": "hybrid"})
    refused(cbr.call("POST", "vaults", hybrid), 400, "6136")
    assert cbr.call("GET", "vaults").json()["count"] == before
    assert new_vault(cbr, backup_policy_id="")  # an empty text is what Go clients leave unset


def test_another_policy_takes_the_place_of_the_first(cbr: ApiServer):
    first, second = new_policy(cbr)["id"], new_policy(cbr)["id"]
    vault, other = new_vault(cbr, backup_policy_id=first)["id"], new_vault(cbr)["id"]
    answer = cbr.call("POST", f"vaults/{vault}/associatepolicy", {"add_policy_ids": [second]})
    assert answer.json()["associate_policy"]["policy_id"] == second
    assert policies_of(cbr, vault) == [second]
    assert shown(cbr, first)["associated_vaults"] == []
    assert associate(cbr, other, first, add_policy_ids=[first]).status_code == 200
    assert vaults_with(cbr, first) == {other}
    assert vaults_with(cbr, first, second) == {vault, other}
    assert vaults_with(cbr, NOWHERE) == set()


def test_a_policy_is_taken_away_once(cbr: ApiServer):
    """The path says `dissociatepolicy` (trap T25)."""
    policy = new_policy(cbr)["id"]
    vault = new_vault(cbr, backup_policy_id=policy)["id"]
    answer = dissociate(cbr, vault, policy)
    told = {"policy_id": policy, "vault_id": vault, "destination_vault_id": None}
    assert (answer.status_code, answer.json()) == (200, {"dissociate_policy": told})
    assert policies_of(cbr, vault) == []
    refused(dissociate(cbr, vault, policy), 404, "6002", "vault_id")
    refused(dissociate(cbr, vault, NOWHERE), 404, "6000")
    refused(dissociate(cbr, NOWHERE, policy), 404, "6105")


def test_what_is_another_projects_is_not_bound(cbr: ApiServer):
    policy, foreign = new_policy(cbr)["id"], new_policy(cbr, account="other")["id"]
    vault, elsewhere = new_vault(cbr)["id"], new_vault(cbr, account="other")["id"]
    refused(associate(cbr, vault, foreign), 404, "6000")
    refused(associate(cbr, elsewhere, policy), 404, "6105")
    assert cbr.call("GET", f"policies?vault_id={elsewhere}").json()["policies"] == []
    assert vaults_with(cbr, foreign) == set()


def test_a_request_that_names_none_or_several_is_refused(cbr: ApiServer):
    policy, other, vault = new_policy(cbr)["id"], new_policy(cbr)["id"], new_vault(cbr)["id"]
    path = f"vaults/{vault}/associatepolicy"
    for body in ({}, {"add_policy_ids": []}, {"policy_id": policy, "add_policy_ids": [other]}):
        refused(cbr.call("POST", path, body), 400, "9900", "policy_id")
    refused(associate(cbr, vault, policy, destination_vault_id=vault), 400, "9900", "destination_vault_id")
    assert policies_of(cbr, vault) == []


def test_a_policy_goes_with_its_bindings_and_a_vault_with_its_own(cbr: ApiServer):
    policy = new_policy(cbr)["id"]
    vault, other = (
        new_vault(cbr, backup_policy_id=policy)["id"],
        new_vault(cbr, backup_policy_id=policy)["id"],
    )
    with cbr.database.write() as conn:
        assert vaults.dismiss(conn, cbr.project(), other, now=cbr.clock.now())
    assert shown(cbr, policy)["associated_vaults"] == [{"vault_id": vault, "destination_vault_id": None}]
    assert cbr.call("DELETE", f"policies/{policy}").status_code == 204
    assert policies_of(cbr, vault) == []
    assert cbr.call("GET", f"vaults/{vault}").status_code == 200
    refused(dissociate(cbr, vault, policy), 404, "6000")


def test_a_vault_in_deletion_or_hybrid_takes_no_policy(cbr: ApiServer):
    policy, vault = new_policy(cbr)["id"], new_vault(cbr)["id"]
    hybrid = new_vault(cbr, billing={"cloud_type": "hybrid"})["id"]
    refused(associate(cbr, hybrid, policy), 400, "6136")
    change_vault(cbr, vault, status="deleting")
    refused(associate(cbr, vault, policy), 400, "6110")
    refused(dissociate(cbr, vault, policy), 400, "6110")


def test_a_locked_vault_keeps_its_policy_and_what_that_keeps(cbr: ApiServer):
    definition = {"max_backups": 5}
    policy, other = new_policy(cbr, operation_definition=definition)["id"], new_policy(cbr)["id"]
    vault = new_vault(cbr, locked=True)["id"]
    assert associate(cbr, vault, policy).status_code == 200, "one that has none may get one"
    refused(dissociate(cbr, vault, policy), 400, "6110", "locked")
    refused(associate(cbr, vault, other), 400, "6110", "locked")
    refused(cbr.call("DELETE", f"policies/{policy}"), 400, "6110", vault)
    shorter = {"policy": {"operation_definition": {"max_backups": 4}}}
    refused(cbr.call("PUT", f"policies/{policy}", shorter), 400, "6110", vault)
    assert associate(cbr, vault, policy).status_code == 200
    assert changed(cbr, policy, operation_definition={"max_backups": 6}, enabled=False)["enabled"] is False
    change_vault(cbr, vault, locked=False)  # for the next test: no client can


def test_a_locked_vault_that_keeps_its_automatic_backups_takes_no_policy_that_would_end_them(cbr: ApiServer):
    counted = new_policy(cbr, operation_definition={"max_backups": 1})["id"]
    timed = new_policy(cbr, operation_definition={"retention_duration_days": 1})["id"]
    endless = new_policy(cbr, operation_definition={})["id"]
    vault = cbr.vault(locked=True)
    kept = automatic(cbr, cbr.backup(vault))
    for policy in (counted, timed):
        refused(associate(cbr, vault.id, policy), 400, "6110", "for ever")
    assert policies_of(cbr, vault.id) == []
    with cbr.database.write() as conn:
        backups.update(conn, cbr.project(), kept.id, expired_at=cbr.clock.now() + timedelta(days=1))
    assert associate(cbr, vault.id, counted).status_code == 200, "what has a day of its own goes on that"
    with cbr.database.write() as conn:
        vault_policies.unbind(conn, cbr.project(), vault.id)
        backups.update(conn, cbr.project(), kept.id, expired_at=None)
    assert associate(cbr, vault.id, endless).status_code == 200
    shorter = {"policy": {"operation_definition": {"max_backups": 1}}}
    refused(cbr.call("PUT", f"policies/{endless}", shorter), 400, "6110", vault.id)
    change_vault(cbr, vault.id, locked=False)  # for the next test: no client can


def test_a_locked_vaults_policy_chooses_the_last_of_a_day_in_its_zone_for_good(cbr: ApiServer):
    """In another zone other backups are the last of their days, and those that were kept would go."""
    daily = {"max_backups": 1, "day_backups": 7, "timezone": "UTC+00:00"}
    policy = new_policy(cbr, operation_definition=daily)["id"]
    vault = new_vault(cbr, locked=True, backup_policy_id=policy)["id"]
    moved = {"policy": {"operation_definition": daily | {"timezone": "UTC+08:00"}}}
    refused(cbr.call("PUT", f"policies/{policy}", moved), 400, "6110", vault)
    change_vault(cbr, vault, locked=False)  # for the next test: no client can
    assert cbr.call("PUT", f"policies/{policy}", moved).status_code == 200


def test_two_policies_for_one_vault_at_once_leave_one(cbr: ApiServer):
    vault, wanted = new_vault(cbr)["id"], [new_policy(cbr)["id"] for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda one: associate(cbr, vault, one), wanted))
    assert {one.status_code for one in answers} == {200}
    (left,) = policies_of(cbr, vault)
    assert left in wanted


def test_a_policy_bound_and_deleted_at_once_is_nowhere(cbr: ApiServer):
    vault, policy = new_vault(cbr)["id"], new_policy(cbr)["id"]

    def send(number: int) -> requests.Response:
        return cbr.call("DELETE", f"policies/{policy}") if number == 1 else associate(cbr, vault, policy)

    with ThreadPoolExecutor(3) as threads:
        bound, deleted, again = threads.map(send, range(3))
    assert deleted.status_code == 204
    for one in (bound, again):
        if one.status_code != 200:
            refused(one, 404, "6000")
    assert policies_of(cbr, vault) == []


def test_a_policy_taken_away_twice_at_once_is_taken_away_once(cbr: ApiServer):
    policy = new_policy(cbr)["id"]
    vault = new_vault(cbr, backup_policy_id=policy)["id"]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: dissociate(cbr, vault, policy), range(2)))
    assert sorted(one.status_code for one in answers) == [200, 404]
