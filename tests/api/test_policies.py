"""Chapter Policy over HTTP: make, show, list, change, delete; what is sent comes back, and what is wrong is named."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from opencbr.model.times import wire_time
from opencbr.service.context import operator
from opencbr.store import policies, tables

from .api_server import ApiServer
from .protected_cloud import refused

NOWHERE = "5a1b2c3d-0000-4000-8000-000000000000"
NIGHTLY = "FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30"


def policy_request(*patterns: str, **changes: Any) -> dict[str, Any]:
    properties = {"pattern": list(patterns or (NIGHTLY,)), **changes.pop("properties", {})}
    policy = {"name": "nightly", "operation_type": "backup", "operation_definition": {}}
    return {"policy": policy | {"trigger": {"properties": properties}} | changes}


def room(cbr: ApiServer) -> Iterator[None]:
    """Begin without policies, whoever has left some, and leave none: a project has 32 at most."""
    with cbr.database.write() as conn:
        conn.execute(delete(tables.policy))
    yield
    with cbr.database.write() as conn:
        conn.execute(delete(tables.policy))


def new_policy(cbr: ApiServer, *patterns: str, account: str = "demo", **changes: Any) -> dict[str, Any]:
    """Create a policy over HTTP and return it as answered."""
    answer = cbr.call("POST", "policies", policy_request(*patterns, **changes), account=account)
    assert answer.status_code == 200, answer.text
    return answer.json()["policy"]


def half_a_day_away(cbr: ApiServer) -> str:
    """A daily time that no look at the clock in a test comes near to, whatever the hour is."""
    return f"FREQ=DAILY;INTERVAL=1;BYHOUR={(cbr.clock.now().hour + 12) % 24};BYMINUTE=00"


def changed(cbr: ApiServer, policy_id: str, **changes: Any) -> dict[str, Any]:
    answer = cbr.call("PUT", f"policies/{policy_id}", {"policy": changes})
    assert answer.status_code == 200, answer.text
    return answer.json()["policy"]


def shown(cbr: ApiServer, policy_id: str) -> dict[str, Any]:
    answer = cbr.call("GET", f"policies/{policy_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["policy"]


def next_fire(cbr: ApiServer, policy_id: str) -> datetime | None:
    with cbr.database.read() as conn:
        found = policies.get(conn, cbr.project(), policy_id)
    assert found
    return found.next_fire_at


def let_it_be_due(cbr: ApiServer, policy_id: str) -> datetime:
    """As if no worker had looked since its last time."""
    due = cbr.clock.now() - timedelta(hours=1)
    with cbr.database.write() as conn:
        assert policies.update(conn, cbr.project(), policy_id, next_fire_at=due)
        bound = update(tables.resource).where(tables.resource.c.created_at > due)
        conn.execute(bound.values(created_at=due))
    return due


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer):
    yield from room(cbr)


def test_a_new_policy_is_shown_as_it_was_made(cbr: ApiServer):
    created = new_policy(cbr)
    assert created["associated_vaults"] is None  # contract 3.7: of the answer of create alone
    assert created["name"] == "nightly"
    assert created["enabled"] is True
    assert created["operation_type"] == "backup"
    assert created["operation_definition"] == {}
    assert created["policy_type"] == "custom_policy"
    trigger = created["trigger"]
    assert (trigger["name"], trigger["type"]) == ("default", "time")
    assert trigger["id"] not in {created["id"], None}
    properties = dict(trigger["properties"])
    made = datetime.strptime(properties.pop("start_time"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert abs(cbr.clock.now() - made) < timedelta(minutes=5)
    assert properties == {"pattern": [NIGHTLY], "start_window_minutes": None, "time_zone": None}
    assert len(created["next_runs"]) == 5
    assert all(run.endswith("T02:30:00.000000") for run in created["next_runs"])  # naive, UTC (T9)
    assert shown(cbr, created["id"]) == created | {"associated_vaults": []}


def test_patterns_come_back_byte_for_byte_and_in_order_trap_t14(cbr: ApiServer):
    """Terraform reads them with regular expressions: order of keys, zeros and semicolons count."""
    patterns = [
        "FREQ=WEEKLY;BYDAY=WE,MO,TU;BYHOUR=14;BYMINUTE=00",
        "FREQ=WEEKLY;BYDAY=MO;BYHOUR=07;BYMINUTE=5;",
        "BYMINUTE=00;BYHOUR=20;BYDAY=SU;FREQ=WEEKLY",
    ]
    created = new_policy(cbr, *patterns)
    assert created["trigger"]["properties"]["pattern"] == patterns
    assert shown(cbr, created["id"])["trigger"]["properties"]["pattern"] == patterns
    (listed,) = cbr.call("GET", "policies").json()["policies"]
    assert listed["trigger"]["properties"]["pattern"] == patterns
    assert changed(cbr, created["id"], name="other")["trigger"]["properties"]["pattern"] == patterns


DEFINITIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a number": {"max_backups": 30},
    "days": {"retention_duration_days": 7},
    "for ever, as Terraform sends it (T17)": {"max_backups": -1, "retention_duration_days": -1},
    "days beside no number, as openstack cbr sends it": {"retention_duration_days": -1, "max_backups": 5},
    "long term": {
        "max_backups": 10,
        "day_backups": 1,
        "week_backups": 2,
        "month_backups": 4,
        "year_backups": 3,
        "timezone": "UTC+08:00",
        "full_backup_interval": 0,
    },
    "zeros beside days, as gopher sends them": {
        "day_backups": 0,
        "week_backups": 0,
        "year_backups": 0,
        "month_backups": 0,
        "retention_duration_days": 30,
        "timezone": "UTC+00:00",
    },
    "a time zone alone": {"timezone": "UTC-03:30"},
    "every full": {"full_backup_interval": 1},
    "no more full ones": {"full_backup_interval": -1},
    "only the days' last": {"max_backups": 0, "day_backups": 7, "timezone": "UTC+01:00"},
}


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_definition_comes_back_as_it_was_sent(cbr: ApiServer, definition: dict[str, Any]):
    created = new_policy(cbr, operation_definition=definition)
    assert created["operation_definition"] == definition
    assert shown(cbr, created["id"])["operation_definition"] == definition
    other = new_policy(cbr, operation_definition={"max_backups": 3})
    assert changed(cbr, other["id"], operation_definition=definition)["operation_definition"] == definition


def test_members_that_are_null_false_or_unknown_are_none(cbr: ApiServer):
    created = new_policy(
        cbr,
        operation_definition={
            "max_backups": 3,
            "day_backups": None,
            "destination_region": "",
            "enable_acceleration": False,
            "advanced_retention_rules": {},
            "unknown": 5,
        },
        enabled=None,
        unknown={"is": "ignored"},
    )
    assert created["operation_definition"] == {"max_backups": 3}
    assert created["enabled"] is True


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"name": ""}, "9900", "name"),
    "a name with a space": ({"name": "a b"}, "9900", "name"),
    "a type that is not offered": ({"operation_type": "replication"}, "6117", "replication"),
    "a type that is none": ({"operation_type": "copy"}, "9900", "operation_type"),
    "both limits": (
        {"operation_definition": {"max_backups": 3, "retention_duration_days": 3}},
        "9900",
        "not both",
    ),
    "days and long term": (
        {"operation_definition": {"retention_duration_days": 3, "week_backups": 1, "timezone": "UTC+00:00"}},
        "9900",
        "week_backups",
    ),
    "long term without a time zone": ({"operation_definition": {"year_backups": 1}}, "9900", "timezone"),
    "nothing kept, by number": ({"operation_definition": {"max_backups": 0}}, "9900", "max_backups"),
    "nothing kept, by days": (
        {"operation_definition": {"retention_duration_days": 0}},
        "9900",
        "retention_duration_days",
    ),
    "a limit below": ({"operation_definition": {"max_backups": -2}}, "9900", "max_backups"),
    "too many days' backups": ({"operation_definition": {"day_backups": 101}}, "9900", "day_backups"),
    "a time zone of days that is none": (
        {"operation_definition": {"timezone": "Europe/Berlin"}},
        "9900",
        "timezone",
    ),
    "an offset that is none": ({"operation_definition": {"timezone": "UTC+25:00"}}, "9900", "timezone"),
    "full ones too seldom": (
        {"operation_definition": {"full_backup_interval": 101}},
        "9900",
        "full_backup_interval",
    ),
    **{
        f"{name} of replication": ({"operation_definition": {name: value}}, "9900", name)
        for name, value in {
            "destination_region": "r",
            "destination_project_id": "p",
            "cross_account_urn": "urn",
            "enable_acceleration": True,
            "advanced_retention_rules": {"weekly_retention_rules": {"days_of_week": ["MO"]}},
        }.items()
    },
    "a window too short": ({"properties": {"start_window_minutes": 59}}, "9900", "start_window_minutes"),
    "a zone that is none": ({"properties": {"time_zone": "Middle/Earth"}}, "9900", "time_zone"),
    "a zone that is a path": ({"properties": {"time_zone": "../../etc/passwd"}}, "9900", "time_zone"),
    **{
        f"pattern: {name}": ({"properties": {"pattern": patterns}}, "9900", "trigger.properties.pattern")
        for name, patterns in {
            "none": [],
            "nonsense": ["every night"],
            "another frequency": ["FREQ=SECONDLY"],
            "each minute": ["FREQ=DAILY;BYHOUR=2;BYMINUTE=" + ",".join(map(str, range(60)))],
            "no hour": ["FREQ=DAILY;BYMINUTE=0"],
            "no such hour": ["FREQ=DAILY;BYHOUR=24;BYMINUTE=0"],
            "never": ["FREQ=DAILY;INTERVAL=0;BYHOUR=1;BYMINUTE=0"],
            "half an hour apart": [NIGHTLY, "FREQ=DAILY;INTERVAL=1;BYHOUR=03;BYMINUTE=00"],
            "an end that is past": ["FREQ=DAILY;BYHOUR=1;BYMINUTE=0;UNTIL=20200101T000000Z"],
            "more than 24": [f"FREQ=WEEKLY;BYDAY=MO;BYHOUR={n % 24};BYMINUTE=0" for n in range(25)],
        }.items()
    },
}


@pytest.mark.parametrize(("changes", "code", "word"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_nothing_is_made_or_changed(
    cbr: ApiServer, changes: dict[str, Any], code: str, word: str
):
    refused(cbr.call("POST", "policies", policy_request(**changes)), 400, code, word)
    assert cbr.call("GET", "policies").json() == {"policies": [], "count": 0}
    created = new_policy(cbr, properties={"start_window_minutes": 60})
    wanted = dict(changes)
    properties = wanted.pop("properties", None)
    body = {"policy": wanted | ({"trigger": {"properties": properties}} if properties else {})}
    refused(cbr.call("PUT", f"policies/{created['id']}", body), 400, "9900", word)
    assert shown(cbr, created["id"]) == created | {"associated_vaults": []}


def test_a_member_that_is_missing_is_named(cbr: ApiServer):
    for member in ("name", "operation_type", "operation_definition", "trigger"):
        body = policy_request()
        del body["policy"][member]
        refused(cbr.call("POST", "policies", body), 400, "9900", member)


def test_what_is_left_out_stays_and_null_is_the_default(cbr: ApiServer):
    created = new_policy(
        cbr,
        operation_definition={"max_backups": 3},
        properties={"start_window_minutes": 90, "time_zone": "Europe/Berlin"},
    )
    same = created | {"associated_vaults": []}
    assert changed(cbr, created["id"]) == same
    assert changed(cbr, created["id"], name=None, enabled=None, trigger=None, operation_type="backup") == same
    named = changed(cbr, created["id"], name="other", operation_definition={"retention_duration_days": 5})
    assert named == same | {"name": "other", "operation_definition": {"retention_duration_days": 5}}
    properties = changed(
        cbr, created["id"], trigger={"properties": {"pattern": [NIGHTLY.replace("02", "04")]}}
    )["trigger"]["properties"]
    assert (properties["start_window_minutes"], properties["time_zone"]) == (90, "Europe/Berlin")
    null = {"start_window_minutes": None, "time_zone": None, "pattern": None}
    properties = changed(cbr, created["id"], trigger={"properties": null})["trigger"]["properties"]
    assert (properties["start_window_minutes"], properties["time_zone"]) == (None, None)
    assert properties["pattern"] == [NIGHTLY.replace("02", "04")]


def test_times_are_local_where_a_time_zone_is_named(cbr: ApiServer):
    created = new_policy(cbr, properties={"time_zone": "Asia/Kolkata"})
    assert all(run.endswith("T21:00:00.000000") for run in created["next_runs"])


def test_it_fires_next_at_the_first_of_its_times_and_never_for_an_edit(cbr: ApiServer):
    created = new_policy(cbr)
    first = next_fire(cbr, created["id"])
    assert first
    assert first > cbr.clock.now()
    assert created["next_runs"][0] == first.strftime("%Y-%m-%dT%H:%M:%S.%f")
    due = let_it_be_due(cbr, created["id"])
    changed(cbr, created["id"], name="other", operation_definition={"max_backups": 4})
    assert next_fire(cbr, created["id"]) == due, "what an edit does not touch is neither lost nor done again"
    changed(cbr, created["id"], enabled=True, trigger={"properties": {"pattern": [NIGHTLY]}})
    assert next_fire(cbr, created["id"]) == due, "the same times again"
    for change in (
        {"trigger": {"properties": {"pattern": [NIGHTLY.replace("02", "05")]}}},
        {"trigger": {"properties": {"time_zone": "Europe/Berlin"}}},
    ):
        let_it_be_due(cbr, created["id"])
        changed(cbr, created["id"], **change)
        again = next_fire(cbr, created["id"])
        assert again
        assert again > cbr.clock.now()


def test_a_policy_that_is_disabled_does_not_fire_and_does_not_make_up_for_it(cbr: ApiServer):
    created = new_policy(cbr, enabled=False)
    assert (created["enabled"], created["next_runs"]) == (False, [])
    assert next_fire(cbr, created["id"]) is None
    enabled = changed(cbr, created["id"], enabled=True)
    assert len(enabled["next_runs"]) == 5
    let_it_be_due(cbr, created["id"])
    assert changed(cbr, created["id"], enabled=False)["next_runs"] == []
    assert next_fire(cbr, created["id"]) is None
    changed(cbr, created["id"], enabled=True)
    fires = next_fire(cbr, created["id"])
    assert fires
    assert fires > cbr.clock.now()


def test_every_other_day_is_counted_from_the_day_it_was_made(cbr: ApiServer):
    created = new_policy(cbr, "FREQ=DAILY;INTERVAL=2;BYHOUR=02;BYMINUTE=30")
    tomorrow = operator(cbr.project(), cbr.clock.now() + timedelta(days=1))
    view = cbr.services.policies.show(tomorrow, created["id"])
    assert wire_time(view.next_runs[0]) in created["next_runs"]
    for enabled in (False, True):
        view = cbr.services.policies.update(tomorrow, created["id"], {"enabled": enabled})
    assert wire_time(view.policy.next_fire_at) in created["next_runs"]


def test_lists_have_pages_and_filters(cbr: ApiServer):
    made = [new_policy(cbr, name=f"p{number}")["id"] for number in range(3)]

    def ids(query: str = "") -> list[str]:
        answer = cbr.call("GET", f"policies{query}")
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["policies"]]

    assert ids() == made[::-1], "the newest first"
    assert ids("?limit=2") == made[:0:-1]
    assert ids(f"?limit=2&marker={made[1]}") == [made[0]]  # trap T10
    assert ids("?offset=9") == []
    assert ids("?sort=name:asc") == made
    assert ids("?operation_type=backup") == made[::-1]
    assert ids("?operation_type=replication") == []
    assert ids("?operation_type=replication&operation_type=backup") == made[::-1]
    assert ids(f"?vault_id={NOWHERE}") == []
    assert ids("?vault_id=") == made[::-1]
    assert cbr.call("GET", "policies?limit=1").json()["count"] == 3
    refused(cbr.call("GET", f"policies?marker={NOWHERE}"), 400, "9900", "marker")
    refused(cbr.call("GET", "policies?operation_type=copy"), 400, "9900", "operation_type")


def test_a_policy_that_is_deleted_is_gone(cbr: ApiServer):
    created = new_policy(cbr)
    assert cbr.call("DELETE", f"policies/{created['id']}").status_code == 204
    for method, body in (("GET", None), ("PUT", {"policy": {}}), ("DELETE", None)):
        refused(cbr.call(method, f"policies/{created['id']}", body), 404, "6000")
        refused(
            cbr.call(method, "policies/nightly", body), 404, "6000"
        )  # trap T20: clients look for a name so


def test_another_projects_policy_is_not_there(cbr: ApiServer):
    foreign = new_policy(cbr, account="other")
    for method, body in (("GET", None), ("PUT", {"policy": {"name": "mine"}}), ("DELETE", None)):
        refused(cbr.call(method, f"policies/{foreign['id']}", body), 404, "6000")
    assert cbr.call("GET", "policies").json() == {"policies": [], "count": 0}
    refused(cbr.call("GET", f"policies?marker={foreign['id']}"), 400, "9900", "marker")
    kept = cbr.call("GET", f"policies/{foreign['id']}", account="other").json()["policy"]
    assert kept == foreign | {"associated_vaults": []}


def test_a_project_has_32_policies_also_when_two_are_made_at_once(cbr: ApiServer):
    for _ in range(31):
        new_policy(cbr)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: cbr.call("POST", "policies", policy_request()), range(4)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]
    for one in answers:
        if one.status_code == 400:
            refused(one, 400, "6001", "32")
    assert cbr.call("GET", "policies").json()["count"] == 32
    assert new_policy(cbr, account="other")


def test_a_policy_changed_and_deleted_at_once_ends_deleted(cbr: ApiServer):
    created = new_policy(cbr)

    def send(number: int) -> int:
        if number == 2:
            return cbr.call("DELETE", f"policies/{created['id']}").status_code
        body = {"policy": {"name": f"n{number}"}}
        return cbr.call("PUT", f"policies/{created['id']}", body).status_code

    with ThreadPoolExecutor(4) as threads:
        codes = list(threads.map(send, range(4)))
    assert codes[2] == 204
    assert set(codes) <= {200, 204, 404}
    refused(cbr.call("GET", f"policies/{created['id']}"), 404, "6000")
