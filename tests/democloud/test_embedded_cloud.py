"""The embedded cloud itself: timing, quotas, rights, and what the SDK makes of it."""

import threading
from pathlib import Path

import pytest
import requests
import yaml

import openstack
from opencbr.democloud import DemoCloud, Timing

from .client import Client, back_up, client_of, volume_named


def test_a_restore_in_place_after_an_admin_s_reset(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        member, admin = client_of(cloud, tmp_path), client_of(cloud, tmp_path, "admin")
        volume = volume_named(member, "db1-root")
        before = cloud.sha256(volume)
        backup = back_up(member, volume)
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


def test_manual_timing_moves_only_by_hand(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.manual()) as cloud:
        client = client_of(cloud, tmp_path)
        backup = back_up(client, volume_named(client, "db1-data"))
        path = f"/backups/{backup}"
        assert client.get("volumev3", path)["backup"]["status"] == "creating"
        cloud.advance(0.5)
        assert client.get("volumev3", path)["backup"]["status"] == "creating"
        cloud.advance(10)
        assert client.get("volumev3", path)["backup"]["status"] == "available"


def test_real_timing_shows_progress_and_ends(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing(backup_seconds=0.3)) as cloud:
        client = client_of(cloud, tmp_path)
        backup = back_up(client, volume_named(client, "db1-data"))
        assert client.states(f"/backups/{backup}", "backup", {"available"}) == ["creating", "available"]


def test_quotas(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        member, admin = client_of(cloud, tmp_path), client_of(cloud, tmp_path, "admin")
        body = {"quota_set": {"backups": 1}}
        path = f"/os-quota-sets/{member.project_id}"
        assert member.call("PUT", "volumev3", path, body).status_code == 403
        assert admin.call("PUT", "volumev3", path, body).status_code == 200
        volume = volume_named(member, "db1-data")
        back_up(member, volume)
        refused = member.call(
            "POST", "volumev3", "/backups", {"backup": {"volume_id": volume, "force": True}}
        )
        message = "BackupLimitExceeded: Maximum number of backups allowed (1) exceeded"
        assert refused.status_code == 413
        assert refused.json() == {"overLimit": {"code": 413, "message": message}}


def test_a_reader_may_look_but_not_touch(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        admin = client_of(cloud, tmp_path, "admin")
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
        volume = volume_named(looker, "db1-data")
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


def test_the_servers_of_the_demo(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud") as cloud:
        demo = client_of(cloud, tmp_path)
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
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
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
