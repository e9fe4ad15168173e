"""Policies with the vendor's own Python SDK, and as Terraform's two providers send and read them back (contract 10.1)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from huaweicloudsdkcbr import v1
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from .api_server import ApiServer
from .protected_cloud import new_vault
from .test_policies import room
from .test_sdk import client

WEEKLY = "FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def test_the_whole_chapter(cbr: ApiServer):
    sdk, vault = client(cbr), new_vault(cbr)["id"]
    kept = v1.PolicyoODCreate(max_backups=20, day_backups=3, timezone="UTC+08:00", full_backup_interval=0)
    wanted = v1.PolicyCreate(
        name="sdk_policy",
        operation_type="backup",
        operation_definition=kept,
        trigger=v1.PolicyTriggerReq(
            properties=v1.PolicyTriggerPropertiesReq(pattern=[WEEKLY], start_window_minutes=60)
        ),
    )
    request = v1.CreatePolicyRequest(body=v1.PolicyCreateReq(policy=wanted))
    made = sdk.create_policy(request).policy
    assert (made.name, made.enabled, made.operation_type) == ("sdk_policy", True, "backup")
    assert made.operation_definition == kept
    assert made.trigger.properties.pattern == [WEEKLY]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", made.trigger.properties.start_time)
    assert made.trigger.properties.start_window_minutes == 60
    assert None not in (made.id, made.trigger.id, made.trigger.name, made.trigger.type, made.policy_type)

    body = v1.VaultAssociate(policy_id=made.id)
    bound = sdk.associate_vault_policy(v1.AssociateVaultPolicyRequest(vault_id=vault, body=body))
    assert (bound.associate_policy.policy_id, bound.associate_policy.vault_id) == (made.id, vault)
    shown = sdk.show_policy(v1.ShowPolicyRequest(policy_id=made.id)).policy
    assert [one.vault_id for one in shown.associated_vaults] == [vault]
    listed = sdk.list_policies(v1.ListPoliciesRequest(operation_type="backup", vault_id=vault))
    assert (listed.count, listed.policies) == (1, [shown])
    assert [one.id for one in sdk.list_vault(v1.ListVaultRequest(policy_id=made.id)).vaults] == [vault]

    change = v1.PolicyUpdate(
        enabled=False, operation_definition=v1.PolicyoODCreate(retention_duration_days=5)
    )
    request = v1.UpdatePolicyRequest(policy_id=made.id, body=v1.PolicyUpdateReq(policy=change))
    changed = sdk.update_policy(request).policy
    assert (changed.enabled, changed.name) == (False, "sdk_policy")
    assert (
        changed.operation_definition.retention_duration_days,
        changed.operation_definition.max_backups,
    ) == (
        5,
        None,
    )
    away = v1.DisassociateVaultPolicyRequest(vault_id=vault, body=v1.VaultDissociate(policy_id=made.id))
    assert sdk.disassociate_vault_policy(away).dissociate_policy.policy_id == made.id
    assert sdk.delete_policy(v1.DeletePolicyRequest(policy_id=made.id)).status_code == 204
    with pytest.raises(ClientRequestException) as caught:
        sdk.show_policy(v1.ShowPolicyRequest(policy_id=made.id))
    assert (caught.value.status_code, caught.value.error_code) == (404, "BackupService.6000")


def ask(cbr: ApiServer, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    """As the providers' clients, which take this one status for good (trap T2)."""
    answer = cbr.call(method, path, body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def read_by_huaweicloud(policy: dict[str, Any]) -> dict[str, Any]:
    """The attributes of `huaweicloud_cbr_policy`, read as its provider reads them: Go's zero for what is missing."""
    patterns, kept = policy["trigger"]["properties"]["pattern"], policy["operation_definition"]
    cycle: dict[str, Any] = {}
    if "WEEKLY" in patterns[0]:
        cycle["days"] = re.findall(r"BYDAY=([\w,]+);", patterns[0])[0]
    else:
        cycle["interval"] = int(re.findall(r"INTERVAL=([\d]+);", patterns[0])[0])
    times = [re.findall(r"BYHOUR=(\d+);BYMINUTE=(\d+)", one)[0] for one in patterns]
    cycle["execution_times"] = [":".join(one) for one in times]
    state = {"name": policy["name"], "enabled": policy["enabled"], "type": policy["operation_type"]}
    state["backup_cycle"] = cycle
    if (most := kept.get("max_backups", 0)) != -1:
        names = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
        long = {name: kept.get(f"{word}_backups", 0) for name, word in names.items()}
        state["backup_quantity"] = most or None
        if any(long.values()):
            state["long_term_retention"] = long | {"full_backup_interval": kept.get("full_backup_interval")}
        if kept.get("timezone"):
            state["time_zone"] = kept["timezone"]
    if (days := kept.get("retention_duration_days", 0)) != -1:
        state["time_period"] = days or None
    return {name: value for name, value in state.items() if value is not None}


def sent_by_huaweicloud(state: dict[str, Any]) -> dict[str, Any]:
    """The request of the provider; its client leaves out what is zero."""
    cycle = state["backup_cycle"]
    first = (
        f"FREQ=WEEKLY;BYDAY={cycle['days']}"
        if "days" in cycle
        else f"FREQ=DAILY;INTERVAL={cycle['interval']}"
    )
    pattern = ["{};BYHOUR={};BYMINUTE={}".format(first, *one.split(":")) for one in cycle["execution_times"]]
    kept: dict[str, Any] = {}
    if "backup_quantity" not in state and "time_period" not in state:
        kept = {"max_backups": -1, "retention_duration_days": -1}
    else:
        long = state.get("long_term_retention", {})
        kept = {
            "max_backups": state.get("backup_quantity", 0),
            "retention_duration_days": state.get("time_period", 0),
            "day_backups": long.get("daily", 0),
            "week_backups": long.get("weekly", 0),
            "month_backups": long.get("monthly", 0),
            "year_backups": long.get("yearly", 0),
            "timezone": state.get("time_zone", ""),
        }
        kept = {name: value for name, value in kept.items() if value}
        if long:
            kept["full_backup_interval"] = long["full_backup_interval"]
    return {
        "name": state["name"],
        "enabled": state["enabled"],
        "operation_definition": kept,
        "trigger": {"properties": {"pattern": pattern}},
    }


DAILY: dict[str, Any] = {"interval": 5, "execution_times": ["06:00", "18:00"]}
STATES: list[dict[str, Any]] = [
    {"backup_cycle": DAILY, "backup_quantity": 5},
    {"backup_cycle": DAILY, "time_period": 20},
    {"backup_cycle": DAILY},
    {
        "backup_cycle": {"days": "SA,SU", "execution_times": ["08:00", "20:00"]},
        "backup_quantity": 15,
        "time_zone": "UTC+08:00",
        "long_term_retention": {
            "daily": 10,
            "weekly": 10,
            "monthly": 1,
            "yearly": 0,
            "full_backup_interval": 0,
        },
    },
]


def test_terraform_huaweicloud_finds_no_difference_after_each_create_and_update(cbr: ApiServer):
    whole = [
        {"name": f"tf-{number}", "enabled": True, "type": "backup"} | state
        for number, state in enumerate(STATES)
    ]
    for first in whole:
        body = {"policy": sent_by_huaweicloud(first) | {"operation_type": "backup"}}
        policy = ask(cbr, "POST", "policies", body)["policy"]["id"]
        assert read_by_huaweicloud(ask(cbr, "GET", f"policies/{policy}")["policy"]) == first
        for then in [*whole, first | {"enabled": False}]:
            ask(cbr, "PUT", f"policies/{policy}", {"policy": sent_by_huaweicloud(then)})
            assert read_by_huaweicloud(ask(cbr, "GET", f"policies/{policy}")["policy"]) == then
        ask(cbr, "DELETE", f"policies/{policy}", status=204)
        ask(cbr, "GET", f"policies/{policy}", status=404)


def test_terraform_huaweicloud_gives_a_vault_its_policy_and_reads_it_back(cbr: ApiServer):
    first, second = (
        ask(cbr, "POST", "policies", {"policy": sent_by_huaweicloud(state) | {"operation_type": "backup"}})[
            "policy"
        ]["id"]
        for state in ({"name": f"p{n}", "enabled": True, "backup_cycle": DAILY} for n in range(2))
    )
    vault = new_vault(cbr)["id"]
    for wanted in (first, second):
        ask(cbr, "POST", f"vaults/{vault}/associatepolicy", {"policy_id": wanted})
        assert [one["id"] for one in ask(cbr, "GET", f"policies?vault_id={vault}")["policies"]] == [wanted]
    ask(cbr, "POST", f"vaults/{vault}/dissociatepolicy", {"policy_id": second})
    assert ask(cbr, "GET", f"policies?vault_id={vault}")["policies"] == []


OTC: list[dict[str, Any]] = [
    {"timezone": "UTC+00:00"},
    {
        "timezone": "UTC+03:00",
        "day_backups": 1,
        "week_backups": 2,
        "year_backups": 3,
        "month_backups": 4,
        "max_backups": 10,
    },
    {"timezone": "UTC+03:00", "retention_duration_days": 30},
]


def test_terraform_opentelekomcloud_finds_no_difference_after_each_create_and_update(cbr: ApiServer):
    """Its client always sends the four numbers of long keeping, and leaves out the two limits when they are zero."""
    zeros: dict[str, Any] = dict.fromkeys(("day_backups", "week_backups", "month_backups", "year_backups"), 0)
    limits: dict[str, Any] = dict.fromkeys(("max_backups", "retention_duration_days"), 0)
    trigger = {"properties": {"pattern": ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=14;BYMINUTE=00"]}}
    for first in OTC:
        body = {"name": "otc", "operation_type": "backup", "enabled": True, "trigger": trigger}
        policy = ask(cbr, "POST", "policies", {"policy": body | {"operation_definition": zeros | first}})[
            "policy"
        ]["id"]
        for then in (first, *OTC):
            ask(cbr, "PUT", f"policies/{policy}", {"policy": {"operation_definition": zeros | then}})
            read = ask(cbr, "GET", f"policies/{policy}")["policy"]
            assert zeros | limits | read["operation_definition"] == zeros | limits | then
            assert read["trigger"]["properties"]["pattern"] == trigger["properties"]["pattern"]
        # A vault with the policy in its body is given it once more (trap T13).
        vault = new_vault(cbr, backup_policy_id=policy)["id"]
        ask(cbr, "POST", f"vaults/{vault}/associatepolicy", {"policy_id": policy})
        ask(cbr, "DELETE", f"policies/{policy}", status=204)
