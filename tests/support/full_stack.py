"""The whole service on a cloud, with a recorder between the two and what reaches it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from democloud.client import Client
from opencbr.democloud import DemoCloud
from sdk.installation import Installation, Key, eventually, installed

from .cloud_objects import CloudObjects
from .recording import Recorder, recording

TYPES = {"server": "OS::Nova::Server", "disk": "OS::Cinder::Volume"}


@dataclass
class Api:
    """One user's calls below `/v3/{project_id}` of the service."""

    url: str
    user: Client

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"X-Auth-Token": self.user.session.get_token()}
        where = f"{self.url}/v3/{self.user.project_id}/{path}"
        return requests.request(method, where, json=body, headers=headers, timeout=60)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def status(self, path: str) -> tuple[int, str]:
        """Return the HTTP status and the error code, "" where there is none."""
        answer = self.call("GET", path)
        return answer.status_code, answer.json().get("error_code", "")


@dataclass
class FullStack:
    """`admin` is an admin of the project (everything in clear), `member` a plain member of it, `other` one of another."""

    folder: Path
    recorder: Recorder
    admin: Api
    member: Api
    tenant: Client
    other: Client
    cloud_objects: CloudObjects
    installation: Installation
    demo: DemoCloud | None
    entry: dict[str, Any] = field(repr=False)

    def member_entry(self) -> dict[str, Any]:
        """Return the member's entry of `clouds.yaml` with the service in it, as a client of the command line has it."""
        return self.entry | {"cbr_endpoint_override": f"{self.installation.url}/v3/{self.tenant.project_id}"}

    @contextmanager
    def protected(self, *resource_ids: str, kind: str = "server") -> Iterator[dict[str, Any]]:
        """Yield a vault with the servers or disks bound to it; afterwards it is deleted with all it holds."""
        vault = self._protect(resource_ids, kind)
        try:
            yield vault
        finally:
            self._drop(vault)

    def _protect(self, resource_ids: Sequence[str], kind: str) -> dict[str, Any]:
        billing = {"object_type": kind, "protect_type": "backup", "consistent_level": "crash_consistent"}
        billing |= {"size": 100}
        body = {"vault": {"name": f"{self.cloud_objects.prefix}-vault", "billing": billing, "resources": []}}
        answer = self.member.call("POST", "vaults", body)
        assert answer.status_code == 200, answer.text
        vault: dict[str, Any] = answer.json()["vault"]
        if not resource_ids:
            return vault
        body = {"resources": [{"id": one, "type": TYPES[kind]} for one in resource_ids]}
        answer = self.member.call("POST", f"vaults/{vault['id']}/addresources", body)
        assert answer.status_code == 200, answer.text
        return vault

    def back_up(self, vault: dict[str, Any], name: str) -> dict[str, Any]:
        """Run the checkpoint of one server or disk to its end and return its backup with its children."""
        (backup,) = self.back_up_all(vault, name)
        return backup

    def back_up_all(self, vault: dict[str, Any], name: str) -> list[dict[str, Any]]:
        """Run a checkpoint to its end and return its backups with their children."""
        body = {"checkpoint": {"vault_id": vault["id"], "parameters": {"name": name}}}
        answer = self.member.call("POST", "checkpoints", body)
        assert answer.status_code == 200, answer.text
        id_ = answer.json()["checkpoint"]["id"]

        def done() -> bool:
            status = self.member.get(f"checkpoints/{id_}")["checkpoint"]["status"]
            assert status in {"protecting", "available"}, self.troubles(id_)
            return bool(status == "available")

        eventually(done, f"checkpoint {name} is available", 300)
        rows = self.member.get(f"backups?checkpoint_id={id_}")["backups"]
        found = [self.member.get(f"backups/{row['id']}")["backup"] for row in rows]
        assert {backup["status"] for backup in found} == {"available"}
        return found

    def delete(self, backup: dict[str, Any]) -> None:
        """Delete a backup and wait until nobody can see it any more, nor any worker is at it."""
        answer = self.member.call("DELETE", f"backups/{backup['id']}")
        assert answer.status_code in {200, 202, 204}, answer.text
        gone = (404, "BackupService.6200")
        eventually(lambda: self.member.status(f"backups/{backup['id']}") == gone, "the backup is gone")

        def ended() -> bool:
            logs = self.member.get("operation-logs?operation_type=delete&limit=50")["operation_logs"]
            (log,) = [row for row in logs if row["extra_info"]["delete"]["backup_id"] == backup["id"]]
            assert log["status"] in {"waiting", "running", "success"}, log
            return bool(log["status"] == "success")

        eventually(ended, "the deletion has ended")

    def _drop(self, vault: dict[str, Any]) -> None:
        answer = self.member.call("DELETE", f"vaults/{vault['id']}")
        assert answer.status_code in {200, 202, 204}, answer.text
        gone = (404, "BackupService.6105")
        eventually(lambda: self.member.status(f"vaults/{vault['id']}") == gone, "the vault is gone", 300)

    def troubles(self, checkpoint_id: str) -> str:
        logs = self.member.get("operation-logs")["operation_logs"]
        return str([row["error_info"] for row in logs if row["checkpoint_id"] == checkpoint_id])

    def upstream(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return what the cloud holds of this installation: Cinder's "backups" or "snapshots", by name."""
        rows = self.tenant.get("volumev3", f"/{kind}/detail", mv="3.45")[kind]
        return {row["name"]: row for row in rows if (row["name"] or "").startswith(self.prefix)}

    @property
    def prefix(self) -> str:
        """What the names of all upstream objects of this installation begin with."""
        installation = self._cell("SELECT value FROM settings WHERE key = 'installation_id'")
        return f"opencbr-{installation}-"

    def ledger(self) -> int:
        """Count the rows of the ledger."""
        return int(self._cell("SELECT count(*) FROM ledger"))

    def opencbr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as the operator does."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENCBR_", "OS_"))}
        environment["OPENCBR_CONFIG"] = str(self.folder / "opencbr.toml")
        command = [sys.executable, "-m", "opencbr", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def _cell(self, query: str) -> Any:
        with closing(sqlite3.connect(self.folder / "opencbr.db")) as database:
            return database.execute(query).fetchone()[0]


@contextmanager
def full_stack_of(
    folder: Path,
    clouds_file: Path,
    *,
    admin: str,
    member: str,
    other: str,
    key: Key,
    demo: DemoCloud | None = None,
    settings: str = "",
) -> Iterator[FullStack]:
    """Run the service on the cloud of `clouds_file`, of which `admin`, `member` and `other` are entries.

    `settings` are more lines of its configuration file.
    """
    clouds = yaml.safe_load(clouds_file.read_text())["clouds"]
    with recording(clouds["opencbr"]) as (recorder, entry):
        through = folder / "clouds.yaml"
        through.touch(mode=0o600)
        through.write_text(yaml.safe_dump({"clouds": {"opencbr": entry}}))
        tenant = Client(member, str(clouds_file))
        cloud_objects = CloudObjects(tenant)
        try:
            with installed(folder, through, key, "", settings=settings) as installation:
                yield FullStack(
                    folder=folder,
                    recorder=recorder,
                    admin=Api(installation.url, Client(admin, str(clouds_file))),
                    member=Api(installation.url, tenant),
                    tenant=tenant,
                    other=Client(other, str(clouds_file)),
                    cloud_objects=cloud_objects,
                    installation=installation,
                    demo=demo,
                    entry=clouds[member],
                )
        finally:
            cloud_objects.clear()
