"""A whole server on a free port: real HTTP, a real database, Keystone from the embedded cloud."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests
import yaml

from opencbr.api.app import create_app
from opencbr.api.auth import Authenticator
from opencbr.api.dispatch import Dependencies
from opencbr.api.health import Readiness
from opencbr.api.pools import Pools
from opencbr.api.rights import Rights
from opencbr.api.routes import ROUTES
from opencbr.api.verdicts import Verdicts
from opencbr.clock import SystemClock
from opencbr.cloud.capture import read_server
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.console.mount import mount_console
from opencbr.console.sign_in.keystone import Account
from opencbr.democloud import DemoCloud
from opencbr.jobs.settings import ScheduleSettings
from opencbr.keys.master_key import open_master_key
from opencbr.keys.session_seal import SessionSeal
from opencbr.model.backup import Backup
from opencbr.model.backup_member import backup_member
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.extend_info import disk_info
from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import PROVIDER_ID, SERVER, VOLUME, Vault
from opencbr.records.archive import open_records
from opencbr.service.backups import Backups
from opencbr.service.browser_sessions import BrowserSessions
from opencbr.service.checkpoints import Checkpoints
from opencbr.service.drills import Drills
from opencbr.service.freshness import Freshness
from opencbr.service.metadata import Metadata
from opencbr.service.operation_logs import OperationLogs
from opencbr.service.policies import Policies
from opencbr.service.policy_runs import PolicyRuns
from opencbr.service.protectables import Protectables
from opencbr.service.restore_plans import RestorePlans
from opencbr.service.restores import Restores
from opencbr.service.retention_previews import RetentionPreviews
from opencbr.service.scopes import Scopes
from opencbr.service.services import Services
from opencbr.service.storage_usage import StorageUsage
from opencbr.service.vault_expiry import VaultExpiry
from opencbr.service.vault_resources import VaultResources
from opencbr.service.vault_tags import VaultTags
from opencbr.service.vaults import Vaults
from opencbr.service.ways_back import WaysBack
from opencbr.store import backups, checkpoints, disk_backups, leases, operation_logs, vaults
from opencbr.store.database import Database
from opencbr.store.installation import writable
from opencbr.store.leases import any_alive
from support.granian import serving

from .declared_errors import check_declared


class TurnedClock(SystemClock):
    """Real time, moved by what a test says."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class ApiServer:
    """The server under test, and how a test reaches it."""

    url: str
    folder: Path
    cloud: DemoCloud
    database: Database
    services: Services
    clock: TurnedClock
    checks: dict[str, Any]
    records: Any
    adapter: Cloud
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def project(self, account: str = "demo") -> str:
        return str(self.cloud.account(account)["project_id"])

    def token(self, account: str = "demo") -> str:
        if account not in self._tokens:
            self._tokens[account] = self.fresh_token(account)
        return self._tokens[account]

    def fresh_token(self, account: str = "demo") -> str:
        who = self.cloud.account(account)
        domain = {"id": "default"}
        user = {"name": who["user_name"], "password": who["password"], "domain": domain}
        scope = {"project": {"id": who["project_id"]}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
        answer = requests.post(f"{self.cloud.auth_url}/auth/tokens", json={"auth": auth}, timeout=10)
        answer.raise_for_status()
        return answer.headers["X-Subject-Token"]

    def call(
        self, method: str, path: str, body: Any = None, *, account: str | None = "demo", **more: Any
    ) -> requests.Response:
        """Send a request; `path` without a leading slash lies below the account's project."""
        headers = dict(more.pop("headers", {}))
        if account is not None:
            headers.setdefault("X-Auth-Token", self.token(account))
        if not path.startswith("/"):
            path = f"/v3/{self.project(account or 'demo')}/{path}"
        if body is not None and "data" not in more:
            more["data"] = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        answer = requests.request(
            method, self.url + path, headers=headers, timeout=30, allow_redirects=False, **more
        )
        check_declared(answer)
        return answer

    def vault(self, account: str = "demo", **changes: Any) -> Vault:
        now = self.clock.now()
        vault = Vault(
            id=new_id(now),
            project_id=self.project(account),
            user_id="user",
            name="vault-1",
            created_at=now,
            updated_at=now,
        )
        vault = replace(vault, **changes)
        with self.database.write() as conn:
            vaults.insert(conn, vault)
        return vault

    def backup(self, vault: Vault, *, disks: int = 2, **changes: Any) -> Backup:
        """Put a server backup with its disks (or, with 0, a disk backup) into the database."""
        now = self.clock.now()
        checkpoint = Checkpoint(
            id=new_id(now),
            project_id=vault.project_id,
            vault_id=vault.id,
            user_id="user",
            name="manualbk_1a2b",
            created_at=now,
        )
        top = Backup(
            id=new_id(now),
            project_id=vault.project_id,
            checkpoint_id=checkpoint.id,
            vault_id=vault.id,
            provider_id=PROVIDER_ID["server" if disks else "disk"],
            name="manualbk_1a2b",
            resource_id=new_id(now),
            resource_name="db1",
            resource_type=SERVER if disks else VOLUME,
            resource_size=10 * max(disks, 1),
            resource_az="nova",
            status="available",
            created_at=now,
            updated_at=now,
            protected_at=now,
        )
        top = replace(top, **changes)
        children = [
            replace(
                top,
                id=new_id(now),
                parent_id=top.id,
                position=position,
                resource_id=new_id(now),
                resource_type=VOLUME,
                resource_size=10,
                resource_az=None,
                stored_mb=100,
            )
            for position in range(disks)
        ]
        with self.database.write() as conn:
            checkpoints.insert(conn, checkpoint)
            backups.insert_all(conn, [top, *children])
        return top

    def protected(
        self,
        server_name: str = "db1",
        account: str = "demo",
        *,
        vault: Vault | None = None,
        exclude: frozenset[str] = frozenset(),
        **changes: Any,
    ) -> Backup:
        """Capture a server of the embedded cloud and close its record, without moving bytes.

        The backup lies in `vault`, or in one of its own; `changes` are fields of it, and `exclude` are volumes to leave out.
        """
        vault, project = vault or self.vault(account), self.project(account)
        reader = self.adapter.reader()
        (server,) = [one for one in reader.list_servers(project) if one["name"] == server_name]
        reading = read_server(
            reader,
            server_id=server["id"],
            project_id=project,
            exclude=exclude,
            include=frozenset(),
            clock=self.clock,
        )
        backup = self.backup(vault, disks=0, status="protecting", **changes)
        with self.database.write() as conn:
            backups.update(
                conn,
                project,
                backup.id,
                resource_id=server["id"],
                resource_name=server_name,
                resource_type=SERVER,
                provider_id=PROVIDER_ID["server"],
            )
            for disk in reading.disks:
                child = replace(
                    backup,
                    id=new_id(self.clock.now()),
                    parent_id=backup.id,
                    position=disk.position,
                    resource_id=disk.volume_id,
                    resource_type=VOLUME,
                    resource_size=disk.size_gb,
                    extend_info=disk_info(backup, disk, child=True),
                )
                backups.insert(conn, child)
                now = self.clock.now()
                disk_backups.note(conn, project, child.id, cinder_backup_id=new_id(now), now=now)
        for part in ("before", "after"):
            self.records.keep(project, backup.id, part, reading)
        with self.database.read() as conn:
            top = backups.get(conn, project, backup.id)
            assert top is not None
            children = backups.children(conn, project, [top.id])[top.id]
        record = self.records.prepare(top, backups_member=backup_member(replace(top, status="available")))
        with self.database.write() as conn:
            assert self.records.write(conn, record)
            for one in (top, *children):
                told = {"verdict": record.verdict} if one is top else {}
                assert backups.move(conn, project, one.id, "available", **told)
            found = backups.get(conn, project, backup.id)
            assert found is not None
        return found

    def log(self, account: str = "demo", **changes: Any) -> OperationLog:
        now = self.clock.now()
        log = OperationLog(
            id=new_id(now),
            project_id=self.project(account),
            operation_type="backup",
            status="running",
            created_at=now,
            updated_at=now,
        )
        log = replace(log, **changes)
        with self.database.write() as conn:
            operation_logs.insert(conn, log)
        return log


@contextmanager
def open_server(
    folder: Path,
    cloud: DemoCloud,
    database_url: str,
    *,
    threads: int = 8,
    deadline_seconds: float = 30.0,
    one_click: tuple[str, ...] | None = None,
    proxies: int = 0,
    **metadata: Any,
) -> Iterator[ApiServer]:
    """Start a server; its clouds.yaml and keys lie in `folder`.

    With `one_click` it has the console, which signs in these accounts of the embedded cloud by one click.
    """
    (folder / "clouds.yaml").write_text(yaml.safe_dump(cloud.clouds_yaml()))
    clock = TurnedClock()
    settings = CloudSettings(
        cloud="opencbr", config_files=(str(folder / "clouds.yaml"),), timeout_seconds=10, retries=0
    )
    adapter = Cloud(settings, clock)
    database = Database(database_url)
    records = open_records(database, folder / "keys", clock)
    shown = Metadata(database, records, **metadata)
    services = Services(
        vaults=Vaults(database=database, cloud=adapter),
        vault_tags=VaultTags(database),
        vault_resources=VaultResources(database),
        vault_expiry=VaultExpiry(database),
        storage_usage=StorageUsage(database),
        protectables=Protectables(database=database, cloud=adapter),
        checkpoints=Checkpoints(database=database, cloud=adapter),
        restores=Restores(database=database, cloud=adapter),
        restore_plans=RestorePlans(database, adapter, records),
        ways_back=WaysBack(database, adapter),
        drills=Drills(database),
        policies=Policies(database, ScheduleSettings()),
        policy_runs=PolicyRuns(database, ScheduleSettings()),
        freshness=Freshness(database),
        retention_previews=RetentionPreviews(database),
        backups=Backups(database, shown.forget),
        metadata=shown,
        operation_logs=OperationLogs(database),
        scopes=Scopes(adapter.region),
    )
    checks = {
        "database": partial(writable, database),
        "keystone": adapter.keystone_ready,
        "credential": adapter.credential_ready,
        "mover": adapter.mover_ready,
        "worker": partial(any_alive, database),
    }
    with database.write() as conn:
        leases.enter(conn, "a worker", 86_400.0)
    dependencies = Dependencies(
        services=services,
        authenticator=Authenticator(adapter.identity),
        rights=Rights(ROUTES),
        clock=clock,
        pools=Pools(threads),
        deadline_seconds=deadline_seconds,
    )
    application = create_app(dependencies, Readiness(checks, clock, seconds=0))
    if one_click is not None:
        users = (cloud.account(name) for name in one_click)
        mount_console(
            application,
            dependencies,
            verdicts=Verdicts(dependencies.authenticator, dependencies.rights, clock),
            keystone=adapter.user_sign_in,
            sessions=BrowserSessions(database),
            seal=SessionSeal(open_master_key(database, folder / "keys")),
            accounts=tuple(Account(u["user_name"], u["password"], u["project_id"]) for u in users),
            proxies=proxies,
        )
    with serving(application) as url:
        yield ApiServer(url, folder, cloud, database, services, clock, checks, records, adapter)
    adapter.close()
    records.shut()
    database.dispose()
