"""Bind rules really bind: by a round of the workers' duty, servers and disks that bear a tag (contract 5.4)."""

import logging
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Lost
from opencbr.jobs.settings import WorkerSettings
from opencbr.model.ids import new_id
from opencbr.model.vault import MAX_RESOURCES
from opencbr.service.bind_rules import BindRules
from opencbr.store import ledger, resources
from opencbr.store.ledger import Entry
from opencbr.wiring import _bind_rules_duty

from .api_server import ApiServer
from .protected_cloud import new_disk, new_server, new_vault, refused, server_ref

_numbers = count(1)
LOG = "opencbr.service.bind_rules"


@pytest.fixture(name="key")
def _key() -> str:
    """A key that nothing else of this session bears."""
    return f"bind{next(_numbers)}"


@pytest.fixture(autouse=True)
def _no_rules_stay(cbr: ApiServer):
    yield
    for account in ("demo", "other"):
        for vault in cbr.call("GET", "vaults", account=account).json()["vaults"]:
            if vault["auto_bind"] and vault["billing"]["status"] == "available":
                change(cbr, vault, account=account, auto_bind=False)


def rules_vault(
    cbr: ApiServer, *tags: tuple[str, str], account: str = "demo", **changes: Any
) -> dict[str, Any]:
    rules = {"tags": [{"key": key, "value": value} for key, value in tags]}
    return new_vault(cbr, account=account, auto_bind=True, bind_rules=rules, **changes)


def change(cbr: ApiServer, vault: dict[str, Any], account: str = "demo", **changes: Any) -> None:
    answer = cbr.call("PUT", f"vaults/{vault['id']}", {"vault": changes}, account=account)
    assert answer.status_code == 200, answer.text


def rules_of(cbr: ApiServer) -> BindRules:
    return BindRules(cbr.database, cbr.adapter, cbr.clock, lambda: None)


def round_of(cbr: ApiServer) -> None:
    rules_of(cbr).bind_all()


def bound(cbr: ApiServer, vault: dict[str, Any], account: str = "demo") -> dict[str, bool]:
    """What is bound to a vault, and whether its rules have done it."""
    shown = cbr.call("GET", f"vaults/{vault['id']}", account=account).json()["vault"]
    return {row["id"]: row["bound_by_rules"] for row in shown["resources"]}


def test_servers_with_any_of_the_tags_are_bound_also_those_made_later(cbr: ApiServer, key: str):
    vault = rules_vault(cbr, (key, "yes"), (key, "also"), (f"{key}-word", ""))
    by_metadata = new_server(cbr, metadata={key: "yes", "role": "db"})
    by_tag = new_server(cbr, tags=["x", f"{key}=also"])
    by_word = new_server(cbr, tags=[f"{key}-word"])
    for other in ({"metadata": {key: "no"}}, {"tags": [key]}, {"metadata": {key.upper(): "yes"}}, {}):
        new_server(cbr, **other)
    new_disk(cbr, metadata={key: "yes"})
    round_of(cbr)
    early = {by_metadata["id"]: True, by_tag["id"]: True, by_word["id"]: True}
    assert bound(cbr, vault) == early
    later = new_server(cbr, metadata={key: "also"})
    round_of(cbr)
    assert bound(cbr, vault) == early | {later["id"]: True}
    change(cbr, vault, auto_bind=False)
    new_server(cbr, metadata={key: "yes"})
    round_of(cbr)
    assert len(bound(cbr, vault)) == 4


def test_disks_are_bound_to_a_vault_for_disks(cbr: ApiServer, key: str):
    vault = rules_vault(cbr, (key, "yes"), billing={"object_type": "disk"})
    disk = new_disk(cbr, metadata={key: "yes"})
    new_server(cbr, metadata={key: "yes"})
    round_of(cbr)
    assert bound(cbr, vault) == {disk["id"]: True}


def test_what_a_vault_has_stays_there_and_the_oldest_vault_takes_first(cbr: ApiServer, key: str):
    held, free = new_server(cbr, metadata={key: "yes"}), new_server(cbr, metadata={key: "yes"})
    by_hand = new_vault(cbr, server_ref(held, extra_info={"exclude_volumes": []}))
    first, second = rules_vault(cbr, (key, "yes")), rules_vault(cbr, (key, "yes"))
    round_of(cbr)
    assert bound(cbr, by_hand) == {held["id"]: False}
    assert (bound(cbr, first), bound(cbr, second)) == ({free["id"]: True}, {})


