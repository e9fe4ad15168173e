"""The embedded cloud itself: pace, restart, a killed process, who may read its files."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
import yaml

import openstack
from opencbr.democloud import DemoCloud, Pace

from .rigs import Client


def _client(cloud: DemoCloud, folder: Path, name: str = "demo") -> Client:
    file = folder / "clouds.yaml"
    file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
    return Client(name, str(file))


def _backup(client: Client, volume: str, **more: object) -> str:
    body = {"backup": {"volume_id": volume, "name": "kept", "force": True, **more}}
    answer = client.call("POST", "volumev3", "/backups", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["backup"]["id"])


def _volume(client: Client, name: str) -> str:
    rows = client.get("volumev3", f"/volumes?name={name}")["volumes"]
    return str(rows[0]["id"])


def test_a_second_start_finds_everything_again(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        client = _client(cloud, tmp_path)
        volume, accounts = _volume(client, "db1-data"), cloud.clouds_yaml()["clouds"]
        cloud.write(volume, b"before", offset=12345)
        backup = _backup(client, volume)
        cloud.write(volume, b"AFTER!", offset=12345)
        first = cloud.sha256(volume)
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        again = cloud.clouds_yaml()["clouds"]
        passwords = {name: doc["auth"]["password"] for name, doc in accounts.items()}
        assert {name: doc["auth"]["password"] for name, doc in again.items()} == passwords
        client = _client(cloud, tmp_path)
        assert cloud.sha256(volume) == first
        restored = client.call("POST", "volumev3", f"/backups/{backup}/restore", {"restore": {}}).json()[
            "restore"
        ]
        assert cloud.read(restored["volume_id"], offset=12345, length=6) == b"before"
        assert cloud.errors == []


def test_a_restore_in_place_through_the_admin_s_door(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        member, admin = _client(cloud, tmp_path), _client(cloud, tmp_path, "admin")
        volume = _volume(member, "db1-root")
        before = cloud.sha256(volume)
        backup = _backup(member, volume)
        cloud.write(volume, b"overwritten" * 1000)
        assert cloud.sha256(volume) != before
        restore = {"restore": {"volume_id": volume}}
        assert member.call("POST", "volumev3", f"/backups/{backup}/restore", restore).status_code == 400
        reset = {"os-reset_status": {"status": "available"}}
        assert admin.call("POST", "volumev3", f"/volumes/{volume}/action", reset).status_code == 202
        shown = member.get("volumev3", f"/volumes/{volume}")["volume"]
        assert (shown["status"], len(shown["attachments"])) == ("available", 1)
        assert member.call("DELETE", "volumev3", f"/volumes/{volume}").status_code == 400
        assert member.call("POST", "volumev3", f"/backups/{backup}/restore", restore).status_code == 202
        assert cloud.sha256(volume) == before


def test_manual_pace_moves_only_by_hand(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.manual()) as cloud:
        client = _client(cloud, tmp_path)
        backup = _backup(client, _volume(client, "db1-data"))
        path = f"/backups/{backup}"
        assert client.get("volumev3", path)["backup"]["status"] == "creating"
        cloud.advance(0.5)
        assert client.get("volumev3", path)["backup"]["status"] == "creating"
        cloud.advance(10)
        assert client.get("volumev3", path)["backup"]["status"] == "available"


def test_real_pace_shows_progress_and_ends(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace(backup_seconds=0.3)) as cloud:
        client = _client(cloud, tmp_path)
        backup = _backup(client, _volume(client, "db1-data"))
        assert client.states(f"/backups/{backup}", "backup", {"available"}) == ["creating", "available"]


def test_only_the_owner_reads_the_state(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud") as cloud:
        assert stat.S_IMODE(cloud.state_dir.stat().st_mode) == 0o700
        for file in cloud.state_dir.glob("cloud.sqlite3*"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_file_holds_no_token_that_could_be_used(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", seed="empty") as cloud:
        token = str(_client(cloud, tmp_path, "admin").session.get_token()).encode()
        for file in cloud.state_dir.glob("cloud.sqlite3*"):
            assert token not in file.read_bytes()


_PROGRAM = """
import json, sys
from pathlib import Path
from opencbr.democloud import DemoCloud, Pace
cloud = DemoCloud(Path(sys.argv[1]), pace=Pace(backup_seconds=3600))
cloud.start()
print(json.dumps([cloud.base, cloud.clouds_yaml()]), flush=True)
sys.stdin.read()
"""


def test_a_killed_cloud_goes_on_where_it_was(tmp_path: Path) -> None:
    args = [sys.executable, "-c", _PROGRAM, str(tmp_path / "cloud")]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            _, clouds = json.loads(child.stdout.readline())
            file = tmp_path / "clouds.yaml"
            file.write_text(yaml.safe_dump(clouds))
            client = Client("demo", str(file))
            backup = _backup(client, _volume(client, "db1-data"))
            assert client.get("volumev3", f"/backups/{backup}")["backup"]["status"] == "creating"
        finally:
            os.kill(child.pid, signal.SIGKILL)
    with DemoCloud(tmp_path / "cloud", pace=Pace.manual()) as cloud:
        client = _client(cloud, tmp_path)
        assert client.get("volumev3", f"/backups/{backup}")["backup"]["status"] == "creating"
        cloud.advance(2 * 3600)
        assert client.get("volumev3", f"/backups/{backup}")["backup"]["status"] == "available"


def test_quotas(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        member, admin = _client(cloud, tmp_path), _client(cloud, tmp_path, "admin")
        body = {"quota_set": {"backups": 1}}
        path = f"/os-quota-sets/{member.project_id}"
        assert member.call("PUT", "volumev3", path, body).status_code == 403
        assert admin.call("PUT", "volumev3", path, body).status_code == 200
        volume = _volume(member, "db1-data")
        _backup(member, volume)
        refused = member.call(
            "POST", "volumev3", "/backups", {"backup": {"volume_id": volume, "force": True}}
        )
        message = "BackupLimitExceeded: Maximum number of backups allowed (1) exceeded"
        assert refused.status_code == 413
        assert refused.json() == {"overLimit": {"code": 413, "message": message}}


def test_a_reader_may_look_but_not_touch(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        admin = _client(cloud, tmp_path, "admin")
        demo = cloud.account("demo")
        body = {
            "user": {"name": "looker", "password": "looks-only", "default_project_id": demo["project_id"]}
        }
        user = admin.call("POST", "identity", "/users", body).json()["user"]["id"]
        role = admin.get("identity", "/roles?name=reader")["roles"][0]["id"]
        path = f"/projects/{demo['project_id']}/users/{user}/roles/{role}"
        assert admin.call("PUT", "identity", path).status_code == 204
        auth = {"auth_url": cloud.auth_url, "username": "looker", "password": "looks-only"}
        auth |= {"project_name": "demo", "user_domain_id": "default", "project_domain_id": "default"}
        (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"looker": {"auth": auth}}}))
        looker = Client("looker", str(tmp_path / "clouds.yaml"))
        volume = _volume(looker, "db1-data")
        server = looker.get("compute", "/servers?name=db1")["servers"][0]["id"]
        for service, path, given in (
            ("volumev3", "/backups", {"backup": {"volume_id": volume, "force": True}}),
            ("volumev3", "/snapshots", {"snapshot": {"volume_id": volume}}),
            (
                "compute",
                f"/servers/{server}/action",
                {"lock": None},
            ),
        ):
            assert looker.call("POST", service, path, given).status_code == 403


def test_the_scene(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud") as cloud:
        demo = _client(cloud, tmp_path)
        rows = {row["name"]: row for row in demo.get("compute", "/servers/detail", mv="2.104")["servers"]}
        assert set(rows) == {"db1", "web1", "café-文"}
        assert len(rows["db1"]["os-extended-volumes:volumes_attached"]) == 3
        assert set(rows["db1"]["addresses"]) == {"demo-net", "demo-back"}
        assert [row["OS-EXT-IPS:type"] for row in rows["db1"]["addresses"]["demo-net"]] == [
            "fixed",
            "floating",
        ]
        assert rows["web1"]["image"]["id"]
        assert rows["café-文"]["addresses"] == {}
        access, secret = cloud.access_key("demo-admin")
        assert (len(access), len(secret)) == (32, 32)


@pytest.mark.filterwarnings("error::UserWarning")
# The SDK's proxies and resources still use what it deprecates itself.
@pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning")
def test_the_sdk_finds_its_way_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        account = cloud.clouds_yaml()["clouds"]["demo"]
        connection = openstack.connect(**account["auth"], region_name=account["region_name"])
        assert {server.name for server in connection.compute.servers()} == {"db1", "web1", "café-文"}
        assert len(list(connection.block_storage.volumes())) == 5
        server = connection.compute.find_server("db1", ignore_missing=False)
        assert len(list(connection.network.ports(device_id=server.id))) == 2
        assert [image.name for image in connection.image.images()] == ["tiny"]
        assert connection.identity.get_project(connection.current_project_id).name == "demo"
        connection.close()
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_keep_alive_and_a_quick_stop(tmp_path: Path) -> None:
    cloud = DemoCloud(tmp_path / "cloud", seed="empty").start()
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(cloud.auth_url, timeout=10).status_code == 200
        stopping = threading.Thread(target=cloud.stop, daemon=True)
        stopping.start()
        stopping.join(120)
        assert not stopping.is_alive(), "a connection kept alive does not hold it up"
        with pytest.raises(requests.ConnectionError):
            session.get(f"{cloud.base}/identity/v3", timeout=10)
    with pytest.raises(RuntimeError, match="call start"):
        cloud.account("admin")


def test_bytes_that_belong_to_nothing_are_swept_out(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        client = _client(cloud, tmp_path)
        volume = _volume(client, "db1-data")
        backup, digest = _backup(client, volume), cloud.sha256(volume)
    disks, backups = tmp_path / "cloud" / "disks", tmp_path / "cloud" / "backups"
    (disks / "11111111-1111-1111-1111-111111111111.raw").write_bytes(b"left behind")
    (disks / f"{volume}.partial").write_bytes(b"half a copy")
    (backups / "11111111-1111-1111-1111-111111111111").mkdir()
    with DemoCloud(tmp_path / "cloud") as cloud:
        assert not [
            file.name for file in disks.iterdir() if "1111-1111" in file.name or file.suffix != ".raw"
        ]
        assert [folder.name for folder in backups.iterdir()] == [backup]
        assert cloud.sha256(volume) == digest
