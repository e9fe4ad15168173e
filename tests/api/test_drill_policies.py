"""Policies of drills over HTTP: opencbr's own, beside those for backups, which read as if there were no others."""

from collections.abc import Iterator
from typing import Any

import pytest

from opencbr.model.ids import new_id
from opencbr.model.policy_run import PolicyRun
from opencbr.store import policy_runs, vaults

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, refused, server_ref, vault_body
from .test_policies import changed, new_policy, policy_request, room, shown
from .test_vault_policies import associate, dissociate, policies_of


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def new_drills(cbr: ApiServer, **definition: Any) -> dict[str, Any]:
    return new_policy(cbr, name="weekly", operation_type="drill", operation_definition=definition)


def listed(cbr: ApiServer, query: str = "") -> list[str]:
    return [one["id"] for one in cbr.call("GET", f"policies{query}").json()["policies"]]


def test_it_is_made_and_changed_as_others_are(cbr: ApiServer):
    made = new_drills(cbr, drill_sample=3)
    assert (made["operation_type"], made["operation_definition"]) == ("drill", {"drill_sample": 3})
    assert len(made["next_runs"]) == 5
    assert new_drills(cbr)["operation_definition"] == {}
    assert changed(cbr, made["id"], operation_definition={"drill_sample": 1})["operation_definition"] == {
        "drill_sample": 1
    }
    assert shown(cbr, made["id"])["operation_type"] == "drill"
    put = {"policy": {"operation_type": "backup"}}
    refused(cbr.call("PUT", f"policies/{made['id']}", put), 400, "9900", "operation_type")


def test_who_does_not_ask_for_drills_sees_policies_of_backups_alone(cbr: ApiServer):
    """A client of CBR would take a vault's policy of drills for one of its own, and take it away."""
    drills, backups = new_drills(cbr)["id"], new_policy(cbr)
    assert "drill_sample" not in backups["operation_definition"]
    vault = new_vault(cbr, backup_policy_id=backups["id"])["id"]
    assert associate(cbr, vault, drills).status_code == 200
    assert listed(cbr) == listed(cbr, "?operation_type=backup") == [backups["id"]]
    assert listed(cbr, "?operation_type=drill") == [drills]
    assert listed(cbr, "?operation_type=drill&operation_type=backup") == [backups["id"], drills]
    assert policies_of(cbr, vault) == [backups["id"]]
    assert listed(cbr, f"?vault_id={vault}&operation_type=drill") == [drills]
    other = new_drills(cbr)["id"]
    assert associate(cbr, vault, other).status_code == 200
    assert listed(cbr, f"?vault_id={vault}&operation_type=drill") == [other], "one of a kind"
    assert dissociate(cbr, vault, other).status_code == 200
    assert policies_of(cbr, vault) == [backups["id"]]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"operation_type": "drill", "operation_definition": {"max_backups": 3}}, "max_backups"),
        ({"operation_type": "drill", "operation_definition": {"full_backup_interval": 2}}, "keeps no backup"),
        ({"operation_type": "drill", "operation_definition": {"drill_sample": 0}}, "drill_sample"),
        ({"operation_type": "drill", "operation_definition": {"drill_sample": 101}}, "drill_sample"),
        ({"operation_definition": {"drill_sample": 3}}, "operation_type drill"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(cbr: ApiServer, changes: dict[str, Any], word: str):
    refused(cbr.call("POST", "policies", policy_request(**changes)), 400, "9900", word)


def test_a_vault_of_disks_and_a_backup_policy_s_place_take_none(cbr: ApiServer):
    drills = new_drills(cbr)["id"]
    disks = cbr.call("POST", "vaults", vault_body(billing={"object_type": "disk"})).json()["vault"]["id"]
    refused(associate(cbr, disks, drills), 400, "6127", "for disks")
    refused(
        cbr.call("POST", "vaults", vault_body(backup_policy_id=drills)), 400, "6127", "AssociateVaultPolicy"
    )


def test_a_locked_vault_lets_drills_come_and_go(cbr: ApiServer):
    drills, vault = new_drills(cbr, drill_sample=2)["id"], new_vault(cbr)["id"]
    with cbr.database.write() as conn:
        assert vaults.update(conn, cbr.project(), vault, locked=True)
    assert associate(cbr, vault, drills).status_code == 200
    assert associate(cbr, vault, new_drills(cbr)["id"]).status_code == 200
    assert associate(cbr, vault, drills).status_code == 200
    assert dissociate(cbr, vault, drills).status_code == 200


def test_it_keeps_nothing_and_its_runs_say_what_they_are(cbr: ApiServer):
    drills, server = new_drills(cbr)["id"], new_server(cbr)
    vault = new_vault(cbr, server_ref(server))["id"]
    associate(cbr, vault, drills)
    refused(cbr.call("GET", f"policies/{drills}/retention-preview"), 400, "9900", "drills")
    answer = cbr.call("POST", f"policies/{drills}/run")
    assert answer.status_code == 202, answer.text
    [run] = answer.json()["runs"]
    assert (run["operation_type"], run["resource_id"]) == ("drill", server["id"])


def fired(cbr: ApiServer, policy_id: str, account: str = "demo") -> str:
    """Write what the scheduler writes when a policy of drills tries a backup; the drill's id."""
    backup, now = cbr.backup(cbr.vault(account)), cbr.clock.now()
    answer = cbr.call("POST", "drills", {"drill": {"backup_id": backup.id}}, account=account)
    drill = str(answer.json()["drill"]["id"])
    run = PolicyRun(
        id=new_id(now),
        project_id=backup.project_id,
        policy_id=policy_id,
        vault_id=backup.vault_id,
        resource_id=backup.resource_id,
        resource_name=backup.resource_name,
        resource_type=backup.resource_type,
        operation_type="drill",
        status="running",
        operation_log_id=drill,
        due_at=now,
        not_before=now,
        start_by=now,
        created_at=now,
    )
    with cbr.database.write() as conn:
        assert policy_runs.insert(conn, run)
    return drill


def test_the_drills_of_a_policy_are_listed(cbr: ApiServer):
    one, other = new_drills(cbr)["id"], new_drills(cbr)["id"]
    made = [fired(cbr, policy) for policy in (one, one, other)]

    def found(query: str, account: str = "demo") -> list[str]:
        rows = cbr.call("GET", f"drills?{query}", account=account).json()["drills"]
        return [row["id"] for row in rows]

    assert found(f"policy_id={one}") == [made[1], made[0]]
    assert found(f"policy_id={one}&limit=1&marker={made[1]}") == [made[0]]
    assert set(found(f"policy_id={one}&policy_id={other}")) == {*made}
    assert found(f"policy_id={one}&verdict=passed") == found(f"policy_id={new_policy(cbr)['id']}") == []
    assert found(f"policy_id={one}", account="other") == []
