"""Faults hit the calls they name as often as they say, and the call log tells what really happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import zstandard

from opencbr.democloud import DemoCloud, Timing

from .client import Client, client_of
from .target import MISSING


@pytest.fixture(scope="module", name="cloud")
def _cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    with DemoCloud(
        tmp_path_factory.mktemp("faults"), seed="empty", timing=Timing.instant(), control=True
    ) as cloud:
        yield cloud


@pytest.fixture(name="client")
def _client(cloud: DemoCloud, tmp_path: Path) -> Iterator[Client]:
    client = client_of(cloud, tmp_path, "opencbr")
    client.get("volumev3", "/volumes")
    cloud.faults.clear()
    cloud.calls.clear()
    yield client
    cloud.faults.clear()


def _volumes(cloud: DemoCloud, client: Client, method: str = "GET", name: str = "") -> requests.Response:
    """Call Cinder past the session, whose own retries would hide the fault."""
    address = f"{cloud.base}/volume/v3/{client.project_id}/volumes"
    headers = {"X-Auth-Token": str(client.session.get_token()), "OpenStack-API-Version": "volume 3.71"}
    body = {"volume": {"size": 1, "name": name}} if method == "POST" else None
    return requests.request(method, address, json=body, headers=headers, timeout=10)


def _names(client: Client) -> set[str]:
    return {row["name"] for row in client.get("volumev3", "/volumes")["volumes"]}


def test_a_status_hits_the_nth_call_and_then_no_more(cloud: DemoCloud, client: Client) -> None:
    fault = cloud.faults.inject(
        service="volume", path="/volumes$", after=1, times=2, status=503, headers={"Retry-After": "1"}
    )
    answers = [_volumes(cloud, client) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "1"
    assert (fault.seen, fault.hits) == (4, 2)


def test_only_the_named_calls_are_hit(cloud: DemoCloud, client: Client) -> None:
    cloud.faults.inject(service="volume", method="POST", status=500, times=0)
    cloud.faults.inject(service="compute", status=500, times=0)
    assert _volumes(cloud, client).status_code == 200
    assert _volumes(cloud, client, "POST", "never").status_code == 500
    assert "never" not in _names(client)


def test_a_connection_dropped_before_the_call_does_nothing(cloud: DemoCloud, client: Client) -> None:
    cloud.faults.inject(service="volume", method="POST", drop="before")
    with pytest.raises(requests.ConnectionError):
        _volumes(cloud, client, "POST", "before")
    assert "before" not in _names(client)


def test_a_connection_dropped_after_the_call_has_done_it(cloud: DemoCloud, client: Client) -> None:
    cloud.faults.inject(service="volume", method="POST", drop="after")
    with pytest.raises(requests.ConnectionError):
        _volumes(cloud, client, "POST", "after")
    assert "after" in _names(client)
    assert [row.status for row in cloud.calls.find("volume", "POST")] == [202]


def test_what_a_call_names_is_gone_and_a_path_that_names_nothing_is_not_found(
    cloud: DemoCloud, client: Client
) -> None:
    made = _volumes(cloud, client, "POST", "vanishing").json()["volume"]["id"]
    named = cloud.faults.inject(service="volume", method="GET", path=f"/volumes/{made}$", vanish=True)
    lists = cloud.faults.inject(service="volume", method="GET", path="/volumes$", vanish=True, status=404)
    assert client.call("GET", "volumev3", f"/volumes/{made}").status_code == 404
    assert _volumes(cloud, client).status_code == 404
    assert "vanishing" not in _names(client)
    assert (named.gone, lists.gone) == ([made], [])


def test_malformed_json(cloud: DemoCloud, client: Client) -> None:
    cloud.faults.inject(service="volume", malformed=True)
    answer = _volumes(cloud, client)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_truncated_body(cloud: DemoCloud, client: Client) -> None:
    cloud.faults.inject(service="volume", truncated=True)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _volumes(cloud, client)


def test_a_delay_is_longer_than_an_impatient_caller_waits(cloud: DemoCloud, client: Client) -> None:
    cloud.faults.inject(service="volume", delay_seconds=3)
    address = f"{cloud.base}/volume/v3/{client.project_id}/volumes"
    with pytest.raises(requests.ReadTimeout):
        requests.get(address, headers={"X-Auth-Token": str(client.session.get_token())}, timeout=0.2)


def test_calls_are_listed_with_project_and_microversion(cloud: DemoCloud, client: Client) -> None:
    _volumes(cloud, client)
    client.get("compute", "/servers/detail?name=x", mv="2.46")
    volume, compute = cloud.calls.find("volume"), cloud.calls.find(path="/servers")
    assert [(row.method, row.microversion, row.status) for row in volume] == [("GET", "3.71", 200)]
    assert [(row.service, row.query, row.microversion) for row in compute] == [("compute", "name=x", "2.46")]
    assert volume[0].project_id == client.project_id
    assert volume[0].request_id.startswith("req-")


def test_the_control_api_answers_to_its_token_only(cloud: DemoCloud, client: Client) -> None:
    def ask(method: str, path: str, token: str, **more: object) -> requests.Response:
        headers = {"X-Control-Token": token}
        address = f"{cloud.base}/_control/{path}"
        return requests.request(method, address, headers=headers, timeout=10, **more)  # type: ignore[arg-type]

    assert ask("GET", "calls", "wrong").status_code == 403
    assert ask("GET", "calls", "").status_code == 403
    token = cloud.control_token
    fault = {"service": "volume", "status": 429, "times": 1}
    assert ask("POST", "faults", token, json=fault).status_code == 200
    assert _volumes(cloud, client).status_code == 429
    assert ask("GET", "faults", token).json()["faults"][0]["hits"] == 1
    calls = ask("GET", "calls?service=volume", token).json()["calls"]
    assert [row["status"] for row in calls] == [429]
    volume = _volumes(cloud, client, "POST", "bytes").json()["volume"]["id"]
    assert ask("PUT", f"disks/{volume}?offset=5", token, data=b"hello").status_code == 200
    assert ask("GET", f"disks/{volume}?offset=4&length=7", token).content == b"\0hello\0"
    assert ask("GET", "nothing", token).status_code == 404


def test_without_control_there_is_no_control_api(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", seed="empty") as cloud:
        answer = requests.get(f"{cloud.base}/_control/calls", headers={"X-Control-Token": ""}, timeout=10)
        assert answer.status_code == 404


def _made(client: Client, kind: str, body: dict[str, object]) -> str:
    answer = client.call("POST", "volumev3", f"/{kind}s", {kind: body}, mv="3.71")
    assert answer.status_code == 202, answer.text
    return str(answer.json()[kind]["id"])


def test_work_that_fails_ends_as_in_cinder(cloud: DemoCloud, client: Client) -> None:
    volume = _made(client, "volume", {"size": 1, "name": "to fail"})
    snapshot = _made(client, "snapshot", {"volume_id": volume})
    cloud.fail("backup.created", reason="The store is full.")
    failed = _made(client, "backup", {"volume_id": volume, "snapshot_id": snapshot})
    shown = client.get("volumev3", f"/backups/{failed}")["backup"]
    assert (shown["status"], shown["fail_reason"], shown["object_count"]) == (
        "error",
        "The store is full.",
        0,
    )
    assert client.get("volumev3", f"/snapshots/{snapshot}")["snapshot"]["status"] == "available"
    good = _made(client, "backup", {"volume_id": volume, "snapshot_id": snapshot})
    assert client.get("volumev3", f"/backups/{good}")["backup"]["status"] == "available"
    cloud.fail("backup.restored")
    answer = client.call("POST", "volumev3", f"/backups/{good}/restore", {"restore": {"volume_id": volume}})
    assert answer.status_code == 202
    assert client.get("volumev3", f"/volumes/{volume}")["volume"]["status"] == "error_restoring"
    assert client.get("volumev3", f"/backups/{good}")["backup"]["status"] == "available"
    cloud.fail("snapshot.deleted")
    assert client.call("DELETE", "volumev3", f"/snapshots/{snapshot}").status_code == 202
    assert client.get("volumev3", f"/snapshots/{snapshot}")["snapshot"]["status"] == "error_deleting"
    with pytest.raises(ValueError, match=r"there is backup\.created"):
        cloud.fail("nothing")


def test_a_backup_that_sticks_is_freed_by_an_admin(cloud: DemoCloud, client: Client) -> None:
    volume = _made(client, "volume", {"size": 1, "name": "to stick"})
    cloud.fail("backup.created", stick=True)
    stuck = _made(client, "backup", {"volume_id": volume})
    assert client.get("volumev3", f"/backups/{stuck}")["backup"]["status"] == "creating"
    assert client.call("DELETE", "volumev3", f"/backups/{stuck}").status_code == 400
    reset = {"os-reset_status": {"status": "error"}}
    assert client.call("POST", "volumev3", f"/backups/{stuck}/action", reset).status_code == 202
    assert client.call("DELETE", "volumev3", f"/backups/{stuck}").status_code == 202
    assert client.call("GET", "volumev3", f"/backups/{stuck}").status_code == 404


def test_a_damaged_store_ends_the_restore_not_the_cloud(cloud: DemoCloud, client: Client) -> None:
    volume = _made(client, "volume", {"size": 1, "name": "to damage"})
    cloud.write(volume, b"data")
    backup = _made(client, "backup", {"volume_id": volume})
    (cloud.state_dir / "backups" / backup / "0").write_bytes(zstandard.compress(b"other"))
    client.call("POST", "volumev3", f"/backups/{backup}/restore", {"restore": {"volume_id": volume}})
    assert client.get("volumev3", f"/volumes/{volume}")["volume"]["status"] == "error_restoring"
    assert [str(error) for error in cloud.errors] == [f"chunk 0 of backup {backup} is damaged"]
    cloud.errors.clear()


def test_a_failed_backup_is_nobody_s_parent(cloud: DemoCloud, client: Client) -> None:
    volume = _made(client, "volume", {"size": 1, "name": "parents"})
    cloud.fail("backup.created")
    _made(client, "backup", {"volume_id": volume})
    refused = client.call(
        "POST", "volumev3", "/backups", {"backup": {"volume_id": volume, "incremental": True}}
    )
    assert refused.status_code == 400
    older = _made(client, "snapshot", {"volume_id": volume})
    _made(client, "backup", {"volume_id": volume})
    body = {"volume_id": volume, "snapshot_id": older, "incremental": True}
    refused = client.call("POST", "volumev3", "/backups", {"backup": body})
    message = "Invalid backup: No backups available to do an incremental backup."  # the only one is too new
    assert refused.json()["badRequest"]["message"] == message
    assert _made(client, "backup", {"volume_id": volume, "incremental": True})


def test_a_refused_call_leaves_nothing_behind(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        client = client_of(cloud, tmp_path)
        before = len(client.get("network", "/v2.0/ports")["ports"])
        missing = {"boot_index": 0, "uuid": MISSING, "source_type": "volume", "destination_type": "volume"}
        body = {"server": {"name": "no", "flavorRef": "1", "block_device_mapping_v2": [missing]}}
        assert client.call("POST", "compute", "/servers", body).status_code == 400
        assert len(client.get("network", "/v2.0/ports")["ports"]) == before
        assert "no" not in {row["name"] for row in client.get("compute", "/servers")["servers"]}
