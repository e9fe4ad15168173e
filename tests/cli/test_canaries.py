"""Planted secrets come out nowhere: not in logs at debug level, error answers, a file or a table, though the cloud misbehaves.

The installation is the operator's own, `serve` and `worker` as processes; every secret that it meets is known here.
"""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import yaml
from huaweicloudsdkcbr.v1 import ListBackupsRequest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from sqlalchemy import make_url

from opencbr.democloud import DemoCloud, Timing
from opencbr.democloud.identity import tokens
from sdk import installation as sdk_installation
from sdk.installation import Installation, Key, eventually, installed
from support.databases import POSTGRES
from support.postgres import contents

DEBUG = '[log]\nlevel = "debug"\n'
FAULTS = [
    {"service": "identity", "method": "POST", "path": "/auth/tokens", "drop": "before"},
    {"service": "identity", "method": "POST", "path": "/auth/tokens", "malformed": True},
    {"service": "identity", "method": "GET", "path": "/auth/tokens", "truncated": True},
    {"service": "compute", "method": "GET", "path": "/servers/", "malformed": True, "times": 2},
    {"service": "compute", "method": "GET", "path": "/servers/", "truncated": True, "after": 1},
    {"service": "network", "method": "GET", "path": "/ports", "status": 503, "times": 2},
    {"service": "volume", "method": "GET", "path": "/volumes/", "malformed": True},
    {"service": "volume", "method": "POST", "path": "/snapshots", "drop": "after"},
    {"service": "volume", "method": "POST", "path": "/backups", "status": 500},
    {"service": "volume", "method": "GET", "path": "/export_record", "malformed": True},
]


WRITTEN_BY_THE_OPERATOR = {"clouds.yaml", "opencbr.toml"}


def canary() -> str:
    return f"canary-{secrets.token_hex(8)}"


def disguises(secret: str) -> Iterator[bytes]:
    """A secret as it might lie in a file: as it is, in hex, in UTF-16, in base64 at each of three offsets."""
    plain = secret.encode()
    yield from (plain, plain.hex().encode(), secret.encode("utf-16-le"))
    for offset in range(3):
        # The characters at the ends depend on the neighbours.
        yield base64.b64encode(b"\0" * offset + plain)[4:-4]


class WatchedInstallation:
    """The service on an embedded cloud, the secrets planted in the cloud, and every answer that was no success."""

    def __init__(self, folder: Path, cloud: DemoCloud, service: Installation, known: list[str]) -> None:
        self.folder, self.cloud, self.service, self.known = folder, cloud, service, known
        self.postgres = ""
        self.refused: list[str] = []
        self.member, self.admin = self.token("demo"), self.token("demo-admin")
        self.project = cloud.account("demo")["project_id"]

    def token(self, name: str) -> str:
        who = self.cloud.account(name)
        user = {"name": who["user_name"], "password": who["password"], "domain": {"id": "default"}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}}
        auth |= {"scope": {"project": {"id": who["project_id"]}}}
        answer = requests.post(f"{self.cloud.auth_url}/auth/tokens", json={"auth": auth}, timeout=10)
        return answer.headers["X-Subject-Token"]

    def call(self, method: str, path: str, token: str = "", **more) -> requests.Response:
        where = f"{self.service.url}/v3/{self.project}/{path}"
        answer = requests.request(
            method, where, headers={"X-Auth-Token": token or self.member}, timeout=60, **more
        )
        if answer.status_code >= 400:
            self.refused.append(answer.text)
        return answer

    def plant(self, name: str) -> str:
        """Put a new secret into every place of a server and its disks where tenants put them; return the server's id."""
        state = self.cloud.backend.state
        with state.change():
            server = state.find("server", name=name)
            assert server is not None
            places = [canary() for _ in range(7)]
            self.known += places
            server |= {"user_data": base64.b64encode(f"#!/bin/sh\nTOKEN={places[0]}\n".encode()).decode()}
            server |= {"metadata": {"admin_password": places[1], "DBPASS": places[2]}}
            server |= {"description": f"root password: {places[3]}", "tags": [f"password={places[4]}"]}
            state.put("server", server)
            for volume in state.all("volume", server["project_id"]):
                volume |= {
                    "metadata": {"mysql_pw": places[5]},
                    "description": f"postgres://u:{places[6]}@db/x",
                }
                state.put("volume", volume)
        return str(server["id"])

    def back_up(self, server_id: str) -> dict:
        """Protect a server in a vault of its own, and give its backup once it has ended, however."""
        billing = {"object_type": "server", "protect_type": "backup", "consistent_level": "crash_consistent"}
        vault = {"name": "canaries", "billing": billing | {"size": 100}}
        vault |= {"resources": [{"id": server_id, "type": "OS::Nova::Server"}]}
        made = eventually(lambda: self._made("vaults", {"vault": vault}), "a vault")["vault"]
        checkpoint = {"checkpoint": {"vault_id": made["id"], "parameters": {"name": "canaries"}}}
        eventually(lambda: self._made("checkpoints", checkpoint), "a checkpoint")

        def ended() -> dict | None:
            (row,) = self.call("GET", f"backups?vault_id={made['id']}").json()["backups"]
            return row if row["status"] in {"available", "error"} else None

        return eventually(ended, "the backup has ended")

    def _made(self, path: str, body: dict) -> dict | None:
        answer = self.call("POST", path, json=body)  # again where the cloud gave no answer
        return answer.json() if answer.status_code == 200 else None

    def kept(self) -> dict[str, bytes]:
        """All that the service has written: its files, and on PostgreSQL its tables and the task engine's."""
        texts = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name not in WRITTEN_BY_THE_OPERATOR and "cloud" not in path.parts[:-1]
        }
        database = {"opencbr.db", "opencbr.db.jobs"}
        if self.postgres:
            texts |= contents(self.postgres)
            database = {
                "public.backup",
                "public.record",
                "public.operation_log",
                "dbos.operation_outputs",
            }
        assert database | {"service.log"} <= texts.keys()
        return texts

    def found(self) -> list[tuple[str, str]]:
        """Which secrets lie in what the service has written, or in an answer that was no success."""
        texts = self.kept()
        # What is no secret is found there: so would a secret be.
        assert {name for name, text in texts.items() if b"canaries" in text} - {"service.log"}
        texts |= {f"answer {number}": text.encode() for number, text in enumerate(self.refused)}
        return [
            (name, secret)
            for secret in self.known
            for shape in disguises(secret)
            for name, text in texts.items()
            if shape in text
        ]