def test_a_full_vault_leaves_the_rest_to_the_next(cbr: ApiServer, key: str, monkeypatch: pytest.MonkeyPatch):
    assert MAX_RESOURCES == 256
    monkeypatch.setattr("opencbr.service.resources.MAX_RESOURCES", 2)
    servers = {new_server(cbr, metadata={key: "yes"})["id"] for _ in range(5)}
    first, second = rules_vault(cbr, (key, "yes")), rules_vault(cbr, (key, "yes"))
    round_of(cbr)
    assert (len(bound(cbr, first)), len(bound(cbr, second))) == (2, 2)
    assert bound(cbr, first).keys() | bound(cbr, second).keys() < servers


def test_two_projects_do_not_see_each_other(cbr: ApiServer, key: str):
    mine, theirs = rules_vault(cbr, (key, "yes")), rules_vault(cbr, (key, "yes"), account="other")
    my_server = new_server(cbr, metadata={key: "yes"})
    their_server = new_server(cbr, "other", metadata={key: "yes"})
    round_of(cbr)
    assert bound(cbr, mine) == {my_server["id"]: True}
    assert bound(cbr, theirs, "other") == {their_server["id"]: True}


def test_what_a_person_has_taken_out_stays_out_until_a_person_binds_it(cbr: ApiServer, key: str):
    vault, server = rules_vault(cbr, (key, "yes")), new_server(cbr, metadata={key: "yes"})
    round_of(cbr)
    assert bound(cbr, vault) == {server["id"]: True}
    path = f"vaults/{vault['id']}"
    taken_out = cbr.call("POST", f"{path}/removeresources", {"resource_ids": [server["id"]]})
    assert taken_out.status_code == 200
    with cbr.database.write() as conn:  # what the worker does at the end of the removal
        assert resources.unbind(conn, cbr.project(), server["id"], vault["id"])
    for _ in range(2):
        round_of(cbr)
        assert bound(cbr, vault) == {}
    by_hand = {"resources": [server_ref(server)]}
    assert cbr.call("POST", f"{path}/addresources", by_hand).status_code == 200
    assert bound(cbr, vault) == {server["id"]: False}
    with cbr.database.write() as conn:  # its vault was deleted, say: nobody has taken this server out
        assert resources.unbind(conn, cbr.project(), server["id"], vault["id"])
    round_of(cbr)
    assert bound(cbr, vault) == {server["id"]: True}


def test_what_jobs_are_making_is_left_alone(cbr: ApiServer, key: str):
    """A drill's server bears the metadata of the record, and so does a server while it is being restored."""
    vault = rules_vault(cbr, (key, "yes"))
    by_id, by_name = (new_server(cbr, metadata={key: "yes"}) for _ in range(2))
    made = {}
    for name, upstream_id in (("not-its-name-any-more", by_id["id"]), (by_name["name"], None)):
        now = cbr.clock.now()
        entry = Entry(
            id=new_id(now),
            project_id=cbr.project(),
            operation_log_id=new_id(now),
            kind="server",
            key="server",
            name=name,
            upstream_id=upstream_id,
            created_at=now,
            updated_at=now,
        )
        made[name] = entry.id
        with cbr.database.write() as conn:
            ledger.plan(conn, entry)
    round_of(cbr)
    assert bound(cbr, vault) == {}
    with cbr.database.write() as conn:
        for entry_id in made.values():
            assert ledger.gone(conn, entry_id)
    round_of(cbr)
    assert bound(cbr, vault) == {by_id["id"]: True, by_name["id"]: True}


def test_rules_that_match_nothing_cost_one_list(cbr: ApiServer, key: str):
    rules_vault(cbr, (key, "yes"))
    rules_vault(cbr, (key, "no"))
    rules_vault(cbr)  # without rules it takes nothing
    rules = rules_of(cbr)
    rules.bind_all()
    before = len(cbr.cloud.calls.find())
    rules.bind_all()
    calls = [call for call in cbr.cloud.calls.find()[before:] if call.service != "identity"]
    # A page that is not full is followed by the question whether there is more.
    assert {(call.service, call.path) for call in calls} == {("compute", calls[0].path)}
    assert calls[0].path.endswith("/servers/detail")
    assert len(calls) <= 3


