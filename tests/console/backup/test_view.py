"""What a backup's page shows, from records that were really captured: nothing lost, nothing made up."""

import json
from dataclasses import replace
from typing import Any

import pytest

from api.api_server import ApiServer
from opencbr.console.backup.answers import Answers
from opencbr.console.backup.documents import open_documents
from opencbr.console.backup.security_groups import rule_line
from opencbr.console.backup.view import BackupView, backup_view
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS

from .recorded import LONG, SHOWN, answers_of, canary


@pytest.fixture(scope="session", name="view")
def _view(rich: Answers) -> BackupView:
    return backup_view(rich)


@pytest.fixture(scope="session", name="db1")
def _db1(cbr: ApiServer) -> Answers:
    return answers_of(cbr, cbr.protected("db1").id)


def test_the_server_card(db1: Answers, cbr: ApiServer):
    server = backup_view(db1).server
    with cbr.cloud.backend.state.change():
        real = cbr.cloud.backend.state.find("server", name="db1")
        root = cbr.cloud.backend.state.find("volume", name="db1-root")
    assert (server.id, server.name, server.status) == (real["id"], "db1", "ACTIVE")
    assert (server.flavor.name, server.flavor.vcpus, server.flavor.ram_mib, server.flavor.disk_gib) == (
        "m1.tiny",
        1,
        256,
        1,
    )
    assert (server.boot.kind, server.boot.name, server.boot.id) == ("volume", "db1-root", root["id"])
    assert (server.availability_zone, server.key_pair, server.description) == (
        "nova",
        "demo-key",
        "PostgreSQL of the shop",
    )
    assert server.key_fingerprint.count(":") == 15
    assert server.created.machine == real["created"]
    assert server.tags == ("nightly", "postgres")
    assert server.metadata == (("role", "database"), ("tier", "gold"))
    assert server.groups == ("databases (anti-affinity)",)
    assert server.user_data.startswith("(masked secret ")


def test_a_server_from_an_image_says_so(from_image: Answers):
    view = backup_view(from_image)
    assert (view.server.boot.kind, view.server.boot.name) == ("image", "tiny")
    assert not any(disk.boots for disk in view.disks)
    assert view.report.verdict == "partial"
    assert any("root disk" in gap for gap in view.report.gaps)


def test_the_disks_in_order(view: BackupView):
    assert [(disk.device, disk.name, disk.size_gib) for disk in view.disks] == [
        ("/dev/sda", "rich-0", 1),
        ("/dev/sdb", "rich-1", 1),
        ("/dev/sdc", "rich-2", 1),
        ("/dev/sdd", "rich-scratch", 2),
    ]
    assert [disk.position for disk in view.disks] == [0, 1, 2, 3]
    assert [disk.boots for disk in view.disks] == [True, False, False, False]
    assert [disk.bootable for disk in view.disks] == [True, False, False, False]
    assert [disk.delete_on_termination for disk in view.disks] == [False, False, False, True]
    assert {disk.type for disk in view.disks} == {"disks"}
    assert {disk.encrypted for disk in view.disks} == {False}
    assert all(disk.in_backup and disk.stored_mib is not None for disk in view.disks)


def test_a_disk_that_was_left_out_is_listed_as_such(rich: Answers):
    manifest = rich.record["manifest"]
    kept, (left,) = manifest["disks"][:-1], manifest["disks"][-1:]
    documents = [one for one in rich.record["documents"] if left["volume_id"] not in one["name"]]
    record = rich.record | {"manifest": manifest | {"disks": kept}, "documents": documents}
    last = backup_view(replace(rich, record=record)).disks[-1]
    assert (last.id, last.in_backup, last.device) == (left["volume_id"], False, "/dev/sdd")
    assert last.missing == "not in this record"


