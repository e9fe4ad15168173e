"""Puts the parts together. The only module that names adapters; everything else is handed what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from opencbr.clock import SystemClock
from opencbr.cloud.check import Finding
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.errors import BadSettings
from opencbr.config import LAST_PORT, Config, ConfigError
from opencbr.store.database import Database
from opencbr.store.errors import StoreError

if TYPE_CHECKING:
    from opencbr.api.app import Application
    from opencbr.api.dispatch import Dependencies
    from opencbr.console.sign_in.keystone import Accounts
    from opencbr.jobs.context import CloudContext, JobContext
    from opencbr.jobs.engine.duty import Duty
    from opencbr.jobs.worker import Worker
    from opencbr.records.archive import Records
    from opencbr.service.services import Services

_SIGN_IN_SECONDS = 60.0
"""How long `/readyz` believes what it found out about the service's credential."""


@dataclass
class Wiring:
    """All parts of one process; each is made when it is first asked for."""

    config: Config

    @cached_property
    def clock(self) -> SystemClock:
        """The real clock."""
        return SystemClock()

    @cached_property
    def database(self) -> Database:
        """The database; nothing is sent to it yet."""
        return open_database(self.config)

    @cached_property
    def cloud(self) -> Cloud:
        """The cloud on the service credential; nothing is sent to it yet."""
        return open_cloud(self.config)

    @cached_property
    def records(self) -> "Records":
        """The records; the keys are made at the very first start. Raises KeyMissing, KeyWrong."""
        from opencbr.records.archive import open_records

        return open_records(self.database, Path(self.config.keys.folder), self.clock)

    def standing_records(self) -> "Records":
        """Give the records once schema and keys are found fit. Raises ConfigError."""
        refuse_unready(self.config)
        return self.records

    @cached_property
    def services(self) -> "Services":
        """The use cases."""
        from opencbr.model.way_back import WayBackRule
        from opencbr.service.backups import Backups
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

        database, cloud, settings = self.database, self.cloud, self.config.metadata
        metadata = Metadata(
            database,
            self.records,
            cache_seconds=settings.cache_seconds,
            cache_bytes=settings.cache_megabytes * 1024 * 1024,
        )
        return Services(
            vaults=Vaults(database=database, cloud=cloud),
            vault_tags=VaultTags(database),
            vault_resources=VaultResources(database),
            vault_expiry=VaultExpiry(database),
            storage_usage=StorageUsage(database),
            protectables=Protectables(database=database, cloud=cloud),
            checkpoints=Checkpoints(database=database, cloud=cloud),
            restores=Restores(database=database, cloud=cloud),
            ways_back=WaysBack(database, cloud),
            restore_plans=RestorePlans(
                database,
                cloud,
                self.records,
                lifetime_seconds=self.config.restore.plan_seconds,
                way_back=WayBackRule(
                    is_taken=self.config.worker.way_back_seconds > 0,
                    is_optional=self.config.worker.way_back_optional,
                ),
            ),
            drills=Drills(database),
            policies=Policies(database, self.config.schedule),
            policy_runs=PolicyRuns(database, self.config.schedule),
            freshness=Freshness(database),
            retention_previews=RetentionPreviews(database),
            backups=Backups(database, metadata.forget),
            metadata=metadata,
            operation_logs=OperationLogs(database),
            scopes=Scopes(cloud.region),
        )

    def application(self, accounts: "Accounts" = ()) -> Any:
        """Make the application that granian calls (RSGI); `accounts` are signed in to the console by one click."""
        from opencbr.api.app import create_app
        from opencbr.api.auth import Authenticator
        from opencbr.api.dispatch import Dependencies
        from opencbr.api.health import Readiness, remembered
        from opencbr.api.pools import Pools
        from opencbr.api.rights import Rights
        from opencbr.api.routes import ROUTES
        from opencbr.store.installation import writable
        from opencbr.store.leases import any_alive

        auth, policy = self.config.auth, self.config.policy.file
        checks: dict[str, Callable[[], bool | str]] = {
            "database": partial(writable, self.database),
            "keystone": self.cloud.keystone_ready,
            # A new token for each probe would burden Keystone, which may also lock out who is refused often.
            "credential": remembered(self.cloud.credential_ready, self.clock, _SIGN_IN_SECONDS),
            "mover": self.cloud.mover_ready,
            "worker": partial(any_alive, self.database),
        }
        dependencies = Dependencies(
            services=self.services,
            authenticator=Authenticator(
                self.cloud.identity,
                token_seconds=auth.token_cache_seconds,
                key_seconds=auth.key_cache_seconds,
            ),
            rights=Rights(ROUTES, policy_file=Path(policy) if policy else None),
            clock=self.clock,
            pools=Pools(self.config.api.threads),
            deadline_seconds=self.config.api.deadline_seconds,
            endpoint=self.config.api.endpoint,
        )
        application = create_app(dependencies, Readiness(checks, self.clock))
        self._mount_console(application, dependencies, accounts)
        return application

    def _mount_console(
        self, application: "Application", dependencies: "Dependencies", accounts: "Accounts"
    ) -> None:
        from opencbr.api.verdicts import Verdicts
        from opencbr.console.mount import mount_console
        from opencbr.keys.master_key import open_master_key
        from opencbr.keys.session_seal import SessionSeal
        from opencbr.service.browser_sessions import BrowserSessions

        mount_console(
            application,
            dependencies,
            verdicts=Verdicts(dependencies.authenticator, dependencies.rights, self.clock),
            keystone=self.cloud.user_sign_in,
            sessions=BrowserSessions(self.database),
            seal=SessionSeal(open_master_key(self.database, Path(self.config.keys.folder))),
            accounts=accounts,
            proxies=self.config.api.proxies,
        )

    def worker(self) -> "Worker":
        """Make the worker of this process."""
        from opencbr.jobs.engine.dbos import journal_url
        from opencbr.jobs.worker import Worker
        from opencbr.store.private_file import make_private

        # The engine would make its journal as the umask allows.
        make_private(journal_url(self.database.url))
        return Worker(
            database=self.database,
            cloud=self.cloud,
            records=self.records,
            clock=self.clock,
            settings=self.config.worker,
            drill=self.config.drill,
            duties=self.duties(),
        )

    def duties(self) -> "list[Callable[[JobContext], Duty]]":
        """Say what a worker does again and again beside its jobs. Raises ConfigError."""
        from opencbr.jobs.duties import janitor_duty
        from opencbr.service.expiry import expiry_duty
        from opencbr.service.late_cancellations import late_cancellation_duty
        from opencbr.service.plan_expiry import plan_expiry_duty
        from opencbr.service.retention import retention_duty

        return [
            janitor_duty,
            _bind_rules_duty,
            self._scheduler_duty,
            lambda ctx: expiry_duty(ctx.database, ctx.clock, ctx.settings.expiry_seconds),
            lambda ctx: retention_duty(ctx.database, ctx.clock, ctx.settings.expiry_seconds),
            lambda ctx: plan_expiry_duty(ctx.database, ctx.clock, ctx.settings.expiry_seconds),
            lambda ctx: late_cancellation_duty(ctx.database, ctx.cloud, ctx.clock, ctx.settings),
            *self._webhook(),
        ]

    def _webhook(self) -> "list[Callable[[JobContext], Duty]]":
        """Tell the operator's URL what went wrong, where one is set. Raises ConfigError when it cannot be used."""
        settings = self.config.webhook
        if not settings.url:
            return []
        from opencbr.jobs.webhook.delivery import webhook_duty

        finding = _webhook(self.config)
        if not finding.ok:
            raise ConfigError(finding.message)
        return [lambda ctx: webhook_duty(ctx.database, ctx.clock, settings, ctx.guard)]

    def _scheduler_duty(self, ctx: "JobContext") -> "Duty":
        """Fire policies and start their runs: a duty that calls use cases, so it is made here."""
        from opencbr.jobs.engine.duty import Duty
        from opencbr.service.scheduler import Scheduler

        settings = self.config.schedule
        kept_days = self.config.worker.operation_log_days
        scheduler = Scheduler(self.database, self.cloud, self.clock, settings, kept_days=kept_days)

        def run() -> bool:
            ctx.guard()
            return scheduler.round()

        return Duty(name="scheduler", interval_seconds=settings.look_seconds, run=run, leader_only=True)