def test_what_cannot_be_bound_is_told_once_and_keeps_nothing_else(
    cbr: ApiServer, key: str, caplog: pytest.LogCaptureFixture
):
    vault = rules_vault(cbr, (key, "yes"))
    building = new_server(cbr, metadata={key: "yes"}, status="BUILD")
    bare = new_server(cbr, sizes=(), image_id="", metadata={key: "yes"})
    twice = new_server(cbr, metadata={key: "yes"})
    disks = new_vault(
        cbr, {"id": twice["disks"][0], "type": "OS::Cinder::Volume"}, billing={"object_type": "disk"}
    )
    good = new_server(cbr, metadata={key: "yes"})
    rules = rules_of(cbr)
    with caplog.at_level(logging.WARNING, LOG):
        for _ in range(2):
            rules.bind_all()
    assert bound(cbr, vault) == {good["id"]: True}
    told = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert sorted(line.split(":")[0] for line in told) == sorted(
        f"bind rules cannot bind {one['id']}" for one in (bare, twice)
    )
    assert any(disks["id"] in line for line in told)
    backend = cbr.cloud.backend
    with backend.state.change():
        backend.state.put("server", backend.state.get("server", building["id"]) | {"status": "ACTIVE"})
    rules.bind_all()
    assert bound(cbr, vault) == {good["id"]: True, building["id"]: True}


def test_a_cloud_that_fails_ends_with_a_line_and_the_next_round(
    cbr: ApiServer, key: str, caplog: pytest.LogCaptureFixture
):
    vault, server = rules_vault(cbr, (key, "yes")), new_server(cbr, metadata={key: "yes"})
    theirs = rules_vault(cbr, (key, "yes"), account="other")
    their_server = new_server(cbr, "other", metadata={key: "yes"})
    rules = rules_of(cbr)
    with caplog.at_level(logging.WARNING, LOG):
        cbr.cloud.faults.inject(service="compute", path="/servers/detail", status=403, times=1)
        rules.bind_all()
    cbr.cloud.faults.clear()
    (line,) = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert line.startswith("the bind rules of 1 of 2 projects wait for the next round: compute GET ")
    # The other project was not kept waiting.
    assert sorted([len(bound(cbr, vault)), len(bound(cbr, theirs, "other"))]) == [0, 1]
    rules.bind_all()
    assert bound(cbr, vault) == {server["id"]: True}
    assert bound(cbr, theirs, "other") == {their_server["id"]: True}


def test_two_workers_at_once_do_no_harm(cbr: ApiServer, key: str):
    """Whoever comes second finds it bound; it comes between the other's list and its writing."""
    vault, server = rules_vault(cbr, (key, "yes")), new_server(cbr, metadata={key: "yes"})
    looks = count(1)

    def guard() -> None:
        if next(looks) == 2:  # the first has its matches, and goes to bind them
            round_of(cbr)

    BindRules(cbr.database, cbr.adapter, cbr.clock, guard).bind_all()
    assert bound(cbr, vault) == {server["id"]: True}


def test_the_workers_duty(cbr: ApiServer, key: str):
    vault, server = rules_vault(cbr, (key, "yes")), new_server(cbr, metadata={key: "yes"})
    lost = [False]

    def guard() -> None:
        if lost[0]:
            raise Lost

    tools = SimpleNamespace(
        database=cbr.database,
        cloud=cbr.adapter,
        clock=cbr.clock,
        guard=guard,
        settings=WorkerSettings(bind_seconds=7.0),
    )
    duty = _bind_rules_duty(cast("JobContext", tools))
    assert (duty.name, duty.interval_seconds, duty.leader_only) == ("bind-rules", 7.0, True)
    lost[0] = True
    with pytest.raises(Lost):
        duty.run()
    assert bound(cbr, vault) == {}
    lost[0] = False
    assert not duty.run()
    assert bound(cbr, vault) == {server["id"]: True}


def test_rules_that_may_not_be_given(cbr: ApiServer):
    vault = new_vault(cbr)
    for tags in ([{"key": ""}], [{"key": "a" * 256}], [{"key": "a", "value": "b" * 256}], [{"key": "a"}] * 6):
        body = {"vault": {"bind_rules": {"tags": tags}}}
        refused(cbr.call("PUT", f"vaults/{vault['id']}", body), 400, "9900", "bind_rules.tags")
