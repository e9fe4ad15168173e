"""From a server or disk to documents: complete, byte for byte, one project's, and honest about the rest."""

import json
from dataclasses import replace

import pytest

from opencbr.cloud.capture import CaptureRefused, read_disk, read_server
from opencbr.cloud.errors import Denied, Unreachable
from opencbr.cloud.second_reading import read_again

from .clouds import CloudEnv, body, kinds, names

MISSING = "00000000-0000-0000-0000-000000000000"


def test_a_server_with_everything(env: CloudEnv):
    reading = env.read("db1")
    assert kinds(reading) == {
        "server": 1,
        "server@newest": 1,
        "interface": 1,
        "attachments": 1,
        "flavor": 1,
        "flavor@newest": 1,
        "keypair": 1,
        "server_group": 1,
        "volume": 3,
        "volume@newest": 3,
        "volume_type": 1,
        "image": 1,
        "port": 2,
        "floatingips": 2,
        "network": 3,
        "subnet": 2,
        "router": 1,
        "security_group": kinds(reading)["security_group"],
    }
    assert kinds(reading)["security_group"] >= 1
    assert (reading.unread, reading.hidden, reading.gaps) == ((), (), ())
    assert [(d.position, d.name, d.bootable) for d in reading.disks] == [
        (0, "db1-root", True),
        (1, "db1-data", False),
        (2, "db1-archive", False),
    ]
    assert [d.device for d in reading.disks] == sorted(d.device for d in reading.disks)
    assert (reading.resource_name, reading.project_id) == ("db1", env.project_id)


def test_every_body_is_the_cloud_s_own_and_every_call_was_made_once(env: CloudEnv):
    reading = env.read("db1")
    calls = env.demo.calls.find()
    by_request = {call.request_id: call for call in calls}
    for document in reading.documents:
        call = by_request[document.request_id]
        assert (call.method, call.service) == ("GET", document.service)
        assert call.microversion == (document.microversion or "")
        again = env.cloud.reader().ask(document.service, document.path, microversion=document.microversion)
        assert again.body == document.body, document.name
    gets = [
        (call.service, call.path, call.query, call.microversion)
        for call in calls
        if call.service != "identity" and not call.path.endswith(("/servers/detail", "/"))
    ]
    assert len(gets) == len(set(gets))
    # What is not kept: the ports of the server and of the routers on its two networks, the project's floating IPs.
    assert len(gets) == len(reading.documents) + 4


def test_the_compatible_documents_have_their_microversions(env: CloudEnv):
    reading = env.read("db1")
    asked = {document.name.partition("/")[0]: document.microversion for document in reading.documents}
    assert asked["server"] == asked["interface"] == asked["flavor"] == "2.46"
    assert asked["volume"] == "3.0"
    assert asked["server@newest"] == env.cloud.reader().newest("compute")
    assert asked["volume@newest"] == env.cloud.reader().newest("volume")
    assert asked["port"] is None


def test_a_server_from_an_image_says_what_is_not_in_the_backup(env: CloudEnv):
    reading = env.read("web1")
    assert [(d.position, d.name) for d in reading.disks] == [(1, "web1-data")]
    assert reading.gaps == (
        "The root disk is not a volume and is not in this backup: the server boots from an image.",
    )
    assert kinds(reading)["image"] == 1


def test_a_root_disk_of_which_an_image_is_made_is_no_gap_unless_only_volumes_were_asked_for(env: CloudEnv):
    assert env.read("web1", root_image=True).gaps == ()
    data = env.volume_id("web1-data")
    alone = env.read("web1", exclude=frozenset({data}), root_image=True)
    assert (alone.disks, alone.gaps) == ((), ())
    only = env.read("web1", include=frozenset({data}), root_image=True)
    assert len(only.gaps) == 1


def test_a_server_with_an_odd_name_and_no_ports(env: CloudEnv):
    reading = env.read("café-文")
    assert reading.resource_name == "café-文"
    assert "port" not in kinds(reading)
    assert json.loads(body(reading, "interface")) == {"interfaceAttachments": []}
    assert json.loads(body(reading, "server"))["server"]["name"] == "café-文"


def test_chosen_disks_only(env: CloudEnv):
    root, data, archive = (env.volume_id(f"db1-{name}") for name in ("root", "data", "archive"))
    without = env.read("db1", exclude=frozenset({data}))
    assert [(d.position, d.volume_id) for d in without.disks] == [(0, root), (2, archive)]
    assert f"volume/{data}" not in names(without.documents)
    only = env.read("db1", include=frozenset({archive, MISSING}))
    assert [d.volume_id for d in only.disks] == [archive]
    assert only.gaps == (f"Volume {MISSING} was asked for but is not attached, and is not in this backup.",)


