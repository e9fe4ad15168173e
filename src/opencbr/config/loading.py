"""Reading the configuration: a TOML file, overridden by `OPENCBR_<SECTION>_<KEY>`.

An unknown key is refused with the nearest known one, so that a slip of the keyboard never silently means "the
default".
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from opencbr.config.settings import SECTIONS, Config

PLACES = (Path("opencbr.toml"), Path("/etc/opencbr/opencbr.toml"))
"""Where the file is looked for when neither --config nor OPENCBR_CONFIG names one."""

LAST_PORT = 65535
"""The highest TCP port."""


class ConfigError(Exception):
    """The configuration cannot be used; the message says what to change and where."""


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
        raise ConfigError(_place(error, values, str(path or "the environment"))) from error
    listen_address(config.api.listen)
    return _anchored(config, folder)


def listen_address(text: str) -> tuple[str, int]:
    """Split HOST:PORT (`[::1]:8780` for IPv6); port 0 means a free one. Raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise ConfigError(f"listen address {text!r} is not HOST:PORT; write for instance 127.0.0.1:8780")
    return host.removeprefix("[").removesuffix("]"), int(port)


def authority(host: str, port: int) -> str:
    """Write HOST:PORT as URLs have it, an IPv6 address in brackets (RFC 3986, 3.2); `listen_address` reads it back."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError as error:
            raise ConfigError(f"{name} must be a number, not {text!r}") from error
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


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


def _place(error: msgspec.ValidationError, values: dict[str, Any], source: str) -> str:
    """Turn msgspec's "Expected `int` >= 1 - at `$.api.threads`" into our words, with what was given."""
    what, _, place = str(error).partition(" - at `$.")
    section, _, key = place.rstrip("`").partition(".")
    if not key:  # what a section says does not go together
        return f"{source}: {section}: {what}"
    name = key.partition("[")[0]
    given = values[section][name]
    if get_origin(kind := _type(section, name)) is Literal:
        what = f"must be one of {', '.join(get_args(kind))}"
    return f"{source}: {section}.{key}: {what.replace('`', '')}, not {given!r}"


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
        webhook=replace(
            config.webhook,
            **{
                name: str(folder / Path(named).expanduser())
                for name in ("secret_file", "ca_file")
                if (named := getattr(config.webhook, name))
            },
        ),
    )
