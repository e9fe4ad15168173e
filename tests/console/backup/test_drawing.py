"""The topology of records that were really captured: everything is drawn or counted, whatever is missing or odd."""

import json
import random
from dataclasses import replace
from itertools import product
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from console.topology.test_layout import check
from opencbr.console.backup.answers import Answers
from opencbr.console.backup.drawing import diagram_of
from opencbr.console.backup.view import BackupView, backup_view
from opencbr.console.topology.diagram import Diagram
from opencbr.console.topology.layout import lay_out
from opencbr.console.topology.outline import outline_of
from opencbr.console.topology.svg import svg_of

from .recorded import LONG, ROOT_IMAGE

SVG = "{http://www.w3.org/2000/svg}"
BOXES = {"port", "subport", "network", "subnet", "router", "security_group", "volume", "floatingip"}
"""Kinds of documents that are a box each; a subport's box is a port's."""
IN_BOXES = {"server", "interface", "attachments", "flavor", "floatingips", "port_forwardings", "trunk"}
"""Kinds that are told in the boxes of others."""
COUNTED = {
    "keypair": "key pair",
    "server_group": "server group",
    "image": "image",
    "volume_type": "volume type",
    "address_group": "address group",
}


def drawn(answers: Answers) -> tuple[Diagram, ET.Element]:
    diagram = diagram_of(backup_view(answers))
    check(lay_out(diagram))
    return diagram, ET.fromstring(svg_of(diagram))


@pytest.mark.parametrize("name", ["rich", "from_image", "partial", "hostile"])
def test_every_document_is_drawn_or_counted(name: str, request: pytest.FixtureRequest):
    answers: Answers = request.getfixturevalue(name)
    diagram, root = drawn(answers)
    keys = {group.get("data-key") for group in root.iter(f"{SVG}g")}
    counts: dict[str, int] = {}
    for document in answers.record["documents"]:
        kind, _, id_ = document["name"].partition("/")
        if "@" in kind or kind in IN_BOXES:
            continue
        if kind in BOXES:
            wanted = {f"{'port' if kind == 'subport' else kind}/{id_}", f"outside/{id_}"}
            assert wanted & keys, document["name"]
        else:
            counts[COUNTED[kind]] = counts.get(COUNTED[kind], 0) + 1
    remark = next((one for one in diagram.remarks if one.startswith("Also in the record")), "")
    for word, amount in counts.items():
        assert f"{amount} {word}" in remark, remark
    for one in answers.record["documents"]:
        if one["name"].startswith("floatingips/"):
            for floating in json.loads(one["body"])["floatingips"]:
                assert f"floatingip/{floating['id']}" in keys


def test_the_boxes_of_the_rich_server(rich: Answers):
    diagram, root = drawn(rich)
    kinds = [box.kind for box in diagram.boxes()]
    amounts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    assert amounts == {
        "external": 1,
        "floating": 2,
        "router": 2,
        "network": 3,
        "subnet": 4,
        "port": 4,
        "subport": 2,
        "server": 1,
        "group": 3,
        "disk": 4,
    }
    assert "4 ports, 2 subports, 4 networks, 4 subnets, 2 routers, 2 floating IPs" in root.findtext(
        f"{SVG}desc"
    )
    # floating IP and two gateways, router to subnet, six addresses of ports, four ports, four disks; the third
    # network's two subports among them; and each port to each of its groups
    on_ports = sum(len(port.groups) for port in backup_view(rich).ports)
    assert on_ports > 4
    assert len(root.findall(f"{SVG}path")) == 1 + 2 + 1 + 7 + 4 + 4 + on_ports
    assert any("rich-inner-router stands in one of" in one for one in diagram.remarks)
    rules = next(box for box in diagram.boxes() if box.name == "web")
    group = next(one for one in backup_view(rich).groups if one.label == "web")
    told = [*group.incoming, *group.outgoing]
    assert rules.lines == ("3 rules in, 2 out", *told[:3], "and 2 more", "on 4 ports")
    joined = {line.left for line in diagram.lines if line.right == rules.key}
    assert joined == {f"port/{port.id}" for port in backup_view(rich).ports if group.id in port.groups}
    assert len(joined) == 4


def test_the_drawing_is_named_and_told(rich: Answers):
    _, root = drawn(rich)
    assert root.get("role") == "img"
    ids = {one.get("id"): one.text for one in root if one.get("id")}
    named, described = root.get("aria-labelledby").split()
    assert ids[named] == "Topology of rich"
    assert ids[described].startswith("The server with 4 ports")


def test_a_root_disk_on_the_hypervisor_is_drawn_as_missing(from_image: Answers):
    diagram, _ = drawn(from_image)
    root = next(box for box in diagram.boxes() if box.key == "root")
    assert root.faded
    assert root.lines == ("from image tiny", "not in this backup")


