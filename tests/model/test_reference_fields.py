"""The table of references finds what recorded bodies name, and nothing in what is null or of another shape."""

import ast
import json
from pathlib import Path

import pytest

import opencbr
from opencbr.model.reference_fields import REFERENCES, named

DATA = Path(__file__).parents[1] / "data/openstack"
RECORDED = {
    "server": "server-2.1",
    "server@newest": "server-newest",
    "attachments": "os-volume_attachments-newest",
    "interface": "os-interface-2.1",
    "ports": "ports",
    "volume": "volume-root-3.0",
    "volume@newest": "volume-root-newest",
}
FIELDS = {"volumeId", "volume_type_id", "server_groups", "network_id", "subnet_id", "net_id"}
NEVER_IN_THE_BODIES = {
    ("server", "image"),
    ("server@newest", "server_group"),
}  # booted from a volume, in no group


@pytest.mark.parametrize(
    ("source", "target"), sorted({(row.source, row.target) for row in REFERENCES if row.source in RECORDED})
)
def test_every_row_finds_what_a_recorded_body_names(source, target):
    body = json.loads((DATA / f"{RECORDED[source]}.json").read_text())
    found = named(source, body, target)
    if (source, target) in NEVER_IN_THE_BODIES:
        assert found == []
    else:
        assert found
        assert len(found) == len(set(found))
        assert all(one in json.dumps(body) for one in found)


def test_every_kind_that_names_others_has_a_recorded_body():
    kinds = {row.source for row in REFERENCES} - {"port", "subnet"}  # which the next tests look at
    assert kinds <= RECORDED.keys(), f"RECORDED has no body for {kinds - RECORDED.keys()}"


def test_a_port_alone_is_read_like_one_in_a_list():
    ports = json.loads((DATA / "ports.json").read_text())
    for target in ("network", "subnet", "security_group"):
        each = [one for port in ports["ports"] for one in named("port", {"port": port}, target)]
        assert list(dict.fromkeys(each)) == named("ports", ports, target)


def test_a_subnet_names_its_network():
    for subnet in json.loads((DATA / "subnets.json").read_text())["subnets"]:
        assert named("subnet", {"subnet": subnet}, "network") == [subnet["network_id"]]


@pytest.mark.parametrize(
    "body",
    [{}, {"server": None}, {"server": {"flavor": None, "image": "", "key_name": None}}, {"server": []}],
)
def test_what_is_null_or_of_another_shape_names_nothing(body):
    assert [named("server", body, row.target) for row in REFERENCES if row.source == "server"] == [[]] * 4


def test_no_other_module_knows_where_documents_name_others():
    """`references.py` asks the cloud by such ids, and `disks.py` reads the device that stands beside one."""
    source = Path(opencbr.__file__).parent
    naming = {
        path.name
        for path in source.rglob("*.py")
        if "democloud" not in path.relative_to(source).parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if "volumes_attached" in node.value or node.value in FIELDS
    }
    assert naming - {"references.py", "disks.py"} == {"reference_fields.py"}
