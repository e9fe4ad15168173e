"""One table says which fields are for whom; no second one grows beside it."""

import ast
import json
from pathlib import Path

import pytest

import opencbr
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS, as_owner_sees, class_of

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


@pytest.mark.parametrize(
    ("admins", "members"),
    [("server-newest-admin", "server-newest"), ("volume-data-newest-admin", "volume-data-newest")],
)
def test_an_admins_body_without_what_is_not_the_owners_is_the_members_body(admins, members):
    """As Nova and Cinder showed one object to an administrator and to a plain member of its project."""
    (seen,) = json.loads((DATA / f"{admins}.json").read_text()).values()
    (wanted,) = json.loads((DATA / f"{members}.json").read_text()).values()
    told_to_members_too = {"OS-EXT-SRV-ATTR:hostname", "service_uuid", "shared_targets"}
    assert as_owner_sees(seen).keys() == wanted.keys() - told_to_members_too


def test_what_tenants_wrote_themselves_is_theirs_to_see():
    body = {
        "metadata": {"host_status": "mine"},
        "attachments": [{"host_name": "compute-7", "device": "/dev/vdb"}],
    }
    assert as_owner_sees(body) == {
        "metadata": {"host_status": "mine"},
        "attachments": [{"device": "/dev/vdb"}],
    }


def test_the_two_classes():
    assert class_of("OS-EXT-SRV-ATTR:user_data") == SECRETS
    assert class_of("provider:segmentation_id") == INFRASTRUCTURE
    assert class_of("name") is None
