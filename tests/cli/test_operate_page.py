"""docs/operate.md's first start and its restore by hand are done as they stand there, on an embedded cloud."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml

from opencbr.democloud import DemoCloud
from support.databases import KINDS
from support.granian import free_port

PAGE = (Path(__file__).parents[2] / "docs/operate.md").read_text()


def blocks(chapter: str) -> list[str]:
    """The commands of a chapter that a test can do; those for root are marked `console`."""
    text = PAGE.split(f"## {chapter}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


class Machine:
    """Where the page's commands are done: its paths, addresses and credentials are this machine's."""

    def __init__(self, folder: Path, cloud: DemoCloud, database_url: str) -> None:
        self.cloud, self.looked = cloud, ""
        self.folder, self.port = folder / "etc", free_port()
        self.folder.mkdir()
        (folder / "admin-clouds.yaml").write_text(yaml.safe_dump(cloud.clouds_yaml()))
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("OS_", "OPENCBR_"))
        }
        program = folder / "bin"
        program.mkdir()
        (program / "opencbr").write_text(f'#!/bin/sh\nexec {sys.executable} -m opencbr "$@"\n')
        (program / "opencbr").chmod(0o755)
        path = f"{program}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environ = clean | {"PATH": path, "HOME": str(folder), "PYTHONWARNINGS": "ignore"}
        self.places = {
            "/etc/opencbr": str(self.folder),
            "https://keystone.example.org:5000/v3": cloud.auth_url,
            "https://backup.example.org": f"http://127.0.0.1:{self.port}",
            "127.0.0.1:8780": f"127.0.0.1:{self.port}",
            "postgresql+psycopg://opencbr:PASSWORD@127.0.0.1/opencbr": database_url,
        }

    def sh(self, script: str, **more: str) -> str:
        for there, here in self.places.items():
            script = script.replace(there, here)
        done = subprocess.run(
            ["sh", "-e"],
            input=script,
            cwd=self.folder,
            env=self.environ | more,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture(scope="module", name="machine", params=KINDS)
def _machine(request, tmp_path_factory, databases):
    """The first start, step after step."""
    folder = tmp_path_factory.mktemp("machine")
    with DemoCloud(folder / "cloud") as cloud, databases.fresh(request.param, folder, empty=True) as url:
        _forget_service_user(cloud)
        machine = Machine(folder, cloud, url)
        settings, register, prepare, look = blocks("First start")
        assert "created user opencbr" in machine.sh(settings + register)
        said = machine.sh(prepare)
        assert "MISSING" not in said
        assert "applied " in said
        running = [
            subprocess.Popen(
                ["opencbr", verb], cwd=machine.folder, env=machine.environ, start_new_session=True
            )
            for verb in ("serve", "worker")
        ]
        try:
            deadline = time.monotonic() + 120
            while '"status":"ready"' not in (said := _readyz(machine)):
                assert time.monotonic() < deadline, said
                time.sleep(0.2)
            machine.looked = machine.sh(look)
            yield machine
        finally:
            for process in running:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(60)


def _forget_service_user(cloud: DemoCloud) -> None:
    """Make it a cloud that nobody has prepared: it has no user of this name."""
    state, account = cloud.backend.state, cloud.account("opencbr")
    with state.change():
        user = state.get("user", account["user_id"])
        assert user is not None
        state.put("user", user | {"name": "somebody else"})


def _readyz(machine: Machine) -> str:
    try:
        return requests.get(f"http://127.0.0.1:{machine.port}/readyz", timeout=30).text
    except requests.ConnectionError as error:
        return str(error)


def test_after_the_first_start_all_is_well(machine):
    assert '"status":"ready"' in machine.looked
    assert machine.looked.endswith("all is well\n")
    for private in ("clouds.yaml", "opencbr.toml"):
        assert (machine.folder / private).stat().st_mode & 0o077 == 0


@pytest.mark.thorough
def test_a_server_s_disks_are_restored_by_plain_cinder(machine):
    cloud = machine.cloud
    account = cloud.account("demo-admin")
    env = {
        "OPENCBR_ENDPOINT": f"http://127.0.0.1:{machine.port}",
        "OPENCBR_PROJECT_ID": account["project_id"],
        "OS_AUTH_URL": cloud.auth_url,
        "OS_USERNAME": account["user_name"],
        "OS_PASSWORD": account["password"],
        "OS_PROJECT_NAME": account["project_name"],
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
    }
    api = (Path(__file__).parents[2] / "docs/api.md").read_text().split("## From a vault")[1]
    by_curl = re.findall(r"^```sh\n(.*?)^```$", api, re.DOTALL | re.MULTILINE)[0].replace("web1", "db1")
    token = "OPENCBR_TOKEN=$(openstack token issue -f value -c id)\n"
    backup = machine.sh(token + by_curl + "\necho; echo $backup", **env).split()[-1]
    (restore,) = blocks("A restore by hand")
    volumes = machine.sh(restore, backup=backup, **env).split()
    was = [
        json.loads(text)["volume"]
        for text in json.loads((machine.folder / "metadata.json").read_text())["volumes"]
    ]
    assert [volume["name"] for volume in was] == ["db1-root", "db1-data", "db1-archive"]
    cloud.settle()
    for volume, restored in zip(was, volumes, strict=True):
        assert cloud.sha256(restored) == cloud.sha256(volume["id"])
