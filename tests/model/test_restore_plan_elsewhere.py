"""A plan into another project as a pure function: whose things are, what is not handed over, and what is sealed."""

from dataclasses import replace
from typing import Any

import pytest

from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import DROP, NEW, Choices, PortChoice
from opencbr.model.restore_plan.outcome import READY, REFUSED, Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.model.restore_plan.view import Room

from .test_restore_plan import (
    CAPTURED,
    DOCUMENTS,
    FLOATING,
    GROUP,
    NET,
    PORT,
    SUBNET,
    VOLUME,
    chosen,
    fate,
    view,
)

OTHER = "7" * 8
OURS = frozenset({f"network/{NET}", f"subnet/{SUBNET}", f"security_group/{GROUP}"})
"""What the other project is not shown."""
MASKED = "(masked secret 0123456789abcdef)"


def elsewhere(**changes: Any) -> Choices:
    given = {
        "project_id": OTHER,
        "ports": (PortChoice(port_id=PORT, network=NEW),),
        "security_groups": {GROUP: NEW},
        "floating_ips": {FLOATING: DROP},
    }
    return chosen(**given | changes)


def planned(captured: Captured = CAPTURED, *, choices: Choices | None = None, **more: Any) -> Plan:
    return plan(captured, view(OURS, **more), choices or elsewhere())


def test_what_is_made_is_the_other_project_s_and_the_rest_comes_back_as_it_was():
    owned = {**DOCUMENTS[f"network/{NET}"]["network"], "tenant_id": CAPTURED.project_id}
    documents = DOCUMENTS | {f"network/{NET}": {"network": owned}}
    found = planned(replace(CAPTURED, documents=documents, masked=documents))
    assert found.status == READY, (found.problems, found.choices)
    assert found.blueprint is not None
    assert (found.blueprint.project_id, found.mapping.project_id) == (OTHER, OTHER)
    (row,) = [row for row in found.rows if row.field == "network.tenant_id"]
    assert (row.fate, row.target) == ("mapped", OTHER)
    assert fate(found, "port.mac_address", f"port/{PORT}") == "kept"


def test_the_backup_s_own_project_is_no_other():
    found = plan(CAPTURED, view(), chosen(project_id=CAPTURED.project_id))
    assert found.status == READY
    assert found.blueprint is not None
    assert found.blueprint.project_id is None


def test_an_encrypted_disk_stays_in_its_project():
    disks = [replace(disk, encrypted=True) for disk in CAPTURED.disks]
    found = planned(replace(CAPTURED, disks=disks))
    assert found.status == REFUSED
    (problem,) = found.problems
    assert (problem.ids, "encrypted" in problem.sentence) == ((VOLUME,), True)


@pytest.mark.parametrize(
    ("where", "words"), [("rooms", "the project has"), ("lending", "before they are handed over")]
)
def test_there_is_to_be_room_in_both_projects(where: str, words: str):
    assert planned(**{where: {"volume/volumes": Room(5, 4)}}).status == READY
    found = planned(**{where: {"volume/volumes": Room(5, 5)}})
    (problem,) = found.problems
    assert words in problem.sentence
    assert "5 of 5 volumes" in problem.sentence


def test_a_floating_ip_on_a_network_that_no_router_reaches_is_refused():
    there = view(OURS)
    there = replace(there, standing={**there.standing, "network/public": {"network": {"id": "public"}}})
    found = plan(CAPTURED, there, elsewhere(floating_ips={FLOATING: NEW}))
    (problem,) = found.problems
    assert "where no router stands in it" in problem.sentence
    assert plan(CAPTURED, there, elsewhere(floating_ips={FLOATING: DROP})).status == READY


@pytest.mark.parametrize("sees", [False, True])
def test_what_is_masked_for_the_caller_is_not_given_away(sees: bool):
    server = DOCUMENTS["server"]["server"]
    masked = {**server, "OS-EXT-SRV-ATTR:user_data": MASKED, "metadata": {"role": MASKED}, "status": MASKED}
    captured = replace(CAPTURED, masked=DOCUMENTS | {"server": {"server": masked}})
    found = planned(captured, gives_secrets=sees)
    refused = {problem.field for problem in found.problems}
    # What is not given back tells nothing to anybody.
    assert refused == (set() if sees else {"server.OS-EXT-SRV-ATTR:user_data", "server.metadata.role"})
    without = planned(captured, choices=elsewhere(user_data=DROP), gives_secrets=sees)
    assert {problem.field for problem in without.problems} == refused - {"server.OS-EXT-SRV-ATTR:user_data"}