def test_the_ports_in_order_with_the_subports_of_the_trunk(view: BackupView):
    told = {port.name: port for port in view.ports}
    a, b, sub_1, sub_2, unnamed, free = (
        told[name] for name in ("rich-a", "rich-b", "rich-sub-1", "rich-sub-2", None, "rich-open")
    )
    # Nova lists interfaces in the order of their ids; subports follow their parent.
    names = [port.name for port in view.ports]
    assert names[(at := names.index("rich-b")) + 1 : at + 3] == ["rich-sub-1", "rich-sub-2"]
    assert [one.address for one in a.fixed] == ["10.20.0.7"]
    assert [one.subnet_name for one in b.fixed] == ["rich-front-20", "rich-front-21"]
    assert (sub_1.parent, sub_1.vlan, sub_2.vlan) == (b.id, "vlan 100", "vlan 101")
    assert b.trunk == "72756e6b-0000-4000-8000-000000000000"
    assert unnamed.label == unnamed.id
    assert (a.port_security, free.port_security) == (True, False)
    assert (a.group_names, free.group_names) == (("web", "database-2"), ())
    assert free.allowed_pairs == ("10.22.0.250 (fa:16:3e:00:99:99)",)
    assert {port.network_name for port in view.ports} == {"rich-front", "rich-vlan", "rich-back"}
    assert all(port.mac.startswith("fa:16:3e:") for port in view.ports)
    assert {port.missing for port in view.ports} == {None}


def test_floating_ips_and_what_they_forward(view: BackupView):
    (a,) = [port for port in view.ports if port.name == "rich-a"]
    own, forwarding = a.floating
    assert (own.fixed, own.forwards) == ("10.20.0.7", ())
    assert forwarding.forwards == ("tcp 2222 to 10.20.0.7 port 22",)
    assert own.address.startswith("203.0.113.")
    assert not any(port.floating for port in view.ports if port is not a)


def test_networks_and_routers(view: BackupView):
    told = {network.name: network for network in view.networks}
    assert sorted(told) == ["public", "rich-back", "rich-front", "rich-vlan"]
    assert [subnet.cidr for subnet in told["rich-front"].subnets] == ["10.20.0.0/24", "10.21.0.0/24"]
    assert [network.external for network in view.networks] == [False, False, False, True]
    routers = {router.name: router for router in view.routers}
    front = told["rich-front"].subnets[0].id
    assert routers["rich-router"].subnets == (front,)
    assert routers["rich-inner-router"].subnets == (), "no floating IP tells where it stands"
    assert {router.gateway for router in view.routers} == {told["public"].id}


def test_the_router_of_the_only_subnet_stands_in_it(from_image: Answers):
    view = backup_view(from_image)
    assert view.routers[0].subnets == (view.networks[0].subnets[0].id,)


def test_security_groups_in_short_lines(view: BackupView):
    told = {group.name: group for group in view.groups}
    web, database = told.pop("web"), told.pop("database-2")
    (jump,) = told.values()
    assert (web.name, web.on_ports, database.on_ports, jump.on_ports) == ("web", 4, 2, 0)
    assert web.incoming == (
        "IPv4 tcp 80-443 from anywhere (the world)",
        "IPv4 icmp type 8 code 0 from anywhere",
        "IPv4 udp, all ports from address group office: 198.51.100.0/24",
    )
    assert database.incoming == (
        "IPv4 tcp, all ports from members of jump",
        "IPv6 all traffic from members of this group",
    )
    assert jump.outgoing == ("IPv4 all traffic to anywhere", "IPv6 all traffic to anywhere")


def test_a_rule_with_one_bound(rich: Answers):
    rule = {"direction": "egress", "protocol": "tcp", "port_range_min": 1, "port_range_max": 1}
    assert rule_line(open_documents(rich), rule) == "tcp 1 to anywhere"


def test_the_capture_report_of_a_cloud_that_refuses_and_moves(partial: Answers):
    view = backup_view(partial)
    assert view.report.verdict == "drifted"
    (moved,) = view.report.moved
    assert (moved.document, moved.field) == ("server", "server.description")
    assert (moved.before, moved.after) == ('"PostgreSQL of the shop"', '"changed meanwhile"')
    assert sorted(one.name.partition("/")[0] for one in view.report.unread) == ["router", "security_group"]
    assert {one.why for one in view.report.unread} == {"The cloud refused it."}
    assert all("403" in one.call for one in view.report.unread)
    assert view.routers[0].missing == view.groups[0].missing == "refused by the cloud"
    assert view.ports[0].groups == (view.groups[0].id,)
    assert (
        view.report.read == sum(amount for _, amount in view.report.calls) == len(partial.record["documents"])
    )


