"""Upstream bodies are trusted once, when they are read: what cannot be used or kept is refused there, with its reason."""

import gzip
import hashlib
import json

import pytest

from opencbr.cloud import made_things
from opencbr.cloud.capture import read_disk, read_server
from opencbr.cloud.errors import CloudError, Denied, UnknownKey, Unreachable
from opencbr.cloud.strict_json import Unusable, read_object
from opencbr.model.json_spans import MAX_DEPTH, spans

from .clouds import CloudEnv, body


def nested(levels: int) -> str:
    return '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"


def answered(env: CloudEnv, path: str, content: str | bytes, **fields: object) -> None:
    """Have the cloud answer a path with this body."""
    text = content if isinstance(content, str) else content.decode("latin-1")
    env.demo.faults.inject(path=path, times=0, status=fields.pop("status", 200), body=text, **fields)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("\ufeff{}".encode(), "not JSON"),
        ('{"server": {}}'.encode("utf-16"), "not UTF-8"),
        ('{"server": {}}'.encode("utf-32-le"), "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (nested(MAX_DEPTH + 2).encode(), "nested deeper than 100"),
        (nested(100_000).encode(), "nested deeper than 100"),
        (b'{"a": ' + nested(MAX_DEPTH + 1).encode() + b', "a": 1}', "nested deeper than 100"),
        (b'{"size": ' + b"9" * 4301 + b"}", "integer of more than 4300 digits"),
        (b'{"a": 1} {}', "not JSON"),
        (b'[{"a": 1}]', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b" ", "not JSON"),
        (b"<html>502 from a proxy</html>", "not JSON"),
    ],
    ids=range(13),
)
def test_what_is_no_json_that_a_record_can_hold_is_refused_when_it_is_read(
    env: CloudEnv, content: bytes, wrong: str
):
    answered(env, "/flavors/1", content)
    with pytest.raises(Unreachable, match=f"not what the API promises: it (is|has) .*{wrong}") as raised:
        env.cloud.reader().ask("compute", "/flavors/1")
    assert "proxy" not in str(raised.value)


def test_what_passes_can_be_walked(env: CloudEnv):
    for text in (
        nested(MAX_DEPTH),
        '{"a": {"a": 1, "a": 2}}',
        '{"n": [-0.0, 1E+400, NaN]}',
        '{"t": "\\ud800"}',
    ):
        assert read_object(text.encode()).keys()
        assert spans(text)
    with pytest.raises(Unusable):
        read_object(nested(MAX_DEPTH + 2).encode())


def test_an_answer_that_unpacks_to_too_much_is_refused_by_its_size(env: CloudEnv):
    bomb = gzip.compress(b" " * 300_000_000, 9)
    assert len(bomb) < 1_000_000
    answered(env, "/flavors/1", bomb, headers={"Content-Encoding": "gzip"})
    once = env.as_cloud("opencbr", retries=0)
    with pytest.raises(Unreachable, match="the answer has more than 67108864 bytes"):
        once.reader().ask("compute", "/flavors/1")


SERVER = {"id": "s", "name": "n", "status": "ACTIVE", "user_id": "u", "flavor": {}}
OF_A_SERVER = [
    {"server": []},
    {"server": None},
    {"server": "ACTIVE"},
    {},
    {"server": SERVER},
    {"server": SERVER | {"tenant_id": 5}},
    {"server": SERVER | {"tenant_id": "P", "name": 5}},
    {"server": SERVER | {"tenant_id": "P", "name": ["n"]}},
    {"server": SERVER | {"tenant_id": "P", "status": None}},
    {"server": SERVER | {"tenant_id": "P", "id": True}},
]


@pytest.mark.parametrize("content", OF_A_SERVER, ids=range(len(OF_A_SERVER)))
def test_a_server_of_another_shape_is_refused_at_once(env: CloudEnv, content: dict):
    server = env.server_id("db1")
    answered(env, f"/servers/{server}$", json.dumps(content).replace('"P"', f'"{env.project_id}"'))
    with pytest.raises(Unreachable, match=r"answered 200 .*not what the API promises: .* instead of"):
        read_server(
            env.cloud.reader(),
            server_id=server,
            project_id=env.project_id,
            exclude=frozenset(),
            include=frozenset(),
            clock=env.clock,
        )


@pytest.mark.parametrize(
    ("path", "content", "wrong"),
    [
        ("/os-interface$", '{"interfaceAttachments": null}', "interfaceAttachments is not a list"),
        ("/os-interface$", '{"interfaceAttachments": ["p"]}', "is text instead of an object"),
        (
            "/os-volume_attachments$",
            '{"volumeAttachments": [{"volumeId": 7}]}',
            "volumeId of volumeAttachment",
        ),
        ("/os-volume_attachments$", '{"volumeAttachments": [null]}', "is null instead of an object"),
        ("/v2.0/ports$", '{"ports": {"id": "p"}}', "ports is not a list"),
        ("/v2.0/floatingips$", '{"floatingips": [[]]}', "is a list instead of an object"),
        ("/v2/images/", '{"id": "i", "visibility": ["public"]}', "visibility of image is a list"),
    ],
)
def test_a_document_of_another_shape_ends_the_reading_with_its_reason(
    env: CloudEnv, path: str, content: str, wrong: str
):
    answered(env, path, content)
    with pytest.raises(Unreachable, match=f"not what the API promises: .*{wrong}"):
        env.read("db1")