def test_what_cannot_be_backed_up(env: CloudEnv):
    with pytest.raises(CaptureRefused, match="no volume to back up") as raised:
        env.read("café-文", exclude=frozenset({env.volume_id("café-文-root")}))
    assert raised.value.code == "7108"
    foreign = env.server_id("foreign1", env.other_project_id)
    for server_id in (foreign, MISSING):
        with pytest.raises(CaptureRefused) as raised:
            read_server(
                env.cloud.reader(),
                server_id=server_id,
                project_id=env.project_id,
                exclude=frozenset(),
                include=frozenset(),
                clock=env.clock,
            )
        assert raised.value.code == "7100"


@pytest.mark.parametrize("status", ["BUILD", "ERROR"])
def test_a_server_in_between_is_refused(env: CloudEnv, status):
    with (
        changed(env, "server", env.server_id("web1"), status=status),
        pytest.raises(CaptureRefused) as raised,
    ):
        env.read("web1")
    assert raised.value.code == "7101"
    assert status in raised.value.message


@pytest.mark.parametrize("status", ["backing-up", "error", "reserved"])
def test_a_disk_in_between_is_refused(env: CloudEnv, status):
    volume = env.volume_id("db1-data")
    with changed(env, "volume", volume, status=status):
        with pytest.raises(CaptureRefused) as raised:
            env.read("db1")
        assert raised.value.code == "7003"
        with pytest.raises(CaptureRefused) as raised:
            read_disk(env.cloud.reader(), volume_id=volume, project_id=env.project_id, clock=env.clock)
        assert raised.value.code == "7003"


def test_a_disk(env: CloudEnv):
    volume = env.volume_id("db1-root")
    reading = read_disk(env.cloud.reader(), volume_id=volume, project_id=env.project_id, clock=env.clock)
    assert kinds(reading) == {"volume": 1, "volume@newest": 1, "volume_type": 1, "image": 1}
    assert [(d.volume_id, d.position, d.name) for d in reading.disks] == [(volume, 0, "db1-root")]
    for project_id, volume_id in ((env.other_project_id, volume), (env.project_id, MISSING)):
        with pytest.raises(CaptureRefused) as raised:
            read_disk(env.cloud.reader(), volume_id=volume_id, project_id=project_id, clock=env.clock)
        assert raised.value.code == "7000"


def test_a_foreign_thing_is_left_out_and_told(env: CloudEnv):
    reading = env.read("db1")
    group = next(n for n in names(reading.documents) if n.startswith("security_group/")).partition("/")[2]
    with changed(
        env, "security-group", group, project_id=env.other_project_id, tenant_id=env.other_project_id
    ):
        after = env.read("db1")
    assert [(u.name, u.outcome) for u in after.unread] == [(f"security_group/{group}", "foreign")]
    assert f"security_group/{group}" not in names(after.documents)


def test_denied_and_absent_documents_are_told(env: CloudEnv):
    env.demo.faults.inject(service="compute", path="/os-keypairs/", status=403, times=0)
    env.demo.faults.inject(service="compute", path="/flavors/", status=404, times=0)
    reading = env.read("db1")
    assert sorted((u.name, u.outcome, u.status) for u in reading.unread) == [
        ("flavor", "absent", 404),
        ("flavor@newest", "absent", 404),
        ("keypair", "denied", 403),
    ]


def test_ports_still_come_when_neutron_s_list_is_denied(env: CloudEnv):
    env.demo.faults.inject(service="network", path="/ports$", status=403, times=0)
    reading = env.read("db1")
    assert kinds(reading)["port"] == 2
    assert kinds(reading)["security_group"] >= 1
    assert "ports" in [u.name for u in reading.unread]


def test_a_volume_that_cannot_be_read_is_a_gap(env: CloudEnv):
    volume = env.volume_id("db1-data")
    env.demo.faults.inject(service="volume", path=f"/volumes/{volume}", status=403, times=0)
    reading = env.read("db1")
    assert [d.name for d in reading.disks] == ["db1-root", "db1-archive"]
    assert reading.gaps == (f"Volume {volume} is attached but could not be read, and is not in this backup.",)


def test_the_image_a_volume_once_came_from_may_be_gone(env: CloudEnv):
    env.demo.faults.inject(service="image", path="/images/", status=404, times=0)
    reading = env.read("db1")
    assert reading.unread == ()
    assert "image" not in kinds(reading)
    assert [u.outcome for u in env.read("web1").unread] == ["absent"]