def test_a_loss_is_told(rich: Answers):
    assert backup_view(rich).report.lost is None
    assert backup_view(replace(rich, report=rich.report | {"lost": "gone"})).report.lost == "gone"


def test_the_proof_and_what_breaks_it(rich: Answers, view: BackupView):
    assert view.proof.problems == ()
    assert (view.proof.sequence, view.proof.previous) == (1, None)
    assert view.proof.documents == len(rich.record["documents"])
    name = rich.record["documents"][0]["name"]
    bent = [
        one | {"body": one["body"] + " "} if one["name"] == name else one for one in rich.record["documents"]
    ]
    broken = backup_view(replace(rich, record=rich.record | {"documents": bent})).proof
    assert broken.problems == (f"document {name} was changed",)


def masks_in(answers: Answers) -> int:
    return sum(one["body"].count('"(masked ') for one in answers.record["documents"])


def test_sealed_fields_are_those_that_the_record_masks(db1: Answers):
    listed = [field for _, fields in backup_view(db1).sealed for field in fields]
    assert len(listed) == masks_in(db1) > 20
    assert [one.path for one in listed if one.kind == SECRETS] == ["server.OS-EXT-SRV-ATTR:user_data"] * 2
    assert {one.kind for one in listed} == {SECRETS, INFRASTRUCTURE}
    bodies = {one["name"]: one["body"] for one in db1.record["documents"]}
    assert all(one.fingerprint in bodies[one.document] for one in listed)
    assert "port.binding:vif_details" in {one.path for one in listed}, "an object's mask stands in it"


def test_who_sees_everything_is_shown_the_same_list(cbr: ApiServer, db1: Answers):
    seen = answers_of(cbr, db1.backup["id"], "demo-admin")
    assert masks_in(seen) == 0
    masked, clear = (
        [(one.document, one.path, one.kind) for _, fields in backup_view(answers).sealed for one in fields]
        for answers in (db1, seen)
    )
    assert clear == masked
    assert {one.fingerprint for _, fields in backup_view(seen).sealed for one in fields} == {None}


@pytest.mark.parametrize("path", ["/metadata", "/record", "/record/report"])
def test_the_masked_view_is_there_for_whoever_may_see_more(cbr: ApiServer, db1: Answers, path: str, caplog):
    """The header makes a manager's answer a plain member's, and no secret is read for it."""
    asked = f"backups/{db1.backup['id']}{path}"
    plain = cbr.call("GET", asked).content
    caplog.set_level("INFO")
    masked = cbr.call("GET", asked, account="demo-admin", headers={"X-Opencbr-View": "masked"}).content
    wrong = cbr.call("GET", asked, account="demo-admin", headers={"X-Opencbr-View": "secret"})
    assert (wrong.status_code, wrong.json()["error_code"]) == (400, "BackupService.9900")
    assert "knows one view" in wrong.json()["error_msg"]
    assert "secrets read" not in caplog.text
    assert masked == plain
    if path != "/record/report":
        assert cbr.call("GET", asked, account="demo-admin").content != plain
        assert "secrets read" in caplog.text


def test_texts_that_are_no_json_are_shown_as_they_are(rich: Answers):
    for text in ("{", '{"server": %s}' % ("9" * 5000), '"' + "[" * 3 + '"', "[" * 2000):
        documents = [
            one | {"body": text} if one["name"] == "server" else one for one in rich.record["documents"]
        ]
        for view in (["secrets"], []):
            found = backup_view(replace(rich, record=rich.record | {"documents": documents, "view": view}))
            raw = next(one for one in found.documents if one.name == "server")
            assert (raw.text, raw.shown) == (text, text)
            assert found.server is None or found.server.id
            assert found.proof.problems


