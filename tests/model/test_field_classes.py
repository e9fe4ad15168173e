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
    # Of the server itself: what it boots from and as which of a request's servers it was made.
    *("OS-EXT-SRV-ATTR:kernel_id", "OS-EXT-SRV-ATTR:ramdisk_id", "OS-EXT-SRV-ATTR:root_device_name"),
    *("OS-EXT-SRV-ATTR:launch_index", "OS-EXT-SRV-ATTR:reservation_id"),
    # A choice of the router's kind, which decides what its owner may do with it.
    *("ha", "distributed"),
}
"""Shown to administrators alone, and in clear in every view of a record."""
TOLD_TO_MEMBERS_TOO = {
    "OS-EXT-SRV-ATTR:hostname",  # from 2.90 on, and chosen by the owner; ours is asked for at 2.46
    "service_uuid",  # names a process of the operator's storage
}
"""Left out where a body is shown as its owner's, though a member's token is shown it at the newest microversion."""
PAIRS = sorted(path.name.removesuffix("-admin.json") for path in DATA.glob("*-admin.json"))


def places(value, path=()):
    """The members of a body, at every depth, with their values; list indexes are left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), inner
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from places(inner, path)


def judged(document, path):
    """The class that records mask a value at this path as."""
    value = 7
    for name in reversed(path):
        value = {name: value}
    masked = mask(document, json.dumps(value).encode(), lambda _: "0" * 16)
    return next(iter(masked.kinds), None)


def body(name):
    return json.loads((DATA / f"{name}.json").read_text())


@pytest.mark.parametrize("name", PAIRS)
def test_what_an_administrator_is_shown_and_a_member_is_not_is_masked_or_explained(name):
    """As OpenStack showed one object to an administrator and to a plain member of its project."""
    seen, shown = dict(places(body(f"{name}-admin"))), dict(places(body(name)))
    more = {
        path
        for path, value in seen.items()
        if path not in shown or (shown[path] is None and value is not None)
    }
    assert more, "nothing was recorded here that only an administrator sees"
    document = {"ports": "port"}.get(name, name.partition("-")[0])
    open_to_all = {path[-1] for path in more if judged(document, path) is None}
    assert open_to_all <= TELLS_NOTHING_OF_MACHINES
    if len(seen_by := body(f"{name}-admin")) == 1:
        ((kind, thing),) = seen_by.items()
        rest = (
            as_owner_sees(kind, thing) if isinstance(thing, dict) else [as_owner_sees(kind, x) for x in thing]
        )
        left = {path for path, _ in places({kind: rest})}
        assert left == {path for path in shown if path[-1] not in TOLD_TO_MEMBERS_TOO} - more


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
