"""One table says which fields are for whom; no second one grows beside it."""

import ast
import json
from pathlib import Path

import pytest

import opencbr
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS, as_owner_sees, class_of
from opencbr.model.secrets import mask

SOURCE = Path(opencbr.__file__).parent
DATA = Path(__file__).parents[1] / "data/openstack"
OTHER_FACTS = {
    "model/field_classes.py",
    "cloud/hidden.py",  # which fields prove that the credential saw as an administrator
    "cloud/disks.py",  # the root device's name, to tell the boot disk
    "model/report.py",  # which fields change by themselves
    "model/restore_plan/treatment.py",  # what a new server does with each captured field
    "model/restore_plan/server_part.py",  # what it is given of the old one's
    "console/backup/server_card.py",  # what a page shows people, as the API has masked it
}


def test_no_other_module_names_a_classed_field():
    found = {
        f"{path.relative_to(SOURCE)}: {node.value}"
        for path in SOURCE.rglob("*.py")
        if "democloud" not in path.parts and str(path.relative_to(SOURCE)) not in OTHER_FACTS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ":" in node.value
        if class_of(node.value) is not None
        or node.value.startswith(("OS-EXT-SRV-ATTR:", "os-vol-host-attr:"))
    }
    assert not found
    assert any(class_of(name) for name in ("user_data", "provider:network_type"))  # it can find some


TELLS_NOTHING_OF_MACHINES = {
    # Of the server itself: what it boots from, and as which of a request's servers it was made.
    *("OS-EXT-SRV-ATTR:kernel_id", "OS-EXT-SRV-ATTR:ramdisk_id", "OS-EXT-SRV-ATTR:root_device_name"),
    *("OS-EXT-SRV-ATTR:launch_index", "OS-EXT-SRV-ATTR:reservation_id"),
    "OS-EXT-SRV-ATTR:hostname",  # the owner's own choice, shown to members from 2.90 on
    *("ha", "distributed"),  # of a router: its kind, which decides what its owner may do with it
}
"""Shown to administrators alone, and in clear in every view of a record."""
PAIRS = sorted(str(path.relative_to(DATA)).removesuffix("-admin.json") for path in DATA.rglob("*-admin.json"))


def places(value, path=()):
    """The members of a body that say something, at every depth; list indexes are left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner is not None:
                yield (*path, name)
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from places(inner, path)


def is_masked(document, path):
    value = 7
    for name in reversed(path):
        value = {name: value}
    return bool(mask(document, json.dumps(value).encode(), lambda _: "0" * 16).splices)


def shown_to(name):
    """What a body says to an administrator, and what to a member of the project; nothing where that one is refused."""
    members = DATA / f"{name}.json"
    return (
        json.loads((DATA / f"{name}-admin.json").read_text()),
        json.loads(members.read_text()) if members.exists() else {},
    )


@pytest.mark.parametrize("name", PAIRS)
def test_what_an_administrator_is_shown_and_a_member_is_not_is_masked_or_explained(name):
    """As OpenStack showed one object to an administrator and to a plain member of its project."""
    admins, members = shown_to(name)
    document = Path(name).name.partition("-")[0]
    more = {path for path in places(admins) if path not in set(places(members))}
    more -= {
        path for path in more if any(other[: len(path)] == path for other in more - {path})
    }  # the inner ones tell
    in_clear = {path[-1] for path in more if not is_masked(document, path)}
    assert in_clear <= TELLS_NOTHING_OF_MACHINES


def test_the_recorded_pairs_show_every_explained_difference():
    """What is explained was really seen; and there is more that needs no explanation."""
    found = set()
    for name in PAIRS:
        admins, members = shown_to(name)
        found |= {path[-1] for path in set(places(admins)) - set(places(members))}
    assert found > TELLS_NOTHING_OF_MACHINES
    assert {name for name in PAIRS if not (DATA / f"{name}.json").exists()} == {
        "pairs/encryption",
        "pairs/qos_specs",
    }


@pytest.mark.parametrize("name", ["pairs/server", "pairs/server-failed", "pairs/volume"])
def test_a_body_is_shown_as_its_owners_own_token_is_answered(name):
    """At the microversions that protectables are read with."""
    admins, members = shown_to(name)
    ((kind, seen),) = admins.items()
    assert set(places(as_owner_sees(kind, seen))) == set(places(members[kind]))


def test_what_tenants_wrote_themselves_is_theirs_to_see():
    body = {
        "metadata": {"host_status": "mine"},
        "attachments": [{"host_name": "compute-7", "device": "/dev/vdb"}],
        "fault": {"message": "NoValidHost", "details": "Traceback: compute-7"},
        "details": "mine",
    }
    assert as_owner_sees("server", body) == {
        "metadata": {"host_status": "mine"},
        "attachments": [{"device": "/dev/vdb"}],
        "fault": {"message": "NoValidHost"},
        "details": "mine",
    }


def test_the_two_classes():
    assert class_of("OS-EXT-SRV-ATTR:user_data") == SECRETS
    assert class_of("provider:segmentation_id") == INFRASTRUCTURE
    assert class_of("details", "fault") == INFRASTRUCTURE
    assert class_of("details") is None
    assert class_of("name") is None
