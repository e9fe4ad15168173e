"""The one configuration of every process: a TOML file, overridden by `OPENCBR_<SECTION>_<KEY>`.

Every key is typed and has a default; an unknown key is refused with the nearest known one, so that a slip of
the keyboard never silently means "the default". `docs/operate.md` lists the keys for operators.
"""

import difflib
import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

PLACES = (Path("opencbr.toml"), Path("/etc/opencbr/opencbr.toml"))
"""Where the file is looked for when neither --config nor OPENCBR_CONFIG names one."""


class ConfigError(Exception):
    """The configuration cannot be used; the message says what to change and where."""


class Api(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`listen` is HOST:PORT. `processes` serve in parallel, each with `threads` (one request a thread)."""

    listen: str = "127.0.0.1:8780"
    processes: int = 1
    threads: int = 8
    endpoint: str = ""  # as clients see it, for the catalogue: https://backup.example.org


class Cloud(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service credential: an entry of `clouds.yaml`, and how patient to be with that cloud."""

    cloud: str = "opencbr"
    config_files: tuple[str, ...] = ()
    region: str = ""
    interface: str = "public"
    timeout_seconds: float = 60.0
    retries: int = 4
    connections: int = 8


class Database(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url` is sqlite:///path or postgresql+psycopg://user:password@host/name; `pool_size` is per process."""

    url: str = "sqlite:///opencbr.db"
    pool_size: int = 8


class Keys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder` holds the master key and the signing key: keep it apart from the database's backups."""

    folder: str = "keys"


class Worker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The worker's rhythm and limits; what each means stands in `opencbr.jobs.settings`."""

    lease_seconds: float = 30.0
    poll_seconds: float = 2.0
    outbox_seconds: float = 0.5
    slots: int = 32
    full_backup_interval: int = 10
    backup_timeout_seconds: float = 86400.0
    release_timeout_seconds: float = 1800.0
    patience_seconds: float = 600.0
    janitor_seconds: float = 600.0


class Auth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long Keystone's word about a token or an access key is believed (seconds; 0: ask every time)."""

    token_cache_seconds: float = 60.0
    key_cache_seconds: float = 60.0


class Metadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The in-process cache of ShowMetadata answers; 0 seconds (the default) keeps nothing in memory."""

    cache_seconds: float = 0.0
    cache_megabytes: int = 64


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file` is an oslo.policy file (policy.yaml) that overrides the built-in rules; empty: as shipped."""

    file: str = ""


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`level` is debug, info, warning or error; `format` is text (for people) or json (one object a line)."""

    level: str = "info"
    format: str = "text"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator can say. Relative paths are relative to the configuration file's folder."""

    api: Api = field(default_factory=Api)
    cloud: Cloud = field(default_factory=Cloud)
    database: Database = field(default_factory=Database)
    keys: Keys = field(default_factory=Keys)
    worker: Worker = field(default_factory=Worker)
    auth: Auth = field(default_factory=Auth)
    metadata: Metadata = field(default_factory=Metadata)
    policy: Policy = field(default_factory=Policy)
    log: Log = field(default_factory=Log)


SECTIONS: dict[str, type[Struct]] = {f.name: f.type for f in msgspec.structs.fields(Config)}

_AT_LEAST: dict[str, float] = {
    "api.processes": 1,
    "api.threads": 1,
    "cloud.timeout_seconds": 0.1,
    "cloud.retries": 0,
    "cloud.connections": 1,
    "database.pool_size": 1,
    "worker.lease_seconds": 1,
    "worker.poll_seconds": 0.01,
    "worker.outbox_seconds": 0.01,
    "worker.slots": 1,
    "worker.full_backup_interval": 1,
    "worker.backup_timeout_seconds": 1,
    "worker.release_timeout_seconds": 1,
    "worker.patience_seconds": 0,
    "worker.janitor_seconds": 1,
    "auth.token_cache_seconds": 0,
    "auth.key_cache_seconds": 0,
    "metadata.cache_seconds": 0,
    "metadata.cache_megabytes": 1,
}
_ONE_OF = {
    "log.level": ("debug", "info", "warning", "error"),
    "log.format": ("text", "json"),
    "cloud.interface": ("public", "internal", "admin"),
}


def load(named: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the file `named` (else OPENCBR_CONFIG, else the first of PLACES) and the overrides of `environ`.

    No file at all is fine when none was named: the defaults and the environment are a configuration too.
    Raises ConfigError.
    """
    path = named or (Path(environ["OPENCBR_CONFIG"]) if environ.get("OPENCBR_CONFIG") else None)
    if path is None:
        path = next((place for place in PLACES if place.exists()), None)
    folder, values = Path.cwd(), {}
    if path is not None:
        values = _read(path)
        folder = path.resolve().parent
    for (section, key), text in _overrides(environ).items():
        values.setdefault(section, {})[key] = _parse(
            text, _type(section, key), f"OPENCBR_{section}_{key}".upper()
        )
    _refuse_unknown(values, str(path or "the environment"))
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(_place(error, path)) from error
    _check(config, path)
    return _anchored(config, folder)


def listen_address(text: str) -> tuple[str, int]:
    """Split HOST:PORT (`[::1]:8780` for IPv6); port 0 means a free one. Raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 -- the last TCP port
        raise ConfigError(f"listen address {text!r} is not HOST:PORT; write for instance 127.0.0.1:8780")
    return host.removeprefix("[").removesuffix("]"), int(port)


def shown(config: Config) -> dict[str, dict[str, Any]]:
    """Give the configuration as plain data with every secret hidden, for `opencbr config show`."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    plain: dict[str, dict[str, Any]] = msgspec.to_builtins(config)
    try:
        url = make_url(config.database.url).render_as_string(hide_password=True)
    except ArgumentError:
        url = "(cannot be read)"
    plain["database"]["url"] = url
    return plain


def dumps(config: Config) -> str:
    """Write a configuration as the TOML that `load` reads back."""
    plain: dict[str, dict[str, Any]] = msgspec.to_builtins(config)
    lines: list[str] = []
    for section, keys in plain.items():
        lines.append(f"[{section}]")
        # JSON's strings, numbers, booleans and arrays are TOML's as well (DEL aside, which json leaves bare).
        lines += [
            f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
            for key, value in keys.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration file {path} is not UTF-8 text") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"configuration file {path} is not TOML: {error}") from error


def _overrides(environ: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Find OPENCBR_<SECTION>_<KEY>; other OPENCBR_ names belong to clients."""
    found = {}
    for name, text in environ.items():
        if not name.startswith("OPENCBR_"):
            continue
        section, _, key = name.removeprefix("OPENCBR_").lower().partition("_")
        if section in SECTIONS and key:
            known = _keys(section)
            if key not in known:
                near = _nearest(key, known, str)
                raise ConfigError(f"{name} overrides nothing: section [{section}] has no key {key!r}{near}")
            found[section, key] = text
        elif close := difflib.get_close_matches(section, SECTIONS, n=1, cutoff=0.8):
            meant = f"OPENCBR_{close[0]}_{key}".upper()
            raise ConfigError(f"{name} overrides nothing; did you mean {meant}?")
    return found


def _keys(section: str) -> tuple[str, ...]:
    return tuple(f.name for f in msgspec.structs.fields(SECTIONS[section]))


def _type(section: str, key: str) -> Any:
    return next(f.type for f in msgspec.structs.fields(SECTIONS[section]) if f.name == key)


def _parse(text: str, kind: Any, name: str) -> Any:
    """Turn the text of a variable into the key's type; lists are separated by commas."""
    if kind is str:
        return text
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError as error:
            raise ConfigError(f"{name} must be a number, not {text!r}") from error
    return [part.strip() for part in text.split(",") if part.strip()]


def _refuse_unknown(values: dict[str, Any], source: str) -> None:
    for section, keys in values.items():
        if section not in SECTIONS:
            raise ConfigError(
                f"{source}: unknown section [{section}]{_nearest(section, SECTIONS, '[{}]'.format)}"
            )
        if not isinstance(keys, dict):
            raise ConfigError(
                f"{source}: {section} must be a section; write [{section}] on a line of its own"
            )
        for key in keys:
            if key not in _keys(section):
                near = _nearest(key, _keys(section), str)
                raise ConfigError(f"{source}: section [{section}] has no key {key!r}{near}")


def _nearest(word: str, known: Iterable[str], show: Callable[[str], str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {show(close[0])}?" if close else f"; known: {', '.join(show(k) for k in known)}"


def _place(error: msgspec.ValidationError, path: Path | None) -> str:
    """Turn msgspec's "Expected `int`, got `str` - at `$.api.threads`" into our words."""
    what, _, place = str(error).partition(" - at `$.")
    return f"{path or 'the environment'}: {place.rstrip('`')}: {what.replace('`', '')}"


def _check(config: Config, path: Path | None) -> None:
    source = str(path or "the environment")
    for name, least in _AT_LEAST.items():
        if not least <= _value(config, name) < math.inf:  # NaN is neither
            raise ConfigError(f"{source}: {name} must be at least {least:g}, not {_value(config, name):g}")
    for name, allowed in _ONE_OF.items():
        if _value(config, name) not in allowed:
            given = _value(config, name)
            raise ConfigError(f"{source}: {name} must be one of {', '.join(allowed)}, not {given!r}")
    listen_address(config.api.listen)


def _value(config: Config, name: str) -> Any:
    section, _, key = name.partition(".")
    return getattr(getattr(config, section), key)


def _anchored(config: Config, folder: Path) -> Config:
    """Make relative paths start at the configuration file, so that a service may be started from anywhere."""
    url, marker = config.database.url, "sqlite:///"
    if url.startswith(marker) and not url.startswith(marker + "/") and url != marker:
        url = f"{marker}{folder / url.removeprefix(marker)}"
    replace = msgspec.structs.replace
    return replace(
        config,
        database=replace(config.database, url=url),
        keys=replace(config.keys, folder=str(folder / Path(config.keys.folder).expanduser())),
        cloud=replace(
            config.cloud,
            config_files=tuple(str(folder / Path(name).expanduser()) for name in config.cloud.config_files),
        ),
        policy=replace(config.policy, file=str(folder / config.policy.file) if config.policy.file else ""),
    )
