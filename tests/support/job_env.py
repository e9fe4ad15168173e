"""A place to run jobs in: an embedded cloud, a database, the keys, and operations written as the service writes them."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from sqlalchemy import Connection, select

from opencbr.clock import SystemClock
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud.cloud import DemoCloud
from opencbr.jobs.settings import WorkerSettings
from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.drill import Drill
from opencbr.model.extend_info import root_image_of
from opencbr.model.ids import new_id
from opencbr.model.operation_log import TERMINAL, OperationLog
from opencbr.model.restore_plan.choices import DROP, KEEP, NEW, RUN, Choices
from opencbr.model.vault import PROVIDER_ID, SERVER, VOLUME, Resource, Vault
from opencbr.records.archive import open_records
from opencbr.service import new_operations
from opencbr.service.context import Actor, Context
from opencbr.service.drills import Drills
from opencbr.service.restore_plans import RestorePlans, ShownPlan
from opencbr.service.restores import Restores, RestoreSpec
from opencbr.service.ways_back import WaysBack
from opencbr.store import (
    backups,
    checkpoints,
    disk_backups,
    ledger,
    operation_logs,
    resources,
    tables,
    vaults,
)
from opencbr.store.database import Database
from support.databases import Databases

T = TypeVar("T")

MADE = (
    *("server", "volume", "attachment", "port", "network", "subnet", "security-group", "trunk", "floatingip"),
    *("keypair", "router", "server-group", "image"),
)
"""Kinds of things that a restore as a new server makes, by the embedded cloud's words."""

SET_STATUS = "volume_extension:volume_admin_actions:reset_status"

QUICK = WorkerSettings(
    lease_seconds=2.0,
    poll_seconds=0.05,
    outbox_seconds=0.1,
    looks_per_second=10.0,
    slots=8,
    backup_timeout_seconds=30.0,
    release_timeout_seconds=10.0,
    patience_seconds=1.0,
)
"""Fast enough for tests in which a worker dies and another takes over."""

PATIENT = msgspec.structs.replace(QUICK, release_timeout_seconds=60.0)
"""The same, and a removal is not given up on a busy machine: what is proved is the order of things."""

STEADY = msgspec.structs.replace(PATIENT, lease_seconds=60.0)
"""For workers that nobody kills: a busy machine is not to declare them dead."""


def eventually(look: Callable[[], T | None], what: str, seconds: float = 180.0) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.03)


