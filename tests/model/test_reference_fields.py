"""The table of references finds what recorded bodies name, and nothing in what is null or of another shape."""

import ast
import itertools
import json
import re
from pathlib import Path

import pytest

import opencbr
from opencbr.cloud.references import ENVELOPE
from opencbr.model.reference_fields import REFERENCES, named

DATA = Path(__file__).parents[1] / "data/openstack"
RECORDED = {
    "server": "server-2.1",
    "server@newest": "server-newest",
    "attachments": "os-volume_attachments-newest",
    "interface": "os-interface-2.1",
    "ports": "ports",
    "port": "port-trunk-admin",
    "subport": "port-trunk-admin",
    "trunk": "trunk",
    "network": "network-qos",
    "floatingips": "floatingips",
    "floatingip": "floatingip-forwarding",
    "router": "routers",
    "security_group": "security-group-remote",
    "volume": "volume-root-3.0",
    "volume@newest": "volume-root-newest",
    "volume_type": "admin-volume-type-qos",
    "image": "image",
}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}")
FIELDS = {"volumeId", "volume_type_id", "server_groups", "network_id", "subnet_id", "net_id"}
NEVER_IN_THE_BODIES = {
    ("server", "image"),  # booted from a volume
    ("server@newest", "server_group"),
    ("image", "image"),  # no kernel beside it
    ("ports", "qos_policy"),
    ("ports", "trunk"),
    ("ports", "subport"),
    ("floatingips", "qos_policy"),
    ("router", "qos_policy"),
    ("volume", "volume_group"),
    ("volume@newest", "volume_group"),
}

NO_REFERENCES = {
    "id": "of the thing itself, or of its own parts",
    "rules/id": "its own part",
    "security_group_rules/id": "its own part",
    "port_forwardings/id": "its own part",
    "volumeAttachments/id": "the disk, said once more",
    "attachments/id": "the disk, said once more",
    "tenant_id": "whose it is",
    "project_id": "whose it is",
    "os-vol-tenant-attr:tenant_id": "whose it is",
    "owner": "whose it is",
    "user_id": "who made it",
    "device_id": "the server that is being read",
    "server_id": "the server that is being read",
    "serverId": "the server that is being read",
    "bdm_uuid": "the bond between server and volume, as Nova keeps it for itself",
    "attachment_id": "the bond between server and volume, which Nova and Cinder keep for themselves",
    "volume_id": "the volume that is being read",
    "security_group_id": "the group that the rule stands in",
    "floatingips/port_id": "the port that it was asked for",
    "trunk/port_id": "the port that named it",
    "port_details": "the port, said once more",
    "router_id": "between port and floating IP; one's own are found by their interfaces",
    "internal_port_id": "the port that is forwarded to: the server's own, or another server's",
    "external_fixed_ips": "which subnet of somebody's external network gave the router its address",
    "qos_network_policy_id": "the network's, which names it itself",
    "rules/qos_policy_id": "the policy that the rule stands in",
    "encryption_id": "its own",
    "volume_type_id": "of an encryption, the type that it is of",
    "service_uuid": "the machine that serves the volume",
    "checksum": "of the image's bytes",
    "os_hash_value": "of the image's bytes",
    "hostId": "a hash that tells hosts apart",
}
"""Members of recorded bodies whose ids name nothing that a backup should hold, each with the reason."""

OTHER_BODIES = re.compile(
    r"(attachments|backup|snapshot|rbac|limits|versions|catalog|volumes-detail|os-security-groups)"
)
"""Recorded for other uses than the capture."""


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
    kinds = {row.source for row in REFERENCES} - {"subnet"}  # which a test below looks at
    assert kinds <= RECORDED.keys(), f"RECORDED has no body for {kinds - RECORDED.keys()}"


def test_each_id_in_a_recorded_body_is_followed_or_explained():
    """Walk all bodies that a capture reads: an id that no row of the table and no reason here stands for is forgotten."""
    unexplained, used = [], set()
    for file in sorted(DATA.glob("*.json")):
        if OTHER_BODIES.match(file.name):
            continue
        for kind, body in _documents(json.loads(file.read_text())):
            followed = {value for row in REFERENCES if _base(row.source) == kind for value in _at(body, row)}
            for path, value in _ids(body, ()):
                reason = next((name for name in reversed(_reasons(path)) if name in NO_REFERENCES), None)
                used.add(reason)
                if value not in followed and reason is None:
                    unexplained.append(f"{file.name}: {'/'.join(path)} is {value}")
    assert unexplained == []
    assert NO_REFERENCES.keys() - used == set(), "these reasons explain nothing any more"


def _documents(body):
    """Yield a recorded body as the documents that a capture would read: kind and body."""
    singles = {"security_groups": "security_group", "subnets": "subnet", "volume_types": "volume_type"}
    (envelope,) = [name for name in body if name in {*ENVELOPE.values(), *singles, "images"} - {"id"}]
    if envelope in singles:
        for row in body[envelope]:
            yield singles[envelope], {singles[envelope]: row}
    elif envelope == "images":
        yield from (("image", row) for row in body["images"])
    else:
        kinds = [kind for kind, member in ENVELOPE.items() if member == envelope and "@" not in kind]
        yield kinds[0], body


def _base(kind):
    return kind.partition("@")[0]


def _at(body, row):
    return named(row.source, body, row.target)


def _reasons(path):
    """List what may explain an id: the members around it, and each with the one that it stands in."""
    names = [name for name in path if name != "*"]
    pairs = ["/".join(pair) for pair in itertools.pairwise(names)]
    return [*(name for name in names if name != "id" or len(names) <= 2), *pairs]


def _ids(value, path):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _ids(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner, (*path, "*"))
    elif isinstance(value, str) and ID.fullmatch(value):
        yield path, value


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
    assert [named("server", body, row.target) for row in REFERENCES if row.source == "server"] == [[]] * 6


def test_no_other_module_knows_where_documents_name_others():
    """`references.py` asks the cloud by such ids, and `disks.py` reads the device that stands beside one, `shapes.py` says what
    type it must have, `terminated.py` reads what Nova does with it at the end, `servers.py` attaches by it, `checks.py` tells
    the operator's commands the ids of what a drill made.
    The console shows people what documents say, a restore plan what becomes of each field; a new server is made with them."""
    source = Path(opencbr.__file__).parent
    naming = {
        path.name
        for path in source.rglob("*.py")
        if not {"democloud", "console", "restore_plan", "new_server"} & {*path.relative_to(source).parts}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if "volumes_attached" in node.value or node.value in FIELDS
    }
    assert naming - {
        "references.py",
        "disks.py",
        "servers.py",
        "shapes.py",
        "terminated.py",
        "restore_view.py",
        "checks.py",
    } == {"reference_fields.py"}
