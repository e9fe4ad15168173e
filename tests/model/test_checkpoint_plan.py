"""The plan of a checkpoint as a pure function: what is shared is made once, and contradictions name both backups."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.restore_plan.captured import Captured, fields
from opencbr.model.restore_plan.checkpoint import Member, plan_checkpoint
from opencbr.model.restore_plan.choices import DROP, NEW, RUN, BackupChoices, Choices
from opencbr.model.restore_plan.outcome import INCOMPLETE, READY, REFUSED, Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.model.restore_plan.view import CloudView, Room

from .test_restore_plan import CAPTURED, DOCUMENTS, GROUP, NET, PORT, SUBNET, TYPE, VOLUME

Json = dict[str, Any]
OTHER_SUBNET, SERVER_GROUP = "7" * 8, "6" * 8
EMPTIED = CloudView(
    standing={
        "flavor": DOCUMENTS["flavor"],
        f"volume_type/{TYPE}": DOCUMENTS[f"volume_type/{TYPE}"],
        **dict.fromkeys((f"network/{NET}", f"subnet/{SUBNET}", f"security_group/{GROUP}")),
    },
    flavors=[DOCUMENTS["flavor"]["flavor"]],
    volume_types=[DOCUMENTS[f"volume_type/{TYPE}"]["volume_type"]],
    compute_zones=frozenset({"nova"}),
    volume_zones=frozenset({"nova"}),
)
"""A project in which nothing stands but what an operator gives."""
ALL_NEW = Choices(networks={NET: NEW}, security_groups={GROUP: NEW}, user_data=RUN, server_group=NEW)


def record(number: int, **changes: Json) -> Captured:
    """One more server on the network: with a port, an address, a MAC and a disk of its own; `changes` are of its documents."""
    own = {PORT: f"port-{number}", VOLUME: f"volume-{number}"}
    documents: dict[str, Json] = {}
    for name, body in DOCUMENTS.items():
        if not name.startswith("floatingips"):
            documents[own_words(name, own)] = own_words(body, own)
    documents["server"] = {
        "server": {**documents["server"]["server"], "id": f"server-{number}", "name": f"s{number}"}
    }
    port = documents[f"port/port-{number}"]["port"]
    port |= {
        "mac_address": f"fa:16:3e:00:01:{number:02}",
        "fixed_ips": [{"subnet_id": SUBNET, "ip_address": f"10.0.0.{100 + number}"}],
    }
    for name, fields_ in changes.items():
        found = next(one for one in documents if one.partition("/")[0] == name)
        (inner,) = documents[found]
        documents[found] = {inner: documents[found][inner] | fields_}
    return replace(
        CAPTURED,
        digest=f"{number}" * 64,
        documents=documents,
        masked=documents,
        disks=[replace(CAPTURED.disks[0], volume_id=f"volume-{number}")],
        disk_backups={f"volume-{number}": f"disk-backup-{number}"},
    )


def own_words(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: own_words(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [own_words(inner, words) for inner in value]
    for before, after in words.items():
        value = value.replace(before, after) if isinstance(value, str) else value
    return value


def joined(*records: Captured, choices: Choices = ALL_NEW, **view: Any) -> Plan:
    members = [
        Member(
            backup_id=f"backup-{number}",
            resource_name=f"s{number}",
            captured=one,
            view=replace(EMPTIED, **view),
        )
        for number, one in enumerate(records)
    ]
    return plan_checkpoint(members, choices)


def test_what_servers_share_is_told_once_and_made_once():
    found = joined(record(0), record(1), record(2))
    assert (found.status, found.problems, found.choices) == (READY, (), ())
    made = found.blueprint
    assert made is not None
    assert [one.key for one in made.networks] == [NET]
    assert [one.key for one in made.networks[0].subnets] == [SUBNET]
    assert [one.key for one in made.groups] == [GROUP]
    assert [one.name for one in made.servers] == ["s0", "s1", "s2"]
    assert [(one.key, one.server) for one in made.ports] == [(f"port-{n}", f"server-{n}") for n in range(3)]
    assert [(one.key, one.server) for one in made.volumes] == [
        (f"volume-{n}", f"server-{n}") for n in range(3)
    ]
    assert {one.network.made for one in made.ports} == {NET}
    shared = {row.document for row in found.rows}
    assert shared == {f"network/{NET}", f"subnet/{SUBNET}", f"security_group/{GROUP}", f"volume_type/{TYPE}"}
    for one in found.backups:
        assert not {row.document for row in one.rows} & shared
        assert any(row.document == "server" for row in one.rows)
    assert sum(found.counts.values()) == len(found.rows) + sum(len(one.rows) for one in found.backups)


def test_a_mapping_that_was_given_back_makes_the_same_plan():
    first = joined(record(0), record(1))
    again = joined(record(0), record(1), choices=first.mapping)
    assert (again.status, again.rows, again.blueprint) == (READY, first.rows, first.blueprint)
    assert first.mapping.backups["backup-1"].name == "s1"
    assert joined(record(0), record(1)).digest == first.digest
    assert joined(record(0), record(2)).digest != first.digest


def test_choices_are_asked_once_for_what_is_shared_and_for_each_server_where_it_is_its_own():
    found = joined(record(0), record(1), choices=Choices(networks={NET: NEW}))
    assert found.status == INCOMPLETE
    assert [one.member for one in found.choices] == [
        "backups.backup-0.user_data",
        f"security_groups.{GROUP}",
        "backups.backup-1.user_data",
    ]
    own = {"backup-0": BackupChoices(user_data=RUN), "backup-1": BackupChoices(user_data=DROP)}
    chosen = replace(ALL_NEW, user_data=None, backups=own)
    made = joined(record(0), record(1), choices=chosen).blueprint
    assert made is not None
    assert [one.user_data for one in made.servers] == ["IyE=", None]


def test_a_network_has_the_subnets_that_any_of_the_servers_was_in():
    other = record(1)
    documents = {
        **other.documents,
        f"subnet/{OTHER_SUBNET}": {"subnet": {"id": OTHER_SUBNET, "network_id": NET, "cidr": "10.9.0.0/24"}},
    }
    found = joined(record(0), replace(other, documents=documents, masked=documents))
    assert found.blueprint is not None
    assert [one.key for one in found.blueprint.networks[0].subnets] == [SUBNET, OTHER_SUBNET]


def conflict(*records: Captured, choices: Choices = ALL_NEW) -> str:
    found = joined(*records, choices=choices)
    assert (found.status, found.blueprint) == (REFUSED, None)
    (problem,) = found.problems
    assert "s0 (backup backup-0)" in problem.sentence
    assert "s1 (backup backup-1)" in problem.sentence
    return problem.sentence


def test_contradictions_are_told_with_both_backups():
    mac, address = "fa:16:3e:00:01:00", "10.0.0.100"
    assert f"MAC {mac} is wanted by" in conflict(record(0), record(1, port={"mac_address": mac}))
    fixed = [{"subnet_id": SUBNET, "ip_address": address}]
    assert f"address {address} is wanted by" in conflict(record(0), record(1, port={"fixed_ips": fixed}))
    rules = [{"id": "r", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}]
    told = conflict(record(0), record(1, security_group={"security_group_rules": rules}))
    assert f"security group {GROUP} is not in the backup of" in told
    assert f"network {NET} is not" in conflict(record(0), record(1, network={"description": "changed"}))
    assert f"subnet {SUBNET} is not" in conflict(record(0), record(1, subnet={"cidr": "10.0.0.0/25"}))
    assert "key pair key is wanted by" in conflict(
        record(0), record(1, keypair={"public_key": "ssh-rsa BBBB"})
    )
    shared = record(1)
    shared = replace(
        shared,
        documents=own_words(shared.documents, {"volume-1": "volume-0"}),
        masked=own_words(shared.documents, {"volume-1": "volume-0"}),
        disks=record(0).disks,
        disk_backups={"volume-0": "disk-backup-1"},
    )
    assert "volume volume-0 is in the backup of" in conflict(record(0), shared)


def test_what_is_left_where_it_stands_contradicts_nothing():
    """A group that is not made again may have been another one at each capture."""
    rules = [{"id": "r", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}]
    choices = replace(ALL_NEW, security_groups={GROUP: DROP})
    found = joined(record(0), record(1, security_group={"security_group_rules": rules}), choices=choices)
    assert found.status == READY


def test_quotas_must_have_room_for_all_and_what_is_shared_counts_once():
    rooms = {
        "compute/instances": Room(2, 0),
        "network/network": Room(1, 0),
        "network/security_group": Room(1, 0),
        "network/port": Room(3, 0),
        "volume/gigabytes": Room(2, 0),
    }
    found = joined(record(0), record(1), record(2), rooms=rooms)
    assert [(one.field, one.backup_id) for one in found.problems] == [
        ("compute/instances", None),
        ("volume/gigabytes", None),
    ]
    assert "has 0 of 2 instances (compute), and the restore needs 3 more" in found.problems[0].sentence
    for one in (record(0), record(1), record(2)):
        alone = Choices(ports=joined(one).mapping.ports, security_groups={GROUP: NEW}, user_data=RUN)
        assert plan(one, replace(EMPTIED, rooms=rooms), alone).status == READY


def test_what_stands_against_one_backup_is_told_with_its_name_and_against_all_once():
    refused = joined(record(0), record(1), choices=replace(ALL_NEW, availability_zone="mars"))
    (problem,) = refused.problems
    assert (problem.backup_id, "Nova has no availability zone mars" in problem.sentence) == (None, True)
    own = {"backup-1": BackupChoices(availability_zone="mars")}
    refused = joined(record(0), record(1), choices=replace(ALL_NEW, backups=own))
    (problem,) = refused.problems
    assert (problem.backup_id, problem.sentence.partition(":")[0]) == ("backup-1", "s1")


_NUMBERS = st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=6)


@given(_NUMBERS, st.booleans(), st.booleans())
def test_records_that_plan_alone_join_and_make_each_shared_thing_once(
    numbers: list[int], has_group: bool, drops: bool
):
    records = []
    for number in numbers:
        one = record(number)
        if has_group:
            grouped = {
                **one.documents,
                "server@newest": {"server": {"server_groups": [SERVER_GROUP]}},
                f"server_group/{SERVER_GROUP}": {
                    "server_group": {"id": SERVER_GROUP, "name": "apart", "policy": "affinity", "rules": {}}
                },
            }
            one = replace(one, documents=grouped, masked=grouped)
        records.append(one)
    choices = replace(ALL_NEW, security_groups={GROUP: DROP if drops else NEW})
    found = joined(*records, choices=choices)
    assert (found.status, found.problems) == (READY, ())
    made = found.blueprint
    assert made is not None
    assert [one.key for one in made.networks] == [NET]
    assert [one.key for one in made.groups] == ([] if drops else [GROUP])
    assert [one.key for one in made.server_groups] == ([SERVER_GROUP] if has_group else [])
    for kind in (made.servers, made.ports, made.volumes):
        assert len({one.key for one in kind}) == len(kind) == len(numbers)
    told = {(row.document, row.field) for row in found.rows}
    for one, planned in zip(records, found.backups, strict=True):
        alone = plan(one, EMPTIED, Choices(**own_choices(found.mapping, one, planned.backup_id)))
        assert alone.status == READY
        captured = {
            (name, ".".join(path)) for name, body in one.documents.items() for path, _ in fields(body)
        }
        rows = {(row.document, row.field) for row in alone.rows}
        assert rows <= captured
        assert {(row.document, row.field) for row in planned.rows} | told >= rows


def own_choices(mapping: Choices, one: Captured, backup_id: str) -> Json:
    own = mapping.backups[backup_id]
    return {
        "ports": tuple(port for port in mapping.ports if f"port/{port.port_id}" in one.documents),
        "security_groups": mapping.security_groups,
        "user_data": own.user_data,
        "server_group": own.server_group,
        "flavor_id": own.flavor_id,
    }