def _bind_rules_duty(ctx: "JobContext") -> "Duty":
    """Bind what the bind rules of vaults take, at the start and every `bind_seconds`, on one worker."""
    from opencbr.jobs.engine.duty import Duty
    from opencbr.service.bind_rules import BindRules

    rules = BindRules(ctx.database, ctx.cloud, ctx.clock, ctx.guard)
    return Duty(
        name="bind-rules",
        interval_seconds=ctx.settings.bind_seconds,
        run=rules.bind_all,
        leader_only=True,
    )


def build(config: Config) -> Wiring:
    """Put the parts of one process together."""
    return Wiring(config)


def open_database(config: Config) -> Database:
    """Open the database named in the configuration; nothing is sent yet. Raises ConfigError."""
    from sqlalchemy import make_url

    from opencbr.observe.redact import remember

    try:
        database = Database(config.database.url, pool_size=config.database.pool_size)
    except StoreError as error:
        raise ConfigError(f"database.url: {error}") from error
    url = make_url(database.url)
    if url.port is not None and not 0 < url.port <= LAST_PORT:
        raise ConfigError(f"database.url: {url.port} is no port: name one between 1 and {LAST_PORT}")
    for secret in (url.password, url.query.get("password")):
        if secret:
            remember(str(secret))
    if database.dialect == "sqlite" and url.database and not Path(url.database).parent.is_dir():
        raise ConfigError(
            f"database.url: the folder {Path(url.database).parent} does not exist; make it first"
        )
    return database