@pytest.fixture(name="installation")
def _installation(tmp_path, monkeypatch, dialect, databases):
    known: list[str] = []

    def given_out(length: int) -> str:
        known.append(secrets.token_urlsafe(length))
        return known[-1]

    monkeypatch.setattr(tokens, "secrets", SimpleNamespace(token_urlsafe=given_out))
    monkeypatch.setattr(sdk_installation, "CONFIG", sdk_installation.CONFIG + DEBUG)
    timing = Timing(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    with (
        databases.fresh(dialect, tmp_path, empty=True) as url,
        DemoCloud(tmp_path / "cloud", timing=timing) as cloud,
    ):
        clouds = tmp_path / "clouds.yaml"
        clouds.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        names = ("admin", "opencbr", "demo", "demo-admin", "other")
        known += [cloud.account(name)["password"] for name in names]
        known += [cloud.access_key(name)[1] for name in names]
        key = Key(*cloud.access_key("demo-admin"), cloud.account("demo-admin")["project_id"])
        with installed(tmp_path, clouds, key, "db1", url) as service:
            installation = WatchedInstallation(tmp_path, cloud, service, known)
            if dialect == POSTGRES:
                installation.postgres = url
                known.append(make_url(url).password or "")
            yield installation


def refusals(installation: WatchedInstallation) -> None:
    """Ask for everything that is refused with a secret in the question."""
    wrong = canary()
    installation.known.append(wrong)
    assert installation.call("GET", "backups", token=wrong).status_code == 401
    good = {"X-Auth-Token": installation.member}
    for body in (
        f'{{"vault": {{"adminPass": "{wrong}',
        f'{{"vault": {{"password": "{wrong}", "name": {{"secret": "{wrong}"}}}}}}',
        json.dumps({"checkpoint": {"vault_id": [wrong], "token": wrong}}),
    ):
        for path in ("vaults", "checkpoints"):
            where = f"{installation.service.url}/v3/{installation.project}/{path}"
            headers = good | {"Content-Type": "application/json"}
            answer = requests.post(where, data=body, headers=headers, timeout=30)
            assert answer.status_code == 400, answer.text
            installation.refused.append(answer.text)
    access, _ = installation.cloud.access_key("demo-admin")
    forged = installation.service.client(Key(access, wrong, installation.project))
    with pytest.raises(ClientRequestException) as refused:
        forged.list_backups(ListBackupsRequest())
    installation.refused.append(f"{refused.value.error_code} {refused.value.error_msg}")
    assert installation.service.client().list_backups(ListBackupsRequest()).count is not None


@pytest.mark.thorough
def test_no_planted_secret_comes_out_anywhere(installation: WatchedInstallation):
    good, bad = installation.plant("db1"), installation.plant("web1")
    refusals(installation)
    faults = [installation.cloud.faults.inject(**what) for what in FAULTS]
    first = installation.back_up(good)
    installation.cloud.faults.clear()
    installation.cloud.fail(
        "backup.created", times=0, reason=f"the driver said password={installation.known[0]}"
    )
    second = installation.back_up(bad)
    installation.cloud.backend.failures.clear()
    assert sum(fault.hits > 0 for fault in faults) >= 8, [fault for fault in faults if not fault.hits]
    assert (first["status"], second["status"]) == ("available", "error")

    # The secrets were there to be found: the admin of the project reads them in what was backed up.
    shown = installation.call("GET", f"backups/{first['id']}/metadata", token=installation.admin).text
    assert shown.count("canary-") >= 6
    # Everything else that a client may see is as good as an error.
    for path in (
        f"backups/{first['id']}/metadata",
        f"backups/{first['id']}/record",
        *("operation-logs", "backups", "vaults", "vaults/summary"),
        *("protectables/server/instances", "protectables/disk/instances"),
    ):
        text = installation.call("GET", path).text
        if not path.startswith("protectables"):  # what the tenant's own Nova and Cinder say, to the tenant
            installation.refused.append(text)
    assert len(installation.refused) > 10
    assert installation.found() == []
    log = (installation.folder / "service.log").read_text()
    assert " DEBUG " in log
    for line in log.splitlines():
        assert not any(secret in line for secret in installation.known)