def test_what_only_an_admin_sees_is_named_when_hidden(env: CloudEnv):
    plain = env.as_cloud("demo")
    reading = read_server(
        plain.reader(),
        server_id=env.server_id("db1"),
        project_id=env.project_id,
        exclude=frozenset(),
        include=frozenset(),
        clock=env.clock,
    )
    hidden = {entry.partition("/")[0].partition(":")[0]: entry for entry in reading.hidden}
    assert "server:OS-EXT-SRV-ATTR:host" in reading.hidden
    assert any(entry.endswith(":binding:host_id") for entry in reading.hidden)
    assert any(entry.endswith(":os-vol-host-attr:host") for entry in reading.hidden)
    assert {"server", "server@newest", "port", "volume", "network"} <= set(hidden)


@pytest.mark.parametrize(
    "path", ["/servers/", "/os-interface", "/flavors/", "/ports/", "/volumes/", "/types/"]
)
def test_a_cloud_that_fails_is_no_partial_capture(env: CloudEnv, path):
    env.demo.faults.inject(path=path + ".*$" if path.endswith("/") else path, times=0, status=503)
    with pytest.raises(Unreachable):
        read_server(
            env.as_cloud("opencbr", retries=1).reader(),
            server_id=server_of(env),
            project_id=env.project_id,
            exclude=frozenset(),
            include=frozenset(),
            clock=env.clock,
        )


def test_json_of_another_shape_is_no_document(env: CloudEnv):
    env.demo.faults.inject(service="compute", path="/os-interface", status=200, times=0)
    with pytest.raises(Unreachable, match=r"/os-interface answered 200 .*not what the API promises"):
        env.read("db1")


def test_a_server_that_may_not_be_read_is_an_error_not_an_absence(env: CloudEnv):
    server_id = env.server_id("db1")
    env.demo.faults.inject(service="compute", path=f"/servers/{server_id}$", status=403, times=0)
    with pytest.raises(Denied, match="needs the role admin"):
        read_server(
            env.cloud.reader(),
            server_id=server_id,
            project_id=env.project_id,
            exclude=frozenset(),
            include=frozenset(),
            clock=env.clock,
        )


def test_reading_again_takes_the_compatible_documents_from_fewer_calls(env: CloudEnv):
    first = env.read("db1")
    env.demo.calls.clear()
    second = read_again(env.cloud.reader(), first, env.clock)
    kept = ("server", "interface", "flavor", "port/", "floatingips/", "volume/")
    wanted = [n for n in names(first.documents) if n in kept or n.startswith(kept[3:])]
    assert sorted(names(second.documents)) == sorted(wanted)
    assert len(wanted) == 10
    assert len(env.demo.calls.find()) == 8, "one list of ports and one of floating IPs"
    assert all(json.loads(body(first, name)) == json.loads(body(second, name)) for name in wanted)
    assert second.disks == first.disks


def test_reading_again_shows_what_moved(env: CloudEnv):
    first = env.read("db1")
    server = env.server_id("db1")
    with changed(env, "server", server, name="db1-renamed"):
        second = read_again(env.cloud.reader(), first, env.clock)
    moved = [n for n in names(second.documents) if body(first, n) != body(second, n)]
    assert moved == ["server"]
    gone = replace(
        first,
        documents=tuple(replace(d, path=d.path.replace(server, MISSING)) for d in first.documents),
    )
    third = read_again(env.cloud.reader(), gone, env.clock)
    assert {(u.name, u.outcome) for u in third.unread} == {("server", "absent"), ("interface", "absent")}


def server_of(env: CloudEnv) -> str:
    with env.demo.backend.state.change():
        return next(doc["id"] for doc in env.demo.backend.state.all("server") if doc["name"] == "db1")


class changed:  # noqa: N801 -- reads as a statement
    """A thing of the embedded cloud with other fields for a while."""

    def __init__(self, env: CloudEnv, kind: str, id_: str, **fields: object) -> None:
        self.state, self.kind, self.id, self.fields = env.demo.backend.state, kind, id_, fields

    def __enter__(self) -> None:
        with self.state.change():
            self.before = self.state.get(self.kind, self.id)
            assert self.before is not None, (self.kind, self.id)
            self.state.put(self.kind, {**self.before, **self.fields})

    def __exit__(self, *_: object) -> None:
        with self.state.change():
            self.state.put(self.kind, self.before)