def copy_database(config: Config, target_url: str, tell: Callable[[str, int, int], None]) -> dict[str, int]:
    """Copy the configured database into the empty one at `target_url`. Raises ConfigError and StoreError."""
    from opencbr.jobs.engine.dbos import journal_stands
    from opencbr.store.copying import CannotCopy, copy_database

    settings = msgspec.structs.replace(config.database, url=target_url)
    source, target = open_database(config), open_database(msgspec.structs.replace(config, database=settings))
    try:
        if journal_stands(target.url):
            raise CannotCopy(
                "the target has a journal of jobs, which knows nothing of what is copied: remove it"
            )
        return copy_database(source, target, tell)
    finally:
        source.dispose()
        target.dispose()


def open_cloud(config: Config, *, name: str = "") -> Cloud:
    """Open the cloud named in the configuration, or `name`; nothing is sent yet. Raises ConfigError."""
    settings = msgspec.structs.replace(config.cloud, cloud=name or config.cloud.cloud)
    try:
        return Cloud(settings, SystemClock())
    except BadSettings as error:
        raise ConfigError(str(error)) from error


def cloud_context(config: Config) -> "CloudContext":
    """Give the janitor what it works with: it holds no lease, and touches only what no job has."""
    from opencbr.jobs.context import CloudContext

    return CloudContext(
        database=open_database(config),
        cloud=open_cloud(config),
        clock=SystemClock(),
        settings=config.worker,
        guard=lambda: None,
    )


def refuse_unready(config: Config) -> None:
    """Raise ConfigError when `serve` or `worker` could not work here: schema, keys, policy, cloud entry.

    Whether the cloud answers is no reason not to start: it may come up later.
    """
    for finding in _here(config):
        if not finding.ok:
            raise ConfigError(finding.message)
    open_cloud(config).close()


def refuse_damaged_journal(config: Config) -> None:
    """Raise DatabaseDamaged when the jobs' journal cannot be read; none is there before the first worker starts."""
    from sqlalchemy import make_url

    from opencbr.jobs.engine.dbos import journal_url
    from opencbr.store.damage import refuse_damaged

    url = journal_url(config.database.url)
    path = make_url(url).database
    if url.startswith("sqlite") and path and Path(path).exists():
        refuse_damaged(url)