def test_a_time_that_is_none_is_shown_as_it_is(rich: Answers):
    card = backup_view(replace(rich, backup=rich.backup | {"created_at": "soon", "expired_at": 5})).backup
    assert (card.created, card.expires) == ((None, "soon"), (None, "5"))


def test_a_text_that_looks_like_a_mask_is_its_writers_own(hostile: Answers):
    view = backup_view(hostile)
    assert ("mask", "(masked secret 0123456789abcdef)") in view.server.metadata
    assert not [one for _, fields in view.sealed for one in fields if one.kind == SECRETS]


def test_the_strings_of_show_metadata_are_kept_to_the_byte(rich: Answers):
    told: dict[str, Any] = json.loads(rich.metadata)
    strings: list[str] = []
    for value in [value for name, value in told.items() if name != "backup_id"]:
        strings += [value] if isinstance(value, str) else value
    view = backup_view(rich)
    assert [one.text for one in view.metadata] == strings
    assert [one.member for one in view.metadata][:3] == ["backups", "server", "volumes[0]"]
    by_name = {one["name"]: one["body"] for one in rich.record["documents"]}
    assert {one.name: one.text for one in view.documents} == by_name
    shared = [one for one in view.metadata if one.name in by_name and one.text == by_name[one.name]]
    assert len(shared) >= len(strings) - 4, (
        "floating IPs of ports without one, and `backups`, are ours (contract 6.6)"
    )
    assert all(json.loads(one.readable) == json.loads(one.text) for one in view.metadata)
    assert all(one.call.startswith(("compute GET", "volume GET", "network GET")) for one in shared)


def test_hostile_words_are_shown_and_say_the_same(hostile: Answers):
    view = backup_view(hostile)
    for text in (
        view.server.description,
        view.server.tags[0],
        view.ports[0].name,
        view.groups[0].description,
    ):
        assert text.startswith(SHOWN), text
    assert view.networks[0].name == LONG
    raw = next(one for one in view.documents if one.name == "server")
    assert json.loads(raw.shown) == json.loads(raw.text)
    assert raw.shown.isprintable()
    assert json.loads(raw.text)["server"]["tags"][0] == canary("server.tag")


def test_what_the_cloud_made_is_told_and_not_what_was_asked_for(view: BackupView):
    def made(*disks: bool | None) -> str | None:
        told = tuple(replace(view.disks[0], in_backup=True, incremental=one) for one in disks)
        return replace(view, disks=told).made_as

    assert (made(False, False), made(True, True), made(None), made()) == ("full", "incremental", None, None)
    assert made(True, False) == "incremental, some disks full"


def test_without_the_record_show_metadata_alone_is_enough(rich: Answers, view: BackupView):
    alone = backup_view(replace(rich, record=None, report=None))
    assert [disk.name for disk in alone.disks] == [disk.name for disk in view.disks]
    assert [disk.device for disk in alone.disks] == [disk.device for disk in view.disks]
    own = [port for port in view.ports if port.parent is None]
    assert [port.name for port in alone.ports if port.parent is None] == [port.name for port in own]
    first = [port.floating[0].address for port in own if port.floating]
    assert [port.floating[0].address for port in alone.ports if port.floating] == first
    assert alone.server.flavor == view.server.flavor
    assert (alone.report, alone.proof, alone.documents) == (None, None, ())
    assert alone.networks[0].missing == "not in this record"
    assert alone.sealed == (), "no text is judged by its looks"


def test_one_disk_of_a_servers_backup(cbr: ApiServer, rich: Answers):
    child = rich.backup["children"][1]
    view = backup_view(answers_of(cbr, child["id"]))
    assert view.is_disk
    assert [disk.id for disk in view.disks] == [child["resource_id"]]
    assert view.server.name == "rich"


def test_a_backup_that_has_nothing_to_show_yet(cbr: ApiServer):
    view = backup_view(answers_of(cbr, cbr.backup(cbr.vault(), status="protecting").id))
    assert (view.backup.status, view.server, view.disks, view.ports) == ("protecting", None, (), ())
    assert (view.report, view.proof, view.metadata, view.answer) == (None, None, (), None)
