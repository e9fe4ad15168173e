"""Every setting with its type, default and bounds, once. `docs/operate.md` explains them to operators."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from opencbr.cloud.config import CloudSettings
from opencbr.jobs.settings import YEAR, DrillSettings, ScheduleSettings, WebhookSettings, WorkerSettings

_Count = Annotated[int, Meta(ge=1)]
_Seconds = Annotated[float, Meta(ge=0, le=YEAR)]


class Api(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`listen` is HOST:PORT. `processes` serve in parallel, each with `threads` for each kind of work (`api/pools.py`).

    `deadline_seconds` is what a request has in all, its body and its upstream calls included. So many `proxies` stand in
    front, each of which adds the address it was asked from to `X-Forwarded-For`; failed sign-ins are counted by it.
    """

    listen: str = "127.0.0.1:8780"
    processes: _Count = 1
    threads: _Count = 8
    deadline_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 30.0
    proxies: Annotated[int, Meta(ge=0, le=16)] = 0
    endpoint: str = ""  # as clients see it, for the catalogue: https://backup.example.org


class Database(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url` is sqlite:///path or postgresql+psycopg://user:password@host/name; `pool_size` is per process."""

    url: str = "sqlite:///opencbr.db"
    pool_size: _Count = 8


class Keys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder` holds the master key and the signing key: keep it apart from the database's backups."""

    folder: str = "keys"


class Auth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long Keystone's word about a token or an access key is believed (seconds; 0: ask every time)."""

    token_cache_seconds: _Seconds = 60.0
    key_cache_seconds: _Seconds = 60.0


class Metadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The in-process cache of ShowMetadata answers; 0 seconds (the default) keeps nothing in memory."""

    cache_seconds: _Seconds = 0.0
    cache_megabytes: _Count = 64


class Restore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`plan_seconds`: so long a restore plan is kept, which holds secrets."""

    plan_seconds: Annotated[float, Meta(ge=1, le=YEAR)] = 3600.0


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file` is an oslo.policy file (policy.yaml) that overrides the built-in rules; empty: as shipped."""

    file: str = ""


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`format` is text (for people) or json (one object a line)."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator can say. Relative paths are relative to the configuration file's folder."""

    api: Api = field(default_factory=Api)
    cloud: CloudSettings = field(default_factory=CloudSettings)
    database: Database = field(default_factory=Database)
    keys: Keys = field(default_factory=Keys)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    auth: Auth = field(default_factory=Auth)
    metadata: Metadata = field(default_factory=Metadata)
    restore: Restore = field(default_factory=Restore)
    drill: DrillSettings = field(default_factory=DrillSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    policy: Policy = field(default_factory=Policy)
    log: Log = field(default_factory=Log)


SECTIONS: dict[str, type[Struct]] = {f.name: f.type for f in msgspec.structs.fields(Config)}
"""Name of a section -> its type."""