def check(config: Config, project_id: str = "") -> list[Finding]:
    """Look at everything a start needs, here and in the cloud, for one tenant's project or any; changes nothing."""
    here = _here(config)
    if here[0].ok:
        here += _journal(config)
    if config.webhook.url:
        here.append(_webhook(config))
    try:
        cloud = open_cloud(config)
    except ConfigError as error:
        return [*here, Finding("keystone", "unusable", str(error))]
    try:
        return [*here, *cloud.check(config.api.endpoint, project_id)]
    finally:
        cloud.close()


def _here(config: Config) -> list[Finding]:
    database = _database(config)
    return [database, _keys(config, usable=database.ok), *_policy(config)]


def _policy(config: Config) -> list[Finding]:
    if not config.policy.file:
        return []
    from opencbr.api.rights import rules

    try:
        rules(Path(config.policy.file))
    except ValueError as error:
        return [Finding("policy", "unusable", str(error))]
    return [Finding("policy", "ok", config.policy.file)]


def _webhook(config: Config) -> Finding:
    """Look at the secret and the certificates of the webhook; nothing is sent."""
    from opencbr.jobs.webhook.post import Post
    from opencbr.jobs.webhook.signing import SecretTrouble, read_secrets

    try:
        read_secrets(Path(config.webhook.secret_file))
        Post(config.webhook)
    except SecretTrouble as error:
        return Finding("webhook", "unusable", f"webhook.secret_file: {error}")
    except OSError as error:
        return Finding(
            "webhook", "unusable", f"webhook.ca_file: it cannot be used: {error.strerror or error}"
        )
    return Finding("webhook", "ok", f"tells of {', '.join(config.webhook.told)}")


def _journal(config: Config) -> list[Finding]:
    from opencbr.store.damage import DatabaseDamaged

    try:
        refuse_damaged_journal(config)
    except DatabaseDamaged as error:
        return [Finding("journal", "unusable", str(error))]
    return []


def _database(config: Config) -> Finding:
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from opencbr.store.damage import DatabaseDamaged
    from opencbr.store.errors import NewerSchema

    try:
        database = open_database(config)
    except ConfigError as error:
        return Finding("database", "unusable", str(error))
    try:
        # Looking into an SQLite file that is not there would make it.
        path = make_url(database.url).database if database.dialect == "sqlite" else None
        if (path and not Path(path).exists()) or not database.schema_is_current():
            message = "the database is not up to date: run `opencbr db upgrade`"
            return Finding("database", "missing", message)
    except NewerSchema as error:
        return Finding("database", "missing", str(error))
    except DatabaseDamaged as error:
        return Finding("database", "unusable", str(error))
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return Finding("database", "missing", f"the database does not answer: {cause}; check database.url")
    finally:
        database.dispose()
    return Finding("database", "ok", f"{database.dialect}, up to date")


def _keys(config: Config, *, usable: bool) -> Finding:
    """Look at the keys; `usable` says that the database can be asked which ones they should be."""
    from opencbr.keys.check import check_keys
    from opencbr.keys.rotation import unneeded_master_keys

    folder = Path(config.keys.folder)
    database = open_database(config) if usable else None
    problem = check_keys(database, folder)
    retired = (
        [] if problem or database is None or not folder.exists() else unneeded_master_keys(database, folder)
    )
    if database is not None:
        database.dispose()
    if retired:
        message = (
            f"the retired master key {' and '.join(map(str, retired))} still stands in the key folder, and whoever can write "
            "to the database could make it the current one again: move it to the older backups of the database, which need it"
        )
        return Finding("keys", "warning", message)
    if problem is None and not folder.exists():
        return Finding("keys", "ok", f"the first start will make them in {folder}")
    return Finding("keys", "missing" if problem else "ok", problem or f"in {folder}")
