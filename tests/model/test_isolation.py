"""A record cut off for a drill: nothing of what is made is plugged into what stands, and inside all is as it was."""

from dataclasses import replace
from typing import Any

import pytest

from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.isolation import isolated
from opencbr.model.restore_plan.outcome import READY
from opencbr.model.restore_plan.plan import plan
from opencbr.model.restore_plan.view import Holder

from .test_restore_plan import ADDRESS, CAPTURED, GROUP, MAC, NET, PORT, SUBNET, view

Json = dict[str, Any]
OTHER = "8" * 8


def with_documents(**changes: Json) -> Captured:
    """The record with other members in the things of these kinds."""
    documents = {}
    for name, body in CAPTURED.documents.items():
        kind = name.partition("/")[0]
        inner = body.get(kind)
        documents[name] = {kind: {**inner, **changes[kind]}} if inner and kind in changes else body
    return replace(CAPTURED, documents=documents, masked=documents)


RULE = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
RECORDS = {
    "as usual": CAPTURED,
    "another project's network": with_documents(network={"project_id": "another", "tenant_id": "another"}),
    "a published name": with_documents(network={"dns_domain": "example.org."}),
    "the default group": with_documents(security_group={"name": "default"}),
    "a rule for a group that is not in the record": with_documents(
        security_group={"security_group_rules": [RULE | {"remote_group_id": OTHER}, RULE]}
    ),
    "a rule for its own group": with_documents(
        security_group={"security_group_rules": [RULE | {"remote_group_id": GROUP}]}
    ),
    "a group that is not in the record": with_documents(port={"security_groups": [OTHER]}),
    "a locked server": with_documents(server={"locked": True, "locked_reason": "mine"}),
}


@pytest.mark.parametrize("what", RECORDS)
def test_nothing_is_plugged_into_what_stands(what: str):
    captured, choices = isolated(RECORDS[what])
    holder = Holder(network_id=NET, port_id=PORT, mac=MAC, addresses=(ADDRESS,), server_id="s1")
    found = plan(captured, view(holders=(holder,)), choices)
    assert found.status == READY, (found.problems, found.choices)
    made = found.blueprint
    assert made is not None
    assert made.floating_ips == ()
    assert [network.key for network in made.networks] == [NET]
    assert "dns_domain" not in made.networks[0].fields
    assert made.routers == ()
    (port,) = made.ports
    assert (port.network.made, port.network.id, port.mac) == (NET, None, MAC)
    assert port.addresses is not None
    assert [(one.subnet.made, one.address) for one in port.addresses] == [(SUBNET, ADDRESS)]
    groups = {group.key for group in made.groups}
    assert {ref.made for ref in port.groups} <= groups
    assert all(ref.id is None for ref in port.groups)
    remotes = [rule.remote_group for group in made.groups for rule in group.rules if rule.remote_group]
    assert {ref.made for ref in remotes} <= groups
    assert (made.servers[0].user_data, made.servers[0].public_key, made.servers[0].locked) == (
        None,
        None,
        False,
    )


def test_what_names_a_stranger_lets_in_nobody():
    captured, choices = isolated(RECORDS["a rule for a group that is not in the record"])
    made = plan(captured, view(), choices).blueprint
    assert made is not None
    assert [len(group.rules) for group in made.groups] == [1]


def test_the_record_itself_stays_as_it_is():
    before = repr(RECORDS["the default group"])
    isolated(RECORDS["the default group"])
    assert repr(RECORDS["the default group"]) == before