class JobEnv:
    """All of it. `demo` is the embedded cloud; servers are named as its seed names them."""

    def __init__(self, url: str, folder: Path, demo: DemoCloud) -> None:
        self.url = url
        self.folder = folder
        self.demo = demo
        self.clouds_file = folder / "clouds.yaml"
        self.clouds_file.write_text(yaml.safe_dump(demo.clouds_yaml()))
        self.clock = SystemClock()
        self.database = Database(url)
        self.cloud = open_cloud(self.clouds_file)
        self.records = open_records(self.database, folder / "keys", self.clock)
        self.project_id: str = demo.account("demo")["project_id"]

    @contextmanager
    def without_volume_status(self) -> Iterator[None]:
        """The cloud lets nobody set the status of volumes, and the service knows that."""
        told, self.cloud = self.cloud, open_cloud(self.clouds_file, sets_volume_status=False)
        self.demo.backend.forbidden.add(SET_STATUS)
        try:
            yield
        finally:
            self.demo.backend.forbidden.discard(SET_STATUS)
            self.cloud.close()
            self.cloud = told

    def clear(self) -> None:
        """Forget all operations, backups and faults, here and in the cloud."""
        self.demo.faults.clear()
        self.demo.calls.clear()
        self.demo.settle()
        state = self.demo.backend.state
        with state.change():
            for kind in ("backup", "snapshot"):
                for doc in list(state.all(kind)):
                    state.drop(kind, doc["id"])
            for doc in self.images():
                state.drop("image", doc["id"])
            tiny = state.find("image", name="tiny")
            for server in list(state.all("server")):  # a restore has rebuilt it from one of those
                if server["image_id"] and tiny and state.get("image", server["image_id"]) is None:
                    state.put("server", server | {"image_id": tiny["id"]})
        kept = {tables.settings, tables.worker, tables.leader, tables.project_key}
        with self.database.write() as conn:
            conn.execute(tables.backup.delete().where(tables.backup.c.parent_id.is_not(None)))
            for table in reversed(tables.metadata.sorted_tables):
                if table not in kept:
                    conn.execute(table.delete())

    def close(self) -> None:
        self.cloud.close()
        self.database.dispose()

    # what is in the cloud

    def server_id(self, name: str) -> str:
        return self._upstream("server", name)

    def volume_id(self, name: str) -> str:
        return self._upstream("volume", name)

    def _upstream(self, kind: str, name: str) -> str:
        state = self.demo.backend.state
        with state.change():
            doc = state.find(kind, name=name)
        assert doc is not None
        return str(doc["id"])

    def upstream(self, kind: str) -> list[dict[str, Any]]:
        """All of the cloud's snapshots or backups."""
        with self.demo.backend.state.change():
            return list(self.demo.backend.state.all(kind))

    def images(self) -> list[dict[str, Any]]:
        """The images that backups have made of root disks."""
        return [one for one in self.upstream("image") if "opencbr" in one["properties"]]

    def posts(self, path: str) -> list[str]:
        """The calls that made something, as far as the cloud carried them out."""
        return [row.path for row in self.demo.calls.find("volume", "POST", path) if 200 <= row.status < 300]

    # what the service would write

    def bind(
        self,
        name: str,
        kind: str = "server",
        *,
        exclude: tuple[str, ...] = (),
        beside: Resource | None = None,
    ) -> Resource:
        """Bind a server or disk to a vault of its own, or to the one that another is in."""
        now = self.clock.now()
        vault = Vault(
            id=new_id(now),
            project_id=self.project_id,
            user_id="u",
            name=f"vault of {name}",
            object_type=kind,  # type: ignore[arg-type]
            size_gb=100,
            created_at=now,
            updated_at=now,
        )
        bound = Resource(
            vault_id=beside.vault_id if beside else vault.id,
            project_id=self.project_id,
            id=self.server_id(name) if kind == "server" else self.volume_id(name),
            type=SERVER if kind == "server" else VOLUME,
            name=name,
            size_gb=5,
            exclude_volumes=exclude,
            created_at=now,
        )
        with self.database.write() as conn:
            if beside is None:
                vaults.insert(conn, vault)
            resources.bind(conn, bound)
        return bound

    def request_backups(self, *names: str, kind: str = "server") -> list[OperationLog]:
        """Ask for one checkpoint of several servers or disks, in one vault."""
        first = self.bind(names[0], kind)
        logs = [self.request_backup(first)]
        for name in names[1:]:
            bound = self.bind(name, kind, beside=first)
            logs.append(self.request_backup(bound, checkpoint_id=logs[0].checkpoint_id))
        return logs

    def request_backup(
        self, bound: Resource, *, incremental: bool = True, checkpoint_id: str | None = None
    ) -> OperationLog:
        """Ask for a backup, in a checkpoint of its own unless one is named."""
        now = self.clock.now()
        checkpoint = Checkpoint(
            id=checkpoint_id or new_id(now),
            project_id=self.project_id,
            vault_id=bound.vault_id,
            user_id="u",
            name="manual",
            incremental=incremental,
            created_at=now,
        )
        backup = Backup(
            id=new_id(now),
            project_id=self.project_id,
            checkpoint_id=checkpoint.id,
            vault_id=bound.vault_id,
            provider_id=PROVIDER_ID["server" if bound.type == SERVER else "disk"],
            name="manualbk_0001",
            resource_id=bound.id,
            resource_name=bound.name,
            resource_type=bound.type,
            incremental=incremental,
            created_at=now,
            updated_at=now,
        )
        with self.database.write() as conn:
            assert resources.set_status(
                conn, self.project_id, bound.id, "protecting", only_from={"available"}
            )
            if checkpoint_id is None:
                checkpoints.insert(conn, checkpoint)
            backups.insert(conn, backup)
            vault = self._vault(conn, bound.vault_id)
            return new_operations.request_backup(conn, self.context(), vault, backup)

    def request_deletion(self, backup_id: str) -> OperationLog:
        backup = self.backup(backup_id)
        assert backup is not None
        with self.database.write() as conn:
            assert backups.move_family(
                conn, self.project_id, backup_id, "waiting_delete", updated_at=self.clock.now()
            )
            return new_operations.request_deletion(conn, self.context(), backup, "a vault")

    def request_restore(
        self, backup_id: str, volumes: Sequence[str] = (), *, server: str | None = None, power_on: bool = True
    ) -> OperationLog:
        """Restore a backup to where it came from, or only these of its volumes, through the use case."""
        with self.database.read() as conn:
            disks = disk_backups.of_backup(conn, self.project_id, backup_id)
        spec = RestoreSpec(
            backup_id=backup_id,
            mappings=[(disk.id, disk.resource_id) for disk in disks if disk.resource_id in volumes],
            server_id=server,
            power_on=power_on,
        )
        return Restores(self.database, self.cloud).create(self.context(), spec)

    def ways_back(self) -> WaysBack:
        return WaysBack(self.database, self.cloud)

    def request_undo(self, restore: OperationLog) -> OperationLog:
        """Undo a restore in place, through the use case."""
        return self.ways_back().undo(self.context(), restore.id)

    def plans(self) -> RestorePlans:
        return RestorePlans(self.database, self.cloud, self.records)

    def plan_new_server(self, backup_id: str, **choices: Any) -> ShownPlan:
        """Plan a restore as a new server: ports on the networks that they were on, unless `choices` say another thing."""
        plans, ctx = self.plans(), self.context()
        first = plans.create(ctx, backup_id, Choices())
        ports = tuple(replace(port, network=KEEP) for port in first.mapping.ports)
        chosen = replace(first.mapping, ports=ports, user_data=RUN)
        return plans.create(ctx, backup_id, replace(chosen, **choices))

    def request_new_server(self, backup_id: str, **choices: Any) -> OperationLog:
        """Restore a backup as a new server, by a plan that is ready."""
        plan = self.plan_new_server(backup_id, **choices)
        assert plan.status == "ready", (plan.problems, plan.choices)
        return self.plans().apply(self.context(), plan.id)

    def request_checkpoint(self, checkpoint_id: str, **choices: Any) -> OperationLog:
        """Restore a checkpoint as new servers and volumes, by a plan that is ready."""
        plan = self.plans().create_of_checkpoint(self.context(), checkpoint_id, Choices(**choices))
        assert plan.status == "ready", (plan.problems, plan.choices)
        return self.plans().apply(self.context(), plan.id)

    def request_new_volume(self, backup_id: str, **choices: Any) -> OperationLog:
        """Restore one disk of a backup as a new volume, by a plan that is ready."""
        plan = self.plans().create(self.context(), backup_id, Choices(**choices), kind="new_volume")
        assert plan.status == "ready", (plan.problems, plan.choices)
        return self.plans().apply(self.context(), plan.id)

    def elsewhere(self, account: str = "other") -> Choices:
        """A mapping into the project of another account, and nothing else."""
        return Choices(project_id=str(self.demo.account(account)["project_id"]))

    def request_elsewhere(self, backup_id: str, account: str = "other", **choices: Any) -> OperationLog:
        """Restore a backup as a new server in the project of another account, where its networks and groups are made again."""
        plans, ctx = self.plans(), self.context()
        first = plans.create(ctx, backup_id, self.elsewhere(account))
        asked = [choice.member.partition(".") for choice in first.choices]
        chosen = replace(
            first.mapping,
            ports=tuple(replace(port, network=NEW) for port in first.mapping.ports),
            security_groups=dict(first.mapping.security_groups)
            | {key: NEW for member, _, key in asked if member == "security_groups"},
            floating_ips={key: DROP for member, _, key in asked if member == "floating_ips"},
            server_group=DROP,
            user_data=RUN,
        )
        plan = plans.create(ctx, backup_id, replace(chosen, **choices))
        assert plan.status == "ready", (plan.problems, plan.choices)
        return plans.apply(ctx, plan.id)

    def request_drill(self, backup_id: str) -> OperationLog:
        """Try a backup, through the use case."""
        drill = Drills(self.database).create(self.context(), backup_id=backup_id)
        with self.database.read() as conn:
            log = operation_logs.get(conn, self.project_id, drill.id)
        assert log is not None
        return log

    def drill(self, operation: OperationLog) -> Drill:
        return Drills(self.database).show(self.context(), operation.id)

    def things(self) -> dict[str, set[str]]:
        """What the cloud holds of the kinds that a restore as a new server makes."""
        state = self.demo.backend.state
        with state.change():
            return {kind: {one["id"] for one in state.all(kind)} for kind in MADE}

    @contextmanager
    def cloud_kept(self) -> Iterator[None]:
        """Let a test take things out of the cloud; they are back afterwards, without what was made meanwhile."""
        state, kinds = self.demo.backend.state, (*MADE, "security-group-rule", "port-forwarding")
        with state.change():
            docs = [(kind, dict(doc)) for kind in kinds for doc in state.all(kind)]
        try:
            yield
        finally:
            with state.change():
                for kind in kinds:
                    for doc in list(state.all(kind)):
                        state.drop(kind, doc["id"])
                for kind, doc in docs:
                    state.put(kind, doc)

    @contextmanager
    def failing(self, work: str) -> Iterator[None]:
        """Let such work of the cloud fail for a while, as often as it is asked for, with the reason `as requested`."""
        self.demo.fail(work, times=0, reason="as requested")
        try:
            yield
        finally:
            self.demo.backend.failures.clear()

    @contextmanager
    def losing(self, name: str) -> Iterator[None]:
        """Take a server out of the cloud for a while, with its disks and ports."""
        with self.cloud_kept():
            self.lose_server(name)
            yield

    def lose_server(self, name: str) -> None:
        """Take a server out of the cloud with its disks, attachments and ports, as somebody who deletes all of it."""
        state, server = self.demo.backend.state, self.server_id(name)
        with state.change():
            for row in list(state.all("attachment", server_id=server)):
                state.drop("volume", row["volume_id"])
                state.drop("attachment", row["id"])
            ports = {port["id"] for port in state.all("port", device_id=server)}
            for row in list(state.all("floatingip")):
                if row["port_id"] in ports:
                    state.put(
                        "floatingip", row | {"port_id": None, "fixed_ip_address": None, "router_id": None}
                    )
            for port in ports:
                state.drop("port", port)
            for group in list(state.all("server-group")):
                members = [one for one in group["members"] if one != server]
                state.put("server-group", group | {"members": members})
            state.drop("server", server)

    def request_removal(self, bound: Resource) -> OperationLog:
        with self.database.write() as conn:
            assert resources.set_status(conn, self.project_id, bound.id, "removing", only_from={"available"})
            vault = self._vault(conn, bound.vault_id)
            return new_operations.request_removal(conn, self.context(), vault, bound)

    def request_vault_deletion(self, bound: Resource) -> OperationLog:
        with self.database.write() as conn:
            vaults.update(
                conn, self.project_id, bound.vault_id, status="deleting", updated_at=self.clock.now()
            )
            vault = self._vault(conn, bound.vault_id)
            return new_operations.request_vault_deletion(conn, self.context(), vault)

    def _vault(self, conn: Connection, vault_id: str) -> Vault:
        vault = vaults.get(conn, self.project_id, vault_id)
        assert vault is not None
        return vault

    def context(self) -> Context:
        """Whoever asks may do everything, in all projects."""

        def can(_: str) -> bool:
            return True

        return Context(Actor("u"), self.project_id, "req-test", self.clock.now(), can, lambda _: can)

    def cancel(self, operation: OperationLog) -> None:
        with self.database.write() as conn:
            assert operation_logs.request_cancel(conn, self.project_id, operation.id, now=datetime.now(UTC))

    # what came of it

    def log(self, operation: OperationLog) -> OperationLog:
        with self.database.read() as conn:
            found = operation_logs.get(conn, self.project_id, operation.id)
        assert found is not None
        return found

    def ended(self, operation: OperationLog, seconds: float = 180.0) -> OperationLog:
        def look() -> OperationLog | None:
            log = self.log(operation)
            return log if log.status in TERMINAL else None

        return eventually(
            look, f"the end of {operation.operation_type}; it is {self.log(operation)}", seconds
        )

    def succeeded(self, operation: OperationLog) -> OperationLog:
        log = self.ended(operation)
        assert log.status == "success", (log.error_code, log.error_message)
        return log

    def backup(self, backup_id: str | None, *, held: bool = False) -> Backup | None:
        assert backup_id is not None
        with self.database.read() as conn:
            return backups.get(conn, self.project_id, backup_id, held=held)

    def disks(self, backup_id: str | None, *, held: bool = False) -> list[DiskBackup]:
        """The disks of a server's backup."""
        assert backup_id is not None
        with self.database.read() as conn:
            disks = disk_backups.of_backup(conn, self.project_id, backup_id)
        return [disk for disk in disks if disk.parent_id and (held or disk.held_at is None)]

    def resource_of(self, id_: str) -> Resource:
        with self.database.read() as conn:
            found = resources.get(conn, self.project_id, id_)
        assert found is not None
        return found

    def resource(self, bound: Resource) -> Resource | None:
        with self.database.read() as conn:
            return resources.get(conn, self.project_id, bound.id)

    def ledger(self) -> list[ledger.Entry]:
        with self.database.read() as conn:
            return ledger.all(conn)

    def assert_nothing_left(self, *, backups_left: int = 0) -> None:
        """Nothing in the cloud and nothing in the ledger but the backups that are meant to be, and the images of theirs."""
        assert self.upstream("snapshot") == []
        assert len(self.upstream("backup")) == backups_left
        with self.database.read() as conn:
            rows = [Backup(**row) for row in conn.execute(select(tables.backup)).mappings()]
        # A deletion that failed half way leaves a row in `error` that names the image which is gone.
        whole = [row for row in rows if row.held_at is None and row.status != "error"]
        images = sorted(image.id for row in whole if (image := root_image_of(row)))
        assert sorted(one["id"] for one in self.images()) == images
        kinds = ["backup"] * backups_left + ["image"] * len(images)
        assert sorted(e.kind for e in self.ledger()) == kinds, self.ledger()

    def assert_failed_cleanly(self, operation: OperationLog, message: str) -> OperationLog:
        """The job ended in an error that says why, and left no trace upstream."""
        log = self.ended(operation)
        assert log.status == "failed", log
        assert re.search(message, log.error_message), log.error_message
        assert log.error_code in ("9910", "9998", "8300", "7203", "7100", "7000", "7108"), log.error_code
        backup = self.backup(operation.backup_id)
        assert backup is not None
        assert backup.status == "error"
        assert self.disks(operation.backup_id) == []
        self.assert_nothing_left()
        return log


@contextmanager
def empty_env(kind: str, folder: Path, demo: DemoCloud, databases: Databases) -> Iterator[JobEnv]:
    """A job environment on a database of its own, without a worker."""
    with databases.fresh(kind, folder) as url:
        env = JobEnv(url, folder, demo)
        yield env
        env.close()


def open_cloud(
    clouds_file: Path,
    *,
    timeout_seconds: float = 10.0,
    retries: int = 2,
    sets_volume_status: bool | None = None,
) -> Cloud:
    """The service's credential of an embedded cloud."""
    settings = CloudSettings(
        cloud="opencbr",
        config_files=(str(clouds_file),),
        timeout_seconds=timeout_seconds,
        retries=retries,
        connections=8,
        sets_volume_status=sets_volume_status,
    )
    return Cloud(settings, SystemClock())