@pytest.mark.parametrize(
    "change",
    [{"size": "1"}, {"size": None}, {"size": 1.5}, {"name": 5}, {"attachments": [None]}, {"attachments": {}}],
    ids=str,
)
def test_a_volume_of_another_shape_is_refused_at_once(
    env: CloudEnv, change: dict, monkeypatch: pytest.MonkeyPatch
):
    from opencbr.democloud.volume import volumes

    view = volumes.volume_view
    monkeypatch.setattr(volumes, "volume_view", lambda call, doc: view(call, doc) | change)
    volume = env.demo.backend.state.find("volume", name="db1-data")["id"]
    with pytest.raises(Unreachable, match=f"{next(iter(change))}.* of volume is .* instead of"):
        read_disk(env.cloud.reader(), volume_id=volume, project_id=env.project_id, clock=env.clock)


@pytest.mark.parametrize("content", OF_A_SERVER[:4], ids=range(4))
def test_what_is_no_server_at_all_cannot_be_shown(env: CloudEnv, content: dict):
    server = env.server_id("db1")
    answered(env, f"/servers/{server}$", json.dumps(content))
    with pytest.raises(Unreachable, match=r"not what the API promises: .* instead of"):
        env.cloud.reader().get_server(server)


SNAPSHOT = {"id": "s", "name": "ours", "volume_id": "v", "status": "creating", "size": 1, "updated_at": "t"}
ODD_SNAPSHOTS = [None, {}, SNAPSHOT | {"name": 5, "id": "odd"}, SNAPSHOT | {"volume_id": [], "id": "odd2"}]


def test_an_odd_snapshot_of_somebody_keeps_no_job_from_its_own(env: CloudEnv):
    answered(env, "/snapshots/detail", json.dumps({"snapshots": [*ODD_SNAPSHOTS, SNAPSHOT]}))
    project = env.cloud.project(env.project_id)
    found = project.find_snapshot("ours", "v")
    assert found is not None
    assert found.id == "s"
    assert project.snapshots_in("creating").keys() == {"s", "odd", "odd2"}
    env.demo.faults.clear()
    for rows in ([*ODD_SNAPSHOTS, SNAPSHOT | {"size": "1", "id": "odd3"}, SNAPSHOT], []):
        body = json.dumps({"snapshots": rows})
        env.demo.faults.inject(path="/snapshots/detail", times=1, status=200, body=body)
    assert [one.id for one in made_things.snapshots(env.cloud.reader(), "our")] == ["s"]


def test_an_odd_snapshot_of_its_own_ends_a_job_rather_than_being_made_twice(env: CloudEnv):
    answered(env, "/snapshots/detail", json.dumps({"snapshots": [SNAPSHOT | {"size": "1"}]}))
    with pytest.raises(Unreachable, match="size of snapshot is text instead of a whole number"):
        env.cloud.project(env.project_id).find_snapshot("ours", "v")


def test_null_where_a_list_is_usual_is_kept_as_it_came(env: CloudEnv, monkeypatch: pytest.MonkeyPatch):
    from opencbr.democloud.compute import interfaces
    from opencbr.democloud.network import ports

    view = ports.port_view
    nothing = {"allowed_address_pairs": None, "tags": None, "fixed_ips": None, "security_groups": None}
    monkeypatch.setattr(ports, "port_view", lambda call, doc: view(call, doc) | nothing)
    shown = interfaces._view
    monkeypatch.setattr(interfaces, "_view", lambda *given: shown(*given) | {"fixed_ips": None})
    reading = env.read("db1")
    assert (reading.unread, reading.gaps) == ((), ())
    port = next(d for d in reading.documents if d.name.startswith("port/"))
    assert b'"fixed_ips":null' in port.body
    assert json.loads(body(reading, "interface"))["interfaceAttachments"][0]["fixed_ips"] is None


@pytest.mark.parametrize(
    "content", [nested(5000), "[" * 9000, '{"a":' + "9" * 5000 + "}", "\ufeff{}"], ids=range(4)
)
def test_a_fault_whose_body_cannot_be_read_is_still_a_fault(env: CloudEnv, content: str):
    answered(env, "/flavors/1", content.encode(), status=403)
    with pytest.raises(Denied) as raised:
        env.cloud.reader().ask("compute", "/flavors/1")
    assert raised.value.reason == ""


@pytest.mark.parametrize("blob", [nested(5000), "9" * 5000, "[" * 5000], ids=range(3))
def test_an_access_key_whose_blob_cannot_be_read_is_unknown(env: CloudEnv, blob: str):
    """A user writes the blob: Keystone takes what it likes."""
    credential = {"type": "ec2", "blob": blob, "user_id": "u", "project_id": "p", "id": "c"}
    where = "/credentials/" + hashlib.sha256(b"access").hexdigest()
    answered(env, where, json.dumps({"credential": credential}))
    with pytest.raises(UnknownKey):
        env.cloud.identity.key_owner("access")


TOKEN = {"user": {"id": "u", "name": "n"}, "expires_at": "2099-01-01T00:00:00Z", "roles": []}
TOKEN |= {"project": {"id": "p", "domain": {"id": "d"}}}


@pytest.mark.parametrize(
    "change",
    [
        {"user": []},
        {"user": {"id": 5, "name": "n"}},
        {"project": {"id": "p", "domain": None}},
        {"roles": ["admin"]},
        {"roles": [{"name": 5}]},
        {"expires_at": "soon"},
        {"expires_at": None},
    ],
    ids=str,
)
def test_a_token_of_another_shape_is_a_fault_of_the_cloud_s(env: CloudEnv, change: dict):
    answered(env, "/auth/tokens$", json.dumps({"token": TOKEN | change}), method="GET")
    with pytest.raises(CloudError, match="not what the API promises"):
        env.cloud.identity.validate("some-token")
