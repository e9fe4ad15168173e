"""What the embedded cloud keeps: a restart, a killed process, and who may read its files."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import yaml

from opencbr.democloud import DemoCloud, Timing

from .client import Client, back_up, client_of, volume_named


def test_a_second_start_finds_everything_again(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        client = client_of(cloud, tmp_path)
        volume, accounts = volume_named(client, "db1-data"), cloud.clouds_yaml()["clouds"]
        cloud.write(volume, b"before", offset=12345)
        backup = back_up(client, volume)
        cloud.write(volume, b"AFTER!", offset=12345)
        first = cloud.sha256(volume)
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        again = cloud.clouds_yaml()["clouds"]
        passwords = {name: doc["auth"]["password"] for name, doc in accounts.items()}
        assert {name: doc["auth"]["password"] for name, doc in again.items()} == passwords
        client = client_of(cloud, tmp_path)
        assert cloud.sha256(volume) == first
        restored = client.call("POST", "volumev3", f"/backups/{backup}/restore", {"restore": {}}).json()[
            "restore"
        ]
        assert cloud.read(restored["volume_id"], offset=12345, length=6) == b"before"
        assert cloud.errors == []


def test_only_the_owner_reads_the_state(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud") as cloud:
        assert stat.S_IMODE(cloud.state_dir.stat().st_mode) == 0o700
        for file in cloud.state_dir.glob("cloud.sqlite3*"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_file_holds_no_token_that_could_be_used(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", seed="empty") as cloud:
        token = str(client_of(cloud, tmp_path, "admin").session.get_token()).encode()
        for file in cloud.state_dir.glob("cloud.sqlite3*"):
            assert token not in file.read_bytes()


_PROGRAM = """
import json, sys
from pathlib import Path
from opencbr.democloud import DemoCloud, Timing
cloud = DemoCloud(Path(sys.argv[1]), timing=Timing(backup_seconds=3600))
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
            backup = back_up(client, volume_named(client, "db1-data"))
            assert client.get("volumev3", f"/backups/{backup}")["backup"]["status"] == "creating"
        finally:
            os.kill(child.pid, signal.SIGKILL)
    with DemoCloud(tmp_path / "cloud", timing=Timing.manual()) as cloud:
        client = client_of(cloud, tmp_path)
        assert client.get("volumev3", f"/backups/{backup}")["backup"]["status"] == "creating"
        cloud.advance(2 * 3600)
        assert client.get("volumev3", f"/backups/{backup}")["backup"]["status"] == "available"


def test_bytes_that_belong_to_nothing_are_removed_at_the_start(tmp_path: Path) -> None:
    with DemoCloud(tmp_path / "cloud", timing=Timing.instant()) as cloud:
        client = client_of(cloud, tmp_path)
        volume = volume_named(client, "db1-data")
        backup, digest = back_up(client, volume), cloud.sha256(volume)
    disks, backups = tmp_path / "cloud" / "disks", tmp_path / "cloud" / "backups"
    (disks / "11111111-1111-1111-1111-111111111111.raw").write_bytes(b"left behind")
    (disks / f"{volume}.partial").write_bytes(b"half a duplicate")
    (backups / "11111111-1111-1111-1111-111111111111").mkdir()
    with DemoCloud(tmp_path / "cloud") as cloud:
        assert not [
            file.name for file in disks.iterdir() if "1111-1111" in file.name or file.suffix != ".raw"
        ]
        assert [folder.name for folder in backups.iterdir()] == [backup]
        assert cloud.sha256(volume) == digest