def test_a_root_disk_of_which_an_image_was_made_is_drawn_with_it(imaged: Answers):
    diagram, _ = drawn(imaged)
    root = next(box for box in diagram.boxes() if box.key == "root")
    assert not root.faded
    assert root.lines == ("from image tiny", f"kept as image {ROOT_IMAGE}")


def test_what_was_refused_is_drawn_as_missing(partial: Answers):
    diagram, _ = drawn(partial)
    faded = {box.kind: box.lines[0] for box in diagram.boxes() if box.faded}
    assert faded == {"router": "refused by the cloud", "group": "refused by the cloud"}


@pytest.mark.parametrize("name", ["rich", "hostile"])
def test_nothing_of_a_tenant_becomes_markup_or_style(name: str, request: pytest.FixtureRequest):
    text = svg_of(diagram_of(backup_view(request.getfixturevalue(name))))
    root = ET.fromstring(text)
    elements = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert elements == {"svg", "title", "desc", "g", "rect", "text", "path"}
    attributes = {name for one in root.iter() for name in one.attrib}
    assert not [one for one in attributes if one.startswith("on") or one in ("style", "href")]
    assert "<script" not in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_a_long_name_is_cut_and_stands_whole_in_its_title(hostile: Answers):
    _, root = drawn(hostile)
    (network,) = [one for one in root.iter(f"{SVG}g") if one.get("class") == "box network"]
    assert network.findtext(f"{SVG}title") == f"Network: {LONG}"
    assert max(len(one.text or "") for one in root.iter(f"{SVG}text")) < 60


def test_a_backup_of_one_disk_alone(rich: Answers):
    disk = rich.backup["children"][0]
    volume = disk["resource_id"]
    record = rich.record | {
        "documents": [d for d in rich.record["documents"] if d["name"] == f"volume/{volume}"]
    }
    diagram, _ = drawn(replace(rich, backup=disk, metadata=None, record=record))
    assert [box.key for box in diagram.boxes()] == [f"volume/{volume}"]
    assert diagram.description.startswith("One disk with 1 disk")


ODD = (None, "", 0, -1, True, [], {}, "x", ["y", None, 3], {"id": 5}, [[]], 10**30, "\ud800")


@pytest.mark.parametrize("seed", range(40))
def test_missing_documents_and_odd_values_leave_a_drawing(rich: Answers, seed: int):
    """A record without any of its documents, or with anything in place of a value, is drawn as far as it goes."""
    chance = random.Random(seed)
    documents = []
    for one in rich.record["documents"]:
        what = chance.choice(["same", "gone", "odd"])
        if what == "odd":
            documents.append(one | {"body": json.dumps(_spoilt(json.loads(one["body"]), chance))})
        elif what == "same":
            documents.append(one)
    view = backup_view(replace(rich, record=rich.record | {"documents": documents}))
    diagram = diagram_of(view)
    check(lay_out(diagram))
    ET.fromstring(svg_of(diagram).encode())
    assert view.proof.problems


def _spoilt(body: Any, chance: random.Random) -> Any:
    """Put something else in place of one value, at any depth."""
    deeper = chance.random() < 0.8
    if isinstance(body, dict) and body and deeper:
        key = chance.choice(sorted(body))
        return body | {key: _spoilt(body[key], chance)}
    if isinstance(body, list) and body and deeper:
        at = chance.randrange(len(body))
        return [*body[:at], _spoilt(body[at], chance), *body[at + 1 :]]
    return chance.choice(ODD)


@pytest.mark.parametrize("ports", range(9))
def test_any_number_of_ports_and_disks(rich: Answers, ports: int):
    view = backup_view(rich)
    for disks, networks, subnets in product(range(13), (1, 3, 8), (1, 2)):
        diagram = diagram_of(_grown(view, ports, disks, networks, subnets))
        check(lay_out(diagram))
        kinds = [box.kind for box in diagram.boxes()]
        assert (kinds.count("port"), kinds.count("disk")) == (ports, disks)
        assert len(outline_of(diagram)) == len([column for column in diagram.columns if column.boxes])


def _grown(view: BackupView, ports: int, disks: int, networks: int, subnets: int) -> BackupView:
    """Give the server of a real record other amounts of its own ports, networks and disks."""
    network, subnet, port = view.networks[0], view.networks[0].subnets[0], view.ports[0]
    nets = []
    for n in range(networks):
        inner = tuple(replace(subnet, id=f"s{n}.{m}") for m in range(subnets))
        nets.append(replace(network, id=f"n{n}", subnets=inner))
    fixed = port.fixed[0]
    many = tuple(
        replace(
            port,
            id=f"p{n}",
            network=f"n{n % networks}",
            fixed=tuple(replace(fixed, subnet=f"s{n % networks}.{m}") for m in range(subnets)),
        )
        for n in range(ports)
    )
    drives = tuple(replace(view.disks[0], id=f"d{n}") for n in range(disks))
    return replace(view, ports=many, disks=drives, networks=(*nets, view.networks[-1]))
